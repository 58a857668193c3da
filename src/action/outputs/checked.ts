import type { FilterCheck } from '../../deploy/filter-checks.ts';
import {
  type CheckedFilter,
  type CheckResult,
  checksOf,
  type FoundByCheck,
  isRefused,
  resultsByProxy,
} from '../../deploy/report/check-report.ts';
import { fitEntries } from './json.ts';

/** One filter in the output `checked`. */
interface CheckedOutput {
  readonly result: 'passed' | 'failed' | 'skipped';
  /** The checks that failed. */
  readonly failed: readonly FilterCheck[];
  /** By version, as the input `proxies` would name it. */
  readonly proxies?: Readonly<Record<string, CheckResult>>;
}

/**
 * What `check` has found as a JSON object of at most `max` UTF-16 units, by the names of the filters, so that an expression finds
 * one: `fromJSON(steps.x.outputs.checked)['add-header'].result`. Where it would grow too long each loses `proxies`; at last filters
 * are left out, failed ones last.
 */
export function checkedJson(found: FoundByCheck, max: number): string {
  const failedFirst = [...found.filters.filter(isRefused), ...found.filters.filter((filter) => !isRefused(filter))];
  const entries = failedFirst.map((filter): [string, CheckedOutput] => [filter.name, checkedOutput(filter, found)]);
  return fitEntries(entries, max, [({ proxies, ...rest }) => rest]);
}

function checkedOutput(filter: CheckedFilter, { proxies }: FoundByCheck): CheckedOutput {
  const results = resultsByProxy(filter, proxies);
  return {
    result: filter.state === 'skipped' ? 'skipped' : isRefused(filter) ? 'failed' : 'passed',
    failed: checksOf(filter).filter((check) => filter.results[check].includes('failed')),
    proxies: Object.fromEntries(proxies.map(({ name }, index) => [name, results[index] ?? 'undecided'])),
  };
}
