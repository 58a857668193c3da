import type { TrialRequest } from '../host/request.ts';
import type { TrialOptions } from '../trial/run.ts';
import type { FilterTest, TestResult } from './filter-test.ts';

/**
 * Runs the tests of a filter, each in an instance of its own that starts as Envoy starts the filter, with the settings of the request and
 * those that the test has otherwise; in processes as `trialRun` has them. `options.timeoutMs` is for each test. Gives a result for each
 * test, in their order, and never rejects: what went wrong with the runner itself makes the tests that it concerns inconclusive.
 */
export async function runTests(
  _request: TrialRequest,
  tests: readonly FilterTest[],
  _options: TrialOptions,
): Promise<readonly TestResult[]> {
  return tests.map(({ name }) => ({
    name,
    log: [],
    trace: [],
    state: 'inconclusive',
    why: ['tests cannot be run yet'],
  }));
}
