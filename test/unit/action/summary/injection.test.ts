import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { renderSummary } from '../../../../src/action/summary/summary.ts';
import { plain } from '../../../../src/action/verdict/text.ts';
import type { Report } from '../../../../src/deploy/report/report.ts';
import { hostile } from '../hostile.ts';
import {
  change,
  deployed,
  filter,
  NEW,
  OLD,
  planned,
  removed,
  report,
  rollback,
  running,
  stuck,
} from '../report-builder.ts';
import { found as checkedOf } from '../scenarios-check.ts';
import { skeletonOf, textNodesOf, visibleText } from './page.ts';

/** What GitHub would make a link or a picture of. */
const REFERENCE = /@\w|#\d|\bGH-\d|:[\w+-]+:|:\/\/|www\.|\b[0-9a-f]{7,40}\b/i;

/** One assertion a page: of one a text, most of the time would go into making assertions. */
const referencesIn = (page: string): string[] => textNodesOf(page).filter((node) => REFERENCE.test(node));

/** How many texts `reportOf` wants. */
const FIELDS = 25;

/** A report with outside text in each place that has any. */
function reportOf(texts: readonly string[]): Report {
  const at = (index: number): string => texts[index] ?? '';
  const base = filter();
  return report({
    filters: [
      filter({
        name: at(0),
        digest: at(1),
        original: { digest: at(1), bytes: 2_000_000, how: at(10) },
        settings: { ...base.settings, rootId: at(2), vmId: at(3), mountPath: at(4), configuration: at(5) },
        provenance: { repository: at(20), workflow: at(21), ref: at(22), commit: at(23), run: at(24) },
      }),
    ],
    targets: [
      stuck('shop/reviews', {
        ref: { kind: 'Deployment', namespace: at(6), name: at(7) },
        revisions: [
          { filter: at(0), revision: at(8), before: at(9) },
          { filter: at(10), revision: at(11) },
        ],
        problem: { kind: 'rollout', subject: at(12), message: at(13), remedy: `Remedy ${at(14)}` },
        diagnosis: [at(15), at(16)],
      }),
      deployed('shop/ratings', { revisions: [{ filter: 'other', revision: NEW, before: OLD }] }),
    ],
    problems: [{ kind: 'conflict', message: at(17) }],
    warnings: [{ topic: 'Topic', text: at(18) }],
    clusters: [{ state: 'connected', name: at(19), context: at(19), version: at(19) }],
  });
}

