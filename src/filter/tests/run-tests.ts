import { serialize } from 'node:v8';
import { messageOf } from '../../base/problem.ts';
import { count } from '../../base/text.ts';
import type { TrialRequest } from '../host/request.ts';
import {
  DEFAULT_MEMORY_BYTES,
  DEFAULT_TIMEOUT_MS,
  endProcess,
  listenTo,
  order,
  startProcess,
  type TrialOptions,
} from '../trial/run.ts';
import type { FilterTest, TestResult } from './filter-test.ts';
import { PendingTests } from './pending-tests.ts';

/** How tests are run. */
export interface TestOptions extends TrialOptions {
  /** Tests that had to be ended, after which no more are run. */
  readonly maxEnded?: number;
}

/** Each costs the time of a test, and a filter that never comes back would keep a runner busy for hours. */
const MAX_ENDED = 20;

/**
 * Runs the tests of a filter, each in an instance of its own that starts as Envoy starts the filter, with the settings of the request and
 * those that the test has otherwise; in processes as `trialRun` has them. `options.timeoutMs` is for each test: one that does not end,
 * or that takes too much memory, is ended alone, and the tests behind it go on in a new process. Gives a result for each test, in their
 * order, and never rejects: what went wrong with the runner itself makes the tests that it concerns inconclusive. Once too many had to be ended, so is the rest.
 */
export async function runTests(
  request: TrialRequest,
  tests: readonly FilterTest[],
  options: TestOptions,
): Promise<readonly TestResult[]> {
  const { maxEnded = MAX_ENDED } = options;
  let results: readonly TestResult[] = [];
  for (let ended = 0; results.length < tests.length; ended += 1) {
    const rest = tests.slice(results.length);
    if (ended === maxEnded) {
      const why = `it was not run, for ${count(maxEnded, 'test')} before it had to be ended`;
      return [...results, ...rest.map((test) => unrun(test, why))];
    }
    const some = options.signal?.aborted ? [] : await runSome(request, rest, options);
    // Without any progress there will be none.
    const more = some.length > 0 ? some : rest.map((test) => unrun(test, 'the run was cancelled'));
    results = [...results, ...more];
  }
  return results;
}

/** Runs tests in one process until they are done or one of them has to be ended; gives the results so far, of at least one test. */
async function runSome(
  request: TrialRequest,
  tests: readonly FilterTest[],
  options: TrialOptions,
): Promise<readonly TestResult[]> {
  const { signal, timeoutMs = DEFAULT_TIMEOUT_MS, maxMemoryBytes = DEFAULT_MEMORY_BYTES } = options;
  const pending = new PendingTests(tests, timeoutMs, signal);
  try {
    const child = startProcess(options);
    listenTo(child, pending);
    order(child, request, maxMemoryBytes, serialize(tests));
    try {
      return await pending.end;
    } finally {
      await endProcess(child);
    }
  } catch (error) {
    return tests.map((test) => unrun(test, `the tests could not be run: ${messageOf(error)}`));
  } finally {
    pending.dispose();
  }
}

function unrun({ name }: FilterTest, why: string): TestResult {
  return { name, log: [], trace: [], state: 'inconclusive', why: [why] };
}
