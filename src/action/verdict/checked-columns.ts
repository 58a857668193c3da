import { sameJson } from '../../base/json.ts';
import { someOf } from '../../base/text.ts';
import { FILTER_CHECKS, type FilterCheck } from '../../deploy/filter-checks.ts';
import {
  type CheckedFilter,
  type CheckedProxy,
  type CheckResult,
  type FoundByCheck,
  resultsByProxy,
} from '../../deploy/report/check-report.ts';
import { envoyVersion, type ProxyVersion, versionRuns } from '../../filter/compatibility/proxy-version.ts';

/** Versions that follow upon each other and for which all checks of all filters say the same. */
export interface Column {
  readonly proxies: readonly CheckedProxy[];
  /** The place of their results. */
  readonly index: number;
}

/** What the checks are called. */
export const CHECK_WORDS: Readonly<Record<FilterCheck, string>> = {
  inputs: 'inputs',
  module: 'module',
  'host-functions': 'host functions',
  settings: 'settings',
  trial: 'trial run',
  tests: 'tests',
};

/** Returns the columns of a table of checks: one for all versions where nothing differs. */
export function columnsOf({ proxies, filters }: FoundByCheck): Column[] {
  const said = (index: number): unknown => [
    proxies[index]?.known,
    filters.map(({ results, tests }) => [
      FILTER_CHECKS.map((check) => results[check][index]),
      tests.map((test) => test.results[index]),
    ]),
  ];
  const columns: { proxies: CheckedProxy[]; index: number }[] = [];
  for (const [index, proxy] of proxies.entries()) {
    const last = columns.at(-1);
    if (last !== undefined && sameJson(said(last.index), said(index))) last.proxies.push(proxy);
    else columns.push({ proxies: [proxy], index });
  }
  return columns;
}

/** More versions and runs of them nobody reads in one place. */
const MAX_SPANS = 4;

/** Versions in few words: `Istio 1.9 – 1.24`, `Istio 1.24, 1.31`, `Istio 1.28, Envoy 1.36.2`. */
export function versionWords(proxies: readonly ProxyVersion[]): string {
  let before = '';
  const words = versionRuns(proxies).flatMap((run) => {
    const [first, last] = [run[0], run.at(-1)];
    if (first === undefined || last === undefined) return [];
    const project = first.istio === undefined ? 'Envoy' : 'Istio';
    const span = first === last ? releaseOf(first) : `${releaseOf(first)} – ${releaseOf(last)}`;
    const word = project === before ? span : `${project} ${span}`;
    before = project;
    return [word];
  });
  return someOf(words, MAX_SPANS);
}

/** The same of their Envoys. */
export function envoyWords(proxies: readonly ProxyVersion[]): string {
  return versionWords(proxies.map(({ envoy }) => ({ envoy })));
}

function releaseOf(proxy: ProxyVersion): string {
  return proxy.istio ?? envoyVersion(proxy);
}

/** Returns the versions for which a filter, or one check of it, has one of these results. */
export function proxiesWith(
  { proxies }: FoundByCheck,
  filter: CheckedFilter,
  result: CheckResult,
  check?: FilterCheck,
): CheckedProxy[] {
  const results = check === undefined ? resultsByProxy(filter, proxies) : filter.results[check];
  return proxies.filter((_, index) => results[index] === result);
}