/** A report of each command with outside text in each place that a deployment does not have. */
const OTHERS: Readonly<Record<string, (at: (index: number) => string) => Report>> = {
  'deploy, rolled back': (at) =>
    report({
      targets: [
        stuck('shop/reviews', {
          rollback: rollback('failed', {
            to: { [at(0)]: at(1) },
            problem: { kind: 'rollback', message: at(2), remedy: `Remedy ${at(3)}` },
          }),
          drift: [`drift ${at(4)}`],
        }),
        deployed('shop/ratings', { verification: { level: 'ready', pods: 1, wanted: 1, weakness: at(5) } }),
        stuck('shop/details', { rollback: rollback('rolled-back', { to: { 'add-header': `x${at(6)}` } }) }),
      ],
      collected: { deleted: [at(7)], left: [{ object: at(8), why: `why ${at(9)}` }] },
    }),
  'deploy, proved by less': (at) =>
    report({
      targets: [deployed('shop/a', { verification: { level: 'stats', pods: 1, wanted: 1, weakness: `why ${at(0)}` } })],
    }),
  remove: (at) =>
    report({
      command: 'remove',
      targets: [removed('shop/a', { revisions: [{ filter: `x${at(0)}`, before: at(1) }] })],
      collected: { deleted: [at(2)], left: [{ object: at(3), why: `why ${at(4)}` }] },
    }),
  plan: (at) =>
    report({
      command: 'plan',
      plan: planned({
        missingPermissions: [{ verb: at(0), group: at(0), resource: at(0), namespace: at(0) }],
        restarts: [{ ref: { kind: 'Deployment', namespace: at(1), name: at(2) }, pods: 1, wave: 1 }],
        changes: [
          change('create ConfigMap a/a', {
            kind: `K${at(3)}`,
            namespace: at(4),
            name: at(5),
            reasons: [`reason ${at(6)}`],
            diff: [`+${at(7)}`, ` ${at(8)}`],
            admission: { state: 'accepted', warnings: [`warning ${at(9)}`] },
          }),
          change('delete ConfigMap a/b', {
            diff: [],
            reasons: [`reason ${at(10)}`],
            admission: { state: 'not-asked', why: `why ${at(11)}` },
          }),
        ],
      }),
    }),
  status: (at) =>
    report({
      command: 'status',
      status: {
        state: 'read',
        namespaces: [at(0)],
        garbage: [at(1)],
        workloads: [
          {
            ref: { kind: 'Deployment', namespace: at(2), name: at(3) },
            pods: { ready: 1, wanted: 1 },
            filters: [
              running({
                filter: `f${at(4)}`,
                revision: at(5),
                digest: at(6),
                run: `r${at(7)}`,
                expires: `e${at(8)}`,
                notes: [{ form: 'clause', text: `note ${at(9)}` }],
              }),
              running({ filter: 'other', run: 'local' }),
            ],
          },
        ],
      },
    }),
  render: (at) =>
    report({
      command: 'render',
      rendered: {
        state: 'written',
        folder: `f${at(0)}`,
        revisions: [],
        removed: [],
        files: [{ path: at(1), bytes: 1, content: `c${at(2)}` }],
      },
    }),
  check: (at) =>
    report({
      command: 'check',
      filters: [filter({ name: at(0) })],
      problems: [{ kind: 'filter', subject: at(1), message: at(2), remedy: at(3) }],
      checked: checkedOf({ [at(0)]: { trial: () => 'failed' }, [at(4)]: {} }),
    }),
  'check, with tests': (at) => {
    const place = { subject: at(0), at: { file: at(1), line: 1, column: 1 } };
    const said = { log: [at(2)], trace: [`call ${at(3)}`], place };
    return report({
      command: 'check',
      junitFile: `f${at(4)}`,
      problems: [{ kind: 'test', subject: at(0), message: at(5) }],
      tests: [
        {
          filter: `f${at(6)}`,
          runs: [
            {
              proxies: [],
              durationMs: 1,
              tests: [
                {
                  ...said,
                  name: `a${at(7)}`,
                  state: 'failed',
                  differences: [{ where: `w${at(8)}`, expected: `e${at(9)}`, got: `g${at(10)}` }],
                },
                { ...said, name: `b${at(7)}`, state: 'stopped', why: `why ${at(11)}` },
                { ...said, name: `c${at(7)}`, state: 'inconclusive', why: [`why ${at(11)}`] },
              ],
            },
          ],
        },
      ],
      checked: checkedOf({ [at(0)]: {} }),
    });
  },
};

const texts = fc.array(hostile, { minLength: FIELDS, maxLength: FIELDS });

test('no text can change what the page is made of', () => {
  fc.assert(
    fc.property(texts, (values) => {
      // The same report with harmless words: equal texts stay equal, different ones different.
      const words = [...new Set(values)];
      const harmless = values.map((value) => (plain(value) === '' ? value : `word${words.indexOf(value)}`));
      expect(skeletonOf(renderSummary(reportOf(values)))).toEqual(skeletonOf(renderSummary(reportOf(harmless))));
    }),
    { numRuns: 300 },
  );
});

test('nothing on the page is a link, a mention or a reference', () => {
  fc.assert(
    fc.property(texts, (values) => {
      expect(referencesIn(renderSummary(reportOf(values)))).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('every text can be read on the page', () => {
  fc.assert(
    fc.property(texts, (values) => {
      const seen = visibleText(renderSummary(reportOf(values)));
      for (const index of [6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 18, 19]) {
        expect(seen).toContain(plain(values[index] ?? '', 60).replace(/…$/, ''));
      }
    }),
    { numRuns: 300 },
  );
});

describe.each(Object.entries(OTHERS))('%s', (_, build) => {
  const of = (values: readonly string[]): string => renderSummary(build((index) => values[index] ?? ''));

  test('no text can change what the page is made of', () => {
    fc.assert(
      fc.property(texts, (values) => {
        const words = [...new Set(values)];
        const harmless = values.map((value) => (plain(value) === '' ? value : `word${words.indexOf(value)}`));
        expect(skeletonOf(of(values))).toEqual(skeletonOf(of(harmless)));
      }),
      { numRuns: 200 },
    );
  });

  test('nothing on the page is a link, a mention or a reference', () => {
    fc.assert(
      fc.property(texts, (values) => {
        expect(referencesIn(of(values))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
