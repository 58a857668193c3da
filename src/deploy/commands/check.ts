import { distinctBy } from '../../base/lists.ts';
import { type Problem, problemKey } from '../../base/problem.ts';
import { listWords } from '../../base/text.ts';
import { distinctWarnings, onlySubject, type Warning } from '../../base/warning.ts';
import { NEWEST_KNOWN_ENVOY, OLDEST_KNOWN_ENVOY } from '../../filter/compatibility/host-functions.ts';
import { isKnownProxy, KNOWN_PROXIES } from '../../filter/compatibility/known-proxies.ts';
import { describeProxies, formatProxyVersion, type ProxyVersion } from '../../filter/compatibility/proxy-version.ts';
import { settingAt } from '../../filter/written.ts';
import type { FilterCheck } from '../filter-checks.ts';
import { requestedRevisions } from '../preflight/filter-check.ts';
import { checkTogether } from '../preflight/filters-together.ts';
import type { Judgement } from '../preflight/judgement.ts';
import { type CheckedRevisions, checkRevisions, type TrialContext } from '../preflight/revision-checks.ts';
import { type CheckedFilter, type CheckedTest, type CheckResult, worstOf } from '../report/check-report.ts';
import type { OutcomeOf } from '../report/conclude.ts';
import { STOPPED } from '../report/report.ts';
import { type CheckRequest, type FilterToCheck, type RequestOrProblems, requestProblems } from '../request.ts';
import type { TestedFilter } from '../test-report.ts';

/**
 * Checks filters and their settings as `deploy` does before its first write, for proxies that are stated instead of found. What
 * cannot be checked because the inputs are faulty is left out; the rest is checked all the same. Needs no cluster.
 */
export async function check(
  requested: RequestOrProblems<CheckRequest>,
  context: TrialContext,
): Promise<OutcomeOf<'check'>> {
  const { filters, proxies: stated } = requested.request;
  const proxies = stated.length === 0 ? KNOWN_PROXIES : stated;
  const asked = filters.filter((filter) => filter.check);
  const known = asked.filter(({ unknown }) => !unknown.has('module'));
  const whole = known.filter(({ unknown }) => !unknown.has('settings'));
  const half = known.filter(({ unknown }) => unknown.has('settings'));
  // A trial with other settings than those that are meant would say nothing.
  const { trial: _trial, tests: _tests, ...withoutTrial } = context;
  const checked = await context.log.group('Check the filters', async () => [
    ...(await checkFilters(whole, proxies, context, filters)),
    ...(await checkFilters(half, proxies, withoutTrial, filters)),
  ]);
  const together = checkTogether(filters);
  const problems = [
    ...requestProblems(requested),
    ...together.problems,
    ...checked.flatMap((one) => one.problems),
    ...nothingToCheck(filters, asked),
  ];
  const judgements = [
    ...checked.flatMap((one) => one.judgements),
    ...[...together.refused].map((filter): Judgement => ({ filter, check: 'settings', proxies, result: 'failed' })),
  ];
  return {
    command: 'check',
    problems: distinctBy(problems, problemKey),
    warnings: distinctWarnings([
      ...together.warnings,
      ...checked.flatMap((one) => one.warnings),
      ...unknownWarning(proxies),
    ]),
    checked:
      filters.length === 0
        ? STOPPED
        : {
            state: 'checked',
            stated: stated.length > 0,
            proxies: proxies.map((proxy) => ({
              ...proxy,
              name: formatProxyVersion(proxy),
              known: isKnownProxy(proxy),
            })),
            filters: filters.map((filter) => checkedFilter(filter, judgements, proxies, context.tests?.tested ?? [])),
          },
  };
}

/** What is found of filters, if there are any, among `all` of the request. */
async function checkFilters(
  filters: readonly FilterToCheck[],
  proxies: readonly ProxyVersion[],
  context: TrialContext,
  all: readonly FilterToCheck[],
): Promise<CheckedRevisions[]> {
  return filters.length === 0 ? [] : [await checkRevisions(requestedRevisions(filters), proxies, context, all)];
}

/** A check that looks at nothing is no success. */
function nothingToCheck(filters: readonly FilterToCheck[], asked: readonly FilterToCheck[]): Problem[] {
  const [first] = filters;
  if (first === undefined || asked.length > 0) return [];
  const message = 'is off for every filter, so there is nothing to check.';
  const remedy = 'Set "check: auto" for those that are to be checked.';
  return [{ kind: 'input', ...settingAt('check', first), message, remedy }];
}

/** That nothing is refused because of proxies of which too little is known. */
function unknownWarning(proxies: readonly ProxyVersion[]): Warning[] {
  const unknown = describeProxies(proxies.filter((proxy) => !isKnownProxy(proxy)));
  if (unknown.length === 0) return [];
  const text = `${listWords(unknown, 'and')} ${unknown.length === 1 ? 'is' : 'are'} outside of the tables of this version (Envoy 1.${OLDEST_KNOWN_ENVOY} to 1.${NEWEST_KNOWN_ENVOY}): for them, only what fails in the trial run is rejected.`;
  return [{ topic: 'Unknown proxy version', ...onlySubject(unknown), text }];
}

function checkedFilter(
  { name, check: isAsked, failed, ...filter }: FilterToCheck,
  judgements: readonly Judgement[],
  proxies: readonly ProxyVersion[],
  tested: readonly TestedFilter[],
): CheckedFilter {
  const byCheck = Map.groupBy(
    judgements.filter((judgement) => judgement.filter === name),
    (judgement) => judgement.check,
  );
  const resultsOf = (one: FilterCheck): CheckResult[] =>
    proxies.map((proxy) => {
      const about = (byCheck.get(one) ?? []).filter((judgement) => judgement.proxies.includes(proxy));
      return worstOf([...(failed.includes(one) ? (['failed'] as const) : []), ...about.map(({ result }) => result)]);
    });
  return {
    name,
    state: isAsked ? 'checked' : 'skipped',
    settings: requestedRevisions([{ name, check: isAsked, ...filter }]).length,
    results: {
      inputs: proxies.map(() => (failed.includes('inputs') ? 'failed' : isAsked ? 'passed' : 'undecided')),
      module: resultsOf('module'),
      'host-functions': resultsOf('host-functions'),
      settings: resultsOf('settings'),
      trial: resultsOf('trial'),
      // Without tests there is nothing to say.
      tests: filter.tests === undefined ? [] : resultsOf('tests'),
    },
    tests: (filter.tests ?? []).map(({ test }) => checkedTest(name, test.name, proxies, tested)),
  };
}

function checkedTest(
  filter: string,
  name: string,
  proxies: readonly ProxyVersion[],
  tested: readonly TestedFilter[],
): CheckedTest {
  const runs = tested.find((one) => one.filter === filter)?.runs ?? [];
  const results = proxies.map((proxy) => {
    const run = runs.find((one) => one.proxies.includes(formatProxyVersion(proxy)));
    return run?.tests.find((one) => one.name === name)?.state ?? 'not-run';
  });
  return { name, results };
}
