import type { TestResult } from '../filter/tests/filter-test.ts';
import type { SettingPlace } from '../filter/written.ts';

/** What the tests of one filter have come to. */
export interface TestedFilter {
  readonly filter: string;
  /** One for each kind of Envoy that would run the filter otherwise, in the order in which they ended. */
  readonly runs: readonly TestRun[];
}

/** All tests of a filter, run as one kind of Envoy would. */
export interface TestRun {
  /** The versions that it is true of, as the input `proxies` has them; empty where none is known. */
  readonly proxies: readonly string[];
  readonly durationMs: number;
  /** In the order in which they are written. */
  readonly tests: readonly TestOutcome[];
}

/** What one test has come to, and where it is written. */
export type TestOutcome = TestResult & { readonly place: SettingPlace };

/** Whether a test lets a filter pass: what is not known does not. */
export function isPassed({ state }: Pick<TestOutcome, 'state'>): boolean {
  return state === 'passed';
}

/** How often something is true of the tests of a filter. */
export interface TestCounts {
  readonly tests: number;
  readonly passed: number;
  /** With some version at least; those that stopped the filter among them. */
  readonly failed: number;
  /** With none it has failed, and with some nobody can say. */
  readonly inconclusive: number;
}

/** Counts the tests of a filter, each once, by the worst that it has come to. */
export function countTests({ runs }: TestedFilter): TestCounts {
  const names = new Set(runs.flatMap(({ tests }) => tests.map(({ name }) => name)));
  const all = runs.flatMap(({ tests }) => tests);
  const namesOf = (...states: readonly TestOutcome['state'][]): Set<string> =>
    new Set(all.filter(({ state }) => states.includes(state)).map(({ name }) => name));
  const failed = namesOf('failed', 'stopped');
  const inconclusive = namesOf('inconclusive').difference(failed);
  return {
    tests: names.size,
    passed: names.size - failed.size - inconclusive.size,
    failed: failed.size,
    inconclusive: inconclusive.size,
  };
}

/** `3 of 12 tests failed`, `1 of 12 tests is inconclusive`: what is wrong with the tests of a filter; `undefined` for nothing. */
export function failedTestsWords(tested: TestedFilter): string | undefined {
  const { tests, failed, inconclusive } = countTests(tested);
  const of = (n: number): string => `${n} of ${tests} ${tests === 1 ? 'test' : 'tests'}`;
  if (failed > 0) return `${of(failed)} failed`;
  return inconclusive === 0 ? undefined : `${of(inconclusive)} ${inconclusive === 1 ? 'is' : 'are'} inconclusive`;
}
