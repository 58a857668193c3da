import { countTests, isPassed, type TestCounts, type TestedFilter } from '../../deploy/test-report.ts';
import { fitEntries } from './json.ts';

/** One filter in the output `tests`. */
interface TestsOutput extends TestCounts {
  readonly result: 'passed' | 'failed';
  /** The names of the tests that did not pass, by version; of versions that are not known, under `"*"`. */
  readonly proxies?: Readonly<Record<string, readonly string[]>>;
}

/**
 * What the tests of filters have come to as a JSON object of at most `max` UTF-16 units, by the names of the filters. Where it would grow
 * too long each loses `proxies`; at last filters are left out.
 */
export function testsJson(tested: readonly TestedFilter[], max: number): string {
  const entries = tested.map((one): [string, TestsOutput] => [one.filter, testsOutput(one)]);
  const failedFirst = [
    ...entries.filter(([, { result }]) => result === 'failed'),
    ...entries.filter(([, { result }]) => result === 'passed'),
  ];
  return fitEntries(failedFirst, max, [({ proxies, ...rest }) => rest]);
}

function testsOutput(tested: TestedFilter): TestsOutput {
  const counts = countTests(tested);
  const byVersion = tested.runs.flatMap(({ proxies, tests }) => {
    const failed = tests.filter((one) => !isPassed(one)).map(({ name }) => name);
    return (proxies.length === 0 ? ['*'] : proxies).map((proxy): [string, string[]] => [proxy, failed]);
  });
  return {
    result: counts.passed === counts.tests ? 'passed' : 'failed',
    ...counts,
    proxies: Object.fromEntries(byVersion),
  };
}
