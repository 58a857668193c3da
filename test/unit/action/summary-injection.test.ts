import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { plain } from '../../../src/action/markdown.ts';
import { renderSummary } from '../../../src/action/summary.ts';
import type { Report } from '../../../src/deploy/report.ts';
import { hostile } from './hostile.ts';
import { skeletonOf, textNodesOf, visibleText } from './page.ts';
import { deployed, filter, NEW, OLD, report, stuck } from './report-builder.ts';

/** How many texts `reportOf` wants. */
const FIELDS = 20;

/** A report with outside text in each place that has any. */
function reportOf(texts: readonly string[]): Report {
  const at = (index: number): string => texts[index] ?? '';
  const base = filter();
  return report({
    filters: [
      filter({
        name: at(0),
        digest: at(1),
        settings: { ...base.settings, rootId: at(2), vmId: at(3), mountPath: at(4), configuration: at(5) },
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
        evidence: [at(15), at(16)],
      }),
      deployed('shop/ratings', { revisions: [{ filter: 'other', revision: NEW, before: OLD }] }),
    ],
    problems: [{ kind: 'conflict', message: at(17) }],
    warnings: [at(18)],
    cluster: { context: at(19), version: at(19) },
  });
}

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
      for (const node of textNodesOf(renderSummary(reportOf(values)))) {
        expect(node).not.toMatch(/@\w|#\d|\bGH-\d|:[\w+-]+:|:\/\/|www\.|\b[0-9a-f]{7,40}\b/i);
      }
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
