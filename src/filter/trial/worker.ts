import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../base/problem.ts';
import { CallBook } from './call-book.ts';
import { runTrial } from './trial.ts';
import type { TrialOutcome } from './verdict.ts';
import { TRIAL_ROLE, type TrialEvent, type TrialWorkerData } from './worker-protocol.ts';

/**
 * The whole life of the worker that `trialRun` starts: to be called where `workerData.role` is `trial` and nothing else
 * of the program runs. Everything is said at once, because a filter that never returns is stopped from outside.
 */
export function runTrialWorker(): void {
  const port = parentPort;
  const data = workerData as TrialWorkerData | null;
  if (port === null || data?.role !== TRIAL_ROLE) return;
  const say = (event: TrialEvent): void => port.postMessage(event);
  const calls = new CallBook();
  const outcome = ((): TrialOutcome => {
    try {
      return runTrial(data.request, {
        step: (step) => say({ kind: 'step', step }),
        log: (line) => say({ kind: 'log', line }),
        doubt: (about) => say({ kind: 'doubt', about }),
        call: (line) => calls.add(line),
      });
    } catch (error) {
      return { state: 'inconclusive', why: `the trial run itself failed: ${messageOf(error)}` };
    }
  })();
  say({ kind: 'outcome', outcome, calls: calls.lines });
}
