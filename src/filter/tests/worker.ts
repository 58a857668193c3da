import { deserialize } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../base/problem.ts';
import { compile } from '../trial/instantiate.ts';
import type { TrialEvent, WorkerTask } from '../trial/protocol.ts';
import type { FilterTest, TestResult } from './filter-test.ts';
import { runTest, uncompiled } from './run-test.ts';

/** The tests that the second thread of a trial's process is to run in place of a trial; `undefined` if it is to try the filter. */
export function givenTests(): readonly FilterTest[] | undefined {
  const { more } = workerData as WorkerTask;
  return more && (deserialize(more) as readonly FilterTest[]);
}

/** The whole life of that thread: it runs one test after the other, and says at once what happens. */
export function runTestsWorker(tests: readonly FilterTest[]): void {
  const port = parentPort;
  if (port === null) return;
  const { request } = workerData as WorkerTask;
  const say = (event: TrialEvent): void => port.postMessage(event);
  const observer = {
    step: (step: Extract<TrialEvent, { kind: 'step' }>['step']) => say({ kind: 'step', step }),
    log: (line: string) => say({ kind: 'log', line }),
    unsupported: (about: string) => say({ kind: 'unsupported', about }),
  };
  observer.step('compile');
  const compiled = compile(request.module);
  for (const [part, test] of tests.entries()) {
    say({ kind: 'begin', part });
    const run = (): TestResult =>
      'state' in compiled ? uncompiled(test, compiled) : runTest(compiled, request, test, observer);
    say({ kind: 'part', part, result: outcomeOf(test, run) });
  }
}

function outcomeOf({ name }: FilterTest, run: () => TestResult): TestResult {
  try {
    return run();
  } catch (error) {
    return { name, log: [], trace: [], state: 'inconclusive', why: [`the test itself failed: ${messageOf(error)}`] };
  }
}
