import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../base/problem.ts';
import { truncate } from '../../base/text.ts';
import { CallRecorder } from './call-recorder.ts';
import type { TrialEvent, WorkerTask } from './protocol.ts';
import { runTrial } from './trial.ts';
import type { TrialOutcome } from './verdict.ts';

/** Characters of the words that an outcome is told in: a filter can make the names in them as long as it likes. */
const MAX_WORDS = 2_000;

/**
 * The whole life of the second thread of the process that `trialRun` starts: it runs the filter. Everything is said at
 * once, because a filter that never returns is stopped from outside.
 */
export function runTrialWorker(): void {
  const port = parentPort;
  if (port === null) return;
  const { request } = workerData as WorkerTask;
  const say = (event: TrialEvent): void => port.postMessage(event);
  const calls = new CallRecorder();
  const outcome = ((): TrialOutcome => {
    try {
      return runTrial(request, {
        step: (step) => say({ kind: 'step', step }),
        log: (line) => say({ kind: 'log', line }),
        unsupported: (about) => say({ kind: 'unsupported', about }),
        call: (line) => calls.add(line),
      });
    } catch (error) {
      return { state: 'inconclusive', why: `the trial run itself failed: ${messageOf(error)}` };
    }
  })();
  say({ kind: 'end', end: { ...inFewWords(outcome), calls: calls.lines } });
}

function inFewWords(outcome: TrialOutcome): TrialOutcome {
  if ('reason' in outcome) return { ...outcome, reason: truncate(outcome.reason, MAX_WORDS) };
  return outcome.state === 'inconclusive' ? { ...outcome, why: truncate(outcome.why, MAX_WORDS) } : outcome;
}
