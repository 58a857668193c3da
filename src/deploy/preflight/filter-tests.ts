import { aboutOneOf, describePosition, type Problem } from '../../base/problem.ts';
import { count, listWords, MAX_LISTED, nameSome, quoted, sentence, someOf, truncate } from '../../base/text.ts';
import { describeProxies, type ProxyVersion } from '../../filter/compatibility/proxy-version.ts';
import { trialGroups } from '../../filter/host/envoy-kinds.ts';
import type { DeployContext } from '../context.ts';
import type { FilterRequest } from '../request.ts';
import { failedTestsWords, isPassed, type TestOutcome } from '../test-report.ts';
import type { Judgement } from './judgement.ts';
import { trialRequest } from './trial.ts';

/** What the tests of filters say. */
export interface TestedFilters {
  readonly problems: readonly Problem[];
  readonly judgements: readonly Judgement[];
}

/** The tests of one filter, run as some proxies would. */
export interface Ran {
  readonly proxies: readonly ProxyVersion[];
  readonly tests: readonly TestOutcome[];
}

type TestContext = Pick<DeployContext, 'log' | 'signal' | 'tests'>;

/** Lines that a log gets of the tests of one filter that failed. */
const MAX_LOGGED = 20;
const MAX_SHOWN_DIFFERENCES = 3;
const MAX_VALUE = 120;

/**
 * Runs the tests of a filter with its own settings, whatever settings its targets have, once for each kind of Envoy among the proxies.
 * A test that fails or says nothing speaks against the filter as a failed check does. `names` are those of all filters of the request.
 */
export async function testFilter(
  filter: FilterRequest,
  proxies: readonly ProxyVersion[],
  { log, signal, tests: runs }: TestContext,
  names: readonly string[],
): Promise<TestedFilters> {
  const { tests = [] } = filter;
  if (runs === undefined || tests.length === 0 || signal.aborted) return { problems: [], judgements: [] };
  const ran = await Promise.all(
    trialGroups(proxies).map(async ({ envoy, proxies: alike }): Promise<Ran> => {
      const request = trialRequest({ ...filter, filter: filter.name }, envoy);
      return { proxies: alike, tests: await runs.run(request, tests, alike) };
    }),
  );
  // What a cancelled run has not come to says nothing.
  if (signal.aborted) return { problems: [], judgements: [] };
  log.info(`${filter.name}: ${clauseOf(filter.name, ran) ?? `${count(tests.length, 'test')} passed`}.`);
  for (const line of failureLines(ran)) log.info(line);
  return {
    problems: testProblems(filter.name, ran, names).map((problem) => aboutOneOf(problem, filter.name, names)),
    judgements: ran.map(({ proxies: alike, tests: outcomes }) => ({
      filter: filter.name,
      check: 'tests',
      proxies: alike,
      result: outcomes.every(isPassed) ? 'passed' : 'failed',
    })),
  };
}

function clauseOf(filter: string, ran: readonly Ran[]): string | undefined {
  return failedTestsWords({ filter, runs: ran.map(({ tests }) => ({ proxies: [], durationMs: 0, tests })) });
}

function failureLines(ran: readonly Ran[]): string[] {
  const failed = ran.flatMap(({ proxies, tests }) =>
    tests.filter((one) => !isPassed(one)).map((one) => `  ${quoted(one.name)} ${faultOf(one, asWords(proxies))}`),
  );
  const left = failed.length - MAX_LOGGED;
  return left > 0 ? [...failed.slice(0, MAX_LOGGED), `  … and ${left} more`] : failed;
}

/**
 * Returns what is wrong with the tests of a filter: a problem for each that did not pass, however many proxies it fails with; `names`
 * are those of all filters.
 */
export function testProblems(filter: string, ran: readonly Ran[], names: readonly string[]): Problem[] {
  const clause = clauseOf(filter, ran);
  const failed = ran.flatMap(({ proxies, tests }) =>
    tests.filter((one) => !isPassed(one)).map((outcome) => ({ proxies, outcome })),
  );
  const byTest = [...Map.groupBy(failed, ({ outcome: { name } }) => name)];
  return byTest.flatMap(([name, those]): Problem[] => {
    const [first] = those;
    if (first === undefined) return [];
    const everywhere = those.length === ran.length;
    const proxies = everywhere ? [] : those.flatMap((one) => one.proxies);
    const { at } = first.outcome.place;
    const subject = `test ${quoted(name)}${names.length > 1 ? ` of filter "${filter}"` : ''}`;
    return [
      {
        kind: 'test',
        subject: at === undefined ? subject : `${describePosition(at)}: ${subject}`,
        ...(at !== undefined && { at }),
        message: sentence(faultOf(first.outcome, asWords(proxies))),
        ...(clause !== undefined && { clause }),
        remedy: remedyFor(first.outcome),
      },
    ];
  });
}

function asWords(proxies: readonly ProxyVersion[]): string {
  const versions = describeProxies(proxies);
  return versions.length === 0 ? '' : ` with ${nameSome(versions, 4)}`;
}

/** What is wrong, as the end of a sentence about the test; `where` are the versions with which it is, if it is not so with all. */
function faultOf(outcome: TestOutcome, where: string): string {
  switch (outcome.state) {
    case 'passed':
      return 'passed';
    case 'failed': {
      const { differences } = outcome;
      const shown = differences.map(({ where, expected, got }) => {
        const found = got === undefined ? 'got nothing' : `got ${shownValue(got)}`;
        return `${where}: expected ${shownValue(expected)}, ${found}`;
      });
      return `fails${where}: ${someOf(shown, MAX_SHOWN_DIFFERENCES, '; ')}`;
    }
    case 'stopped':
      return `fails${where}, for the filter stops: ${outcome.why}`;
    case 'inconclusive':
      return `is inconclusive${where}; the filter asked for what the test does not give: ${listWords(outcome.why, 'and', MAX_LISTED)}`;
  }
}

function shownValue(value: string): string {
  return value === '' ? 'an empty text' : truncate(value.replace(/\s+/g, ' '), MAX_VALUE);
}

function remedyFor({ state }: TestOutcome): string {
  switch (state) {
    case 'inconclusive':
      return 'Give the properties that it asks for under "properties", and answers to its calls under "calls". What the host of the test does not have at all can only be seen in a real proxy: leave it out of the test.';
    case 'stopped':
      return 'A proxy would break off the request, too. The log and the calls of the host in the job summary show how far the filter came.';
    default:
      return 'Correct the filter, or what the test expects. The log and the calls of the host in the job summary show what the filter did. "check: off" skips checks and tests.';
  }
}
