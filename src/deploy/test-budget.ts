import type { TestDifference, TestResult } from '../filter/tests/filter-test.ts';

/** Characters that the results of one run of tests may have together; thousands of them could fill memory and disk. */
const MAX_CHARACTERS = 4_000_000;
const LEFT_OUT = '(lines are left out: the tests have too many of them together)';

/**
 * Returns the results of tests with no more than `most` characters of what their filter logged and called and of what was expected and got.
 * Where they have more, each has the same share of it: of lines the last ones, of differences the first ones, one at least.
 */
export function withinBudget(results: readonly TestResult[], most = MAX_CHARACTERS): readonly TestResult[] {
  if (sum(results, sizeOf) <= most) return results;
  const share = most / results.length;
  return results.map((result) => (sizeOf(result) <= share ? result : shortened(result, share)));
}

function shortened(result: TestResult, share: number): TestResult {
  const { log, trace } = result;
  // Of what passed there is nothing to look into.
  if (result.state === 'passed') return { ...result, log: [LEFT_OUT], trace: [] };
  const lines = { log: lastOf(log, share / 4), trace: lastOf(trace, share / 4) };
  if (result.state !== 'failed') return { ...result, ...lines };
  return { ...result, ...lines, differences: firstOf(result.differences, share / 2) };
}

function lastOf(lines: readonly string[], most: number): readonly string[] {
  const kept = fitting(lines.toReversed(), lengthOf, most).toReversed();
  return kept.length === lines.length ? lines : [LEFT_OUT, ...kept];
}

function firstOf(differences: readonly TestDifference[], most: number): readonly TestDifference[] {
  const kept = fitting(differences, differenceSize, most);
  return kept.length === 0 ? differences.slice(0, 1) : kept;
}

/** The first of a list that together are no larger than `most`. */
function fitting<T>(list: readonly T[], sizeOf: (one: T) => number, most: number): readonly T[] {
  let left = most;
  const end = list.findIndex((one) => {
    left -= sizeOf(one);
    return left < 0;
  });
  return end === -1 ? list : list.slice(0, end);
}

function sizeOf(result: TestResult): number {
  const differences = result.state === 'failed' ? sum(result.differences, differenceSize) : 0;
  return sum(result.log, lengthOf) + sum(result.trace, lengthOf) + differences;
}

function differenceSize({ where, expected, got = '' }: TestDifference): number {
  return where.length + expected.length + got.length;
}

function lengthOf(text: string): number {
  return text.length;
}

function sum<T>(list: readonly T[], sizeOf: (one: T) => number): number {
  return list.reduce((total, one) => total + sizeOf(one), 0);
}
