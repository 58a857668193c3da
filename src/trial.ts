import { isMainThread } from 'node:worker_threads';
import { givenTests, runTestsWorker } from './filter/tests/worker.ts';
import { superviseTrial } from './filter/trial/supervisor.ts';
import { runTrialWorker } from './filter/trial/worker.ts';

/** The program that tries a filter. `trialRun` starts it as a process, and that starts this file again as its second thread. */
if (isMainThread) {
  superviseTrial({
    workerFile: new URL(import.meta.url),
    input: process.stdin,
    output: process.stdout,
    memory: () => process.memoryUsage.rss(),
    die: () => process.kill(process.pid, 'SIGKILL'),
  });
} else {
  const tests = givenTests();
  if (tests === undefined) runTrialWorker();
  else runTestsWorker(tests);
}
