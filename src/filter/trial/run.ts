import { Worker } from 'node:worker_threads';
import { messageOf } from '../../base/problem.ts';
import { doubted } from './trial.ts';
import type { TrialOutcome, TrialRequest, TrialStep, TrialVerdict } from './verdict.ts';
import { TRIAL_ROLE, type TrialEvent, type TrialWorkerData } from './worker-protocol.ts';

export interface TrialOptions {
  /** The file that calls `runTrialWorker` when it is started as a worker. */
  readonly workerFile: string | URL;
  /** Milliseconds for the filter alone; default 5,000. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 5_000;
/** For the thread to come up and load its file, on a machine under load. */
const STARTUP_MS = 30_000;
/** For the worker's own heap and stack. The filter's memory is not part of the heap; it has Envoy's cap. */
const WORKER_LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };

/**
 * Starts the filter as Envoy would, with the real settings, and sends one request through it, in a worker thread that is
 * gone when the promise resolves. Never rejects: what went wrong with the trial itself is `inconclusive`.
 */
export async function trialRun(request: TrialRequest, options: TrialOptions): Promise<TrialVerdict> {
  const { promise, resolve: finish } = Promise.withResolvers<TrialOutcome>();
  const logs: string[] = [];
  const doubts: string[] = [];
  let calls: readonly string[] | undefined;
  let step: TrialStep | undefined;
  let timer: NodeJS.Timeout | undefined;
  const giveUp = (): void =>
    finish(
      step === undefined
        ? { state: 'inconclusive', why: 'the thread for the trial run did not come up in time' }
        : doubted({ state: 'timeout', step }, doubts),
    );
  const setTimer = (milliseconds: number): void => {
    clearTimeout(timer);
    timer = setTimeout(giveUp, milliseconds);
  };
  const hear = (event: TrialEvent): void => {
    if (event.kind === 'log') logs.push(event.line);
    else if (event.kind === 'doubt') doubts.push(event.about);
    else if (event.kind === 'outcome') {
      calls = event.calls;
      finish(event.outcome);
    } else {
      if (step === undefined) setTimer(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
      step = event.step;
    }
  };
  setTimer(STARTUP_MS);
  let worker: Worker | undefined;
  try {
    worker = startWorker(request, options);
    worker.on('message', hear);
    worker.on('error', (error) => finish({ state: 'inconclusive', why: `its thread failed: ${messageOf(error)}` }));
    worker.on('exit', () => finish({ state: 'inconclusive', why: 'its thread ended without an outcome' }));
    const outcome = await promise;
    return { ...outcome, logs: [...logs], ...(calls === undefined ? {} : { calls }) };
  } catch (error) {
    return { state: 'inconclusive', why: `the trial run could not be started: ${messageOf(error)}`, logs: [] };
  } finally {
    clearTimeout(timer);
    await worker?.terminate();
  }
}

function startWorker(request: TrialRequest, options: TrialOptions): Worker {
  const workerData: TrialWorkerData = { role: TRIAL_ROLE, request };
  const worker = new Worker(options.workerFile, {
    workerData,
    resourceLimits: WORKER_LIMITS,
    // No secrets of the job where foreign code runs, and nothing of the thread in the job's log.
    env: {},
    execArgv: [],
    stdout: true,
    stderr: true,
  });
  worker.stdout.resume();
  worker.stderr.resume();
  return worker;
}
