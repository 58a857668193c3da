import type { ProxyVersion } from '../../filter/compatibility/proxy-version.ts';
import { FILTER_CHECKS, type FilterCheck } from '../filter-checks.ts';
import type { TestOutcome } from '../test-report.ts';

/**
 * What a check says: that proxies take the filter; that they refuse it, so that `deploy` would, too; that they take it, and something
 * went wrong that is a warning only; or nothing, because it was not made, or nobody can know.
 */
export const CHECK_RESULTS = ['passed', 'failed', 'warned', 'undecided'] as const;
export type CheckResult = (typeof CHECK_RESULTS)[number];

/** A version of proxies that filters were checked for. */
export interface CheckedProxy extends ProxyVersion {
  /** As the input `proxies` would have it. */
  readonly name: string;
  /** Whether the tables of the check cover it. */
  readonly known: boolean;
}

/** What the checks of one filter have come to. */
export interface CheckedFilter {
  readonly name: string;
  /** `skipped`: with `check: off` nothing is looked at. */
  readonly state: 'checked' | 'skipped';
  /** How many different settings it has: targets may have some of their own. */
  readonly settings: number;
  /** By check, one for each of the proxies; none of `tests` where the filter has none. */
  readonly results: Readonly<Record<FilterCheck, readonly CheckResult[]>>;
  /** In the order in which they are written. */
  readonly tests: readonly CheckedTest[];
}

/** What one test has come to. */
export interface CheckedTest {
  readonly name: string;
  /** One for each of the proxies; `not-run` where the filter has failed a check before. */
  readonly results: readonly CheckedTestState[];
}

export type CheckedTestState = TestOutcome['state'] | 'not-run';

/** Returns what is checked of a filter: its tests where it has some. */
export function checksOf({ tests }: Pick<CheckedFilter, 'tests'>): readonly FilterCheck[] {
  return tests.length > 0 ? FILTER_CHECKS : FILTER_CHECKS.filter((check) => check !== 'tests');
}

/** What `check` has found. */
export interface FoundByCheck {
  readonly state: 'checked';
  /** Whether the input `proxies` names the versions; those of the tables otherwise. */
  readonly stated: boolean;
  /** Oldest first. */
  readonly proxies: readonly CheckedProxy[];
  readonly filters: readonly CheckedFilter[];
}

/** Returns what all checks of a filter together say, for each of the proxies. */
export function resultsByProxy({ results, tests }: CheckedFilter, { length }: readonly CheckedProxy[]): CheckResult[] {
  return Array.from({ length }, (_, index) =>
    worstOf(checksOf({ tests }).map((check) => results[check][index] ?? 'undecided')),
  );
}

/** From what a reader needs to know most. */
const URGENCY: readonly CheckResult[] = ['failed', 'warned', 'undecided', 'passed'];

/** Returns the result that weighs most; `undecided` where there is none. */
export function worstOf(results: readonly CheckResult[]): CheckResult {
  return URGENCY.find((result) => results.includes(result)) ?? 'undecided';
}

/** Whether `deploy` would refuse a filter. */
export function isRefused(filter: CheckedFilter): boolean {
  return FILTER_CHECKS.some((check) => filter.results[check].includes('failed'));
}
