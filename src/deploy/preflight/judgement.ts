import type { ProxyVersion } from '../../filter/compatibility/proxy-version.ts';
import type { FilterCheck } from '../filter-checks.ts';
import type { CheckResult } from '../report/check-report.ts';

/** What one check says of one filter, for some of the proxies. */
export interface Judgement {
  readonly filter: string;
  readonly check: FilterCheck;
  readonly proxies: readonly ProxyVersion[];
  readonly result: CheckResult;
}
