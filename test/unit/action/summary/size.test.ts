import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { renderSummary } from '../../../../src/action/summary/summary.ts';
import type { Report, TargetReport } from '../../../../src/deploy/report/report.ts';
import {
  change,
  deployed,
  filter,
  found,
  planned,
  ref,
  report,
  rollback,
  rolledBack,
  running,
  stuck,
  unchanged,
} from '../report-builder.ts';
import { found as checkedOf } from '../scenarios-check.ts';
import { skeletonOf, visibleText } from './page.ts';

/** Above this the runner uploads no summary at all. */
const RUNNER_LIMIT = 1_048_576;

function many(n: number, build: (path: string, index: number) => TargetReport): TargetReport[] {
  return Array.from({ length: n }, (_, index) =>
    build(`team-${index % 40}/service-with-a-longer-name-${index}`, index),
  );
}

function names(n: number): string[] {
  return Array.from({ length: n }, (_, index) => `team-${index % 40}/service-with-a-longer-name-${index}`);
}

/** Fails when a page is cut inside a part that folds, a block of code or a character. */
function expectWhole(page: string): void {
  const flat = skeletonOf(page).flat(Number.POSITIVE_INFINITY);
  const tags = (tag: string): number => flat.filter((part) => part === tag).length;
  for (const name of ['details', 'summary', 'code']) expect(tags(`<${name}>`)).toBe(tags(`</${name}>`));
  expect((page.match(/^`{3,}/gm) ?? []).length % 2).toBe(0);
  expect(page.isWellFormed()).toBe(true);
  expect(page).not.toContain('\u{fffd}');
}

const EVIDENCE = Array.from({ length: 30 }, (_, line) => `${line} ${'|`<'.repeat(1_000)}`);
const PROBLEM = { kind: 'rollout', message: 'ü'.repeat(20_000), remedy: '😀'.repeat(20_000) } as const;

const REPORTS: Readonly<Record<string, () => Report>> = {
  '5,000 deployed': () => report({ targets: many(5_000, (path) => deployed(path)) }),
  '5,000 unchanged and 3 failed': () =>
    report({ targets: [...many(5_000, (path) => unchanged(path)), ...['a', 'b', 'c'].map((n) => stuck(`shop/${n}`))] }),
  '5,000 failed, each for its own reason': () =>
    report({
      targets: many(5_000, (path, index) =>
        stuck(path, {
          problem: { ...PROBLEM, message: `${index} ${PROBLEM.message}` },
          diagnosis: EVIDENCE,
        }),
      ),
    }),
  '5,000 failed for one reason': () =>
    report({ targets: many(5_000, (path) => stuck(path, { diagnosis: ['Envoy: no', 'pod x: not ready'] })) }),
  '5,000 problems, filters and warnings': () => {
    const name = '|'.repeat(10_000);
    return report({
      filters: Array.from({ length: 5_000 }, () => filter({ name, digest: name })),
      problems: Array.from({ length: 5_000 }, (_, index) => ({
        ...PROBLEM,
        kind: 'input',
        subject: `${index} ${name}`,
      })),
      warnings: Array.from({ length: 5_000 }, (_, index) => ({ topic: 'Topic', text: `${index} ${name}` })),
      clusters: [{ state: 'connected', name, context: name, version: name }],
    });
  },
  '5,000 rolled back, with drift and objects left': () =>
    report({
      targets: many(5_000, (path, index) =>
        rolledBack(path, {
          drift: [`${index} ${'ü'.repeat(2_000)}`],
          rollback: rollback(index % 9 === 0 ? 'failed' : 'rolled-back'),
        }),
      ),
      collected: {
        deleted: names(5_000),
        left: names(5_000).map((object) => ({ object, why: `${object} ${'|'.repeat(2_000)}` })),
      },
    }),
  '5,000 planned, each with its own difference': () =>
    report({
      command: 'plan',
      plan: planned({
        missingPermissions: names(2_000).map((name) => ({
          verb: 'create',
          group: '',
          resource: name,
          namespace: name,
        })),
        restarts: names(5_000).map((name) => ({ ref: ref(name), pods: 3, wave: 1 })),
        changes: names(5_000).map((name) =>
          change(`change Deployment ${name}`, {
            diff: Array.from({ length: 30 }, (_, line) => `+${line} ${name} ${'`|<'.repeat(100)}`),
            reasons: [`${name} ${'ü'.repeat(2_000)}`],
            admission: { state: 'not-asked', why: `${name} ${'ü'.repeat(2_000)}` },
          }),
        ),
      }),
    }),
  '5,000 planned with one difference': () =>
    report({
      command: 'plan',
      plan: planned({ changes: names(5_000).map((name) => change(`change Deployment ${name}`)) }),
    }),
  'the status of 5,000': () =>
    report({
      command: 'status',
      status: {
        state: 'read',
        namespaces: names(5_000),
        garbage: names(5_000),
        workloads: names(5_000).map((name, index) =>
          found(name, [
            running({
              health: index % 2 === 0 ? 'no-effect' : 'verified',
              notes: [{ form: 'clause', text: `${index} ${'ü'.repeat(2_000)}` }],
            }),
          ]),
        ),
      },
    }),
  '5,000 files': () =>
    report({
      command: 'render',
      rendered: {
        state: 'written',
        folder: '|'.repeat(5_000),
        revisions: [],
        removed: [],
        files: names(5_000).map((path) => ({ path, bytes: 9, content: path })),
      },
    }),
  '2,000 checked filters': () =>
    report({
      command: 'check',
      checked: checkedOf(
        Object.fromEntries(names(2_000).map((name, index) => [name, index % 2 === 0 ? { trial: () => 'failed' } : {}])),
      ),
    }),
};

describe.each(Object.entries(REPORTS))('%s', (_, build) => {
  // Some 100 MB each: a process that kept them would look through them for garbage as long as it runs.
  let big: Report | undefined;
  const render = (options?: { readonly maxBytes: number }): string => {
    big ??= build();
    return renderSummary(big, options);
  };
  afterAll(() => {
    big = undefined;
  });

  test.each([1_000_000, 30_000, 2_000, 300, 0])('fit into %i bytes', (maxBytes) => {
    const page = render({ maxBytes });
    expect(Buffer.byteLength(page)).toBeLessThanOrEqual(maxBytes);
    expectWhole(page);
    if (maxBytes >= 2_000) expect(page).toMatch(/^## \S+ .+\n\n.+\n/);
  });

  test('fit without being told', () => {
    expect(Buffer.byteLength(render())).toBeLessThan(RUNNER_LIMIT);
  });
});

test('any page fits into any size, and is whole', () => {
  fc.assert(
    fc.property(fc.nat(60), fc.nat(60), fc.nat(40_000), (failed, good, maxBytes) => {
      const targets = [
        ...many(failed, (path) => stuck(path, { diagnosis: ['Envoy: no'] })),
        ...many(good, (path) => deployed(path)),
      ];
      const page = renderSummary(report({ targets }), { maxBytes });
      expect(Buffer.byteLength(page)).toBeLessThanOrEqual(maxBytes);
      expectWhole(page);
    }),
    { numRuns: 100 },
  );
});

describe('what is left out first', () => {
  const targets = [
    ...many(300, (path) => unchanged(path)),
    ...many(100, (path) => stuck(path, { diagnosis: ['Envoy: no', 'pod x: not ready'] })),
  ];
  const full = renderSummary(report({ targets }));
  const shortened = (bytes: number): string => visibleText(renderSummary(report({ targets }), { maxBytes: bytes }));
  const rows = (page: string): number => page.match(/Deployment [\w-]+\/\s?service\S* [❌✅]/gu)?.length ?? 0;

  test('the page says that it is shortened, and only then', () => {
    expect(visibleText(full)).not.toContain('Shortened to the size');
    expect(shortened(Buffer.byteLength(full) - 1)).toContain('Shortened to the size');
  });

  test('evidence goes before any row does', () => {
    const page = shortened(Buffer.byteLength(full) - 4_000);
    expect(page).toMatch(/… and \d+ more lines left out/);
    expect(rows(page)).toBe(400);
  });

  test('then rows of workloads that are well, which are counted', () => {
    const page = shortened(Buffer.byteLength(full) - 30_000);
    expect(page).toMatch(/… and \d+ more: ➖ \d+ unchanged\./);
    expect(page.match(/❌ \d\/\d new pods ready/g)).toHaveLength(100);
  });

  test('then rows of failed ones', () => {
    const page = shortened(12_000);
    expect(page).toMatch(/… and \d+ more: ❌ \d+ failed\./);
    expect(page).toContain('… and 300 more: ➖ 300 unchanged.');
    expect(page).toContain('What to do:');
  });
});
