import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../base/problem.ts';
import { formatBytes } from '../../base/text.ts';
import type { TrialRequest } from '../host/request.ts';
import { FrameReader, frame } from './frames.ts';
import { processEndWords } from './process-end.ts';
import { MAX_SAID_BYTES, type TrialEnd, type TrialEvent, type TrialOrder } from './protocol.ts';
import { withUnsupported } from './trial.ts';
import type { TrialStep, TrialVerdict } from './verdict.ts';

export interface TrialOptions {
  /** The program that runs the file: Node, 24 or newer. */
  readonly node: string;
  /** The file that calls `superviseTrial`, and in its second thread `runTrialWorker`. */
  readonly entry: URL;
  /** A folder that the process may read beside its entry file, where that imports others. */
  readonly readable?: string;
  /** Milliseconds for the filter alone; default 5,000. */
  readonly timeoutMs?: number;
  /** Bytes of memory for the whole process; default 1.5 GiB. */
  readonly maxMemoryBytes?: number;
  /** Ends the trial. */
  readonly signal?: AbortSignal;
}

const DEFAULT_TIMEOUT_MS = 5_000;
/** For the process to come up, on a machine under load. */
const STARTUP_MS = 30_000;
/** Envoy gives a filter 1 GiB; the rest is for the engine, what the host keeps, and Node itself. */
const DEFAULT_MEMORY_BYTES = 1_610_612_736;
/** Of what a dying process writes, the beginning says why. */
const MAX_ERROR_LENGTH = 16_384;

/**
 * Starts the filter as Envoy would, with the real settings, and sends one request through it, in a process of its own that
 * is gone when the promise resolves: without the environment, files, programs or native code, and ended by SIGKILL when its
 * time or memory is used up. Where nobody is left to end it, it ends itself. Never rejects: what went wrong with the trial
 * itself is `inconclusive`.
 */
export async function trialRun(request: TrialRequest, options: TrialOptions): Promise<TrialVerdict> {
  const { signal } = options;
  if (signal?.aborted) return { ...CANCELLED, logs: [] };
  const { promise, resolve: finish } = Promise.withResolvers<TrialEnd>();
  const logs: string[] = [];
  const unsupportedCalls: string[] = [];
  let step: TrialStep | undefined;
  let timer: NodeJS.Timeout | undefined;
  const breakOff = (why: string): void => finish({ state: 'inconclusive', why, brokeOff: true });
  const setTimer = (milliseconds: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (step === undefined) breakOff('its process did not come up in time');
      else finish(withUnsupported({ state: 'timeout', step }, unsupportedCalls));
    }, milliseconds);
  };
  const hear = (event: TrialEvent): void => {
    if (event.kind === 'log') logs.push(event.line);
    else if (event.kind === 'unsupported') unsupportedCalls.push(event.about);
    else if (event.kind === 'end') finish(event.end);
    else {
      if (step === undefined) setTimer(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
      step = event.step;
    }
  };
  const cancel = (): void => finish(CANCELLED);
  signal?.addEventListener('abort', cancel, { once: true });
  setTimer(STARTUP_MS);
  try {
    const child = startProcess(options);
    const gone = once(child, 'exit').catch(() => undefined);
    let errors = '';
    child.on('error', (error) => breakOff(`its process could not be started: ${messageOf(error)}`));
    child.on('close', (code, by) => breakOff(processEndWords({ code, signal: by, errors }, step)));
    child.stderr.on('data', (piece: Buffer) => {
      errors = (errors + piece).slice(0, MAX_ERROR_LENGTH);
    });
    const reader = new FrameReader(MAX_SAID_BYTES, (content) => hear(JSON.parse(content.toString()) as TrialEvent));
    child.stdout.on('data', (piece: Buffer) => {
      try {
        if (!reader.push(piece)) breakOff(`its process said more than ${formatBytes(MAX_SAID_BYTES)}`);
      } catch (error) {
        breakOff(`what its process said cannot be read: ${messageOf(error)}`);
      }
    });
    const { module, ...rest } = request;
    const order: TrialOrder = { request: rest, maxMemoryBytes: options.maxMemoryBytes ?? DEFAULT_MEMORY_BYTES };
    // A process that has ended does not read; how it ended is told by its end.
    child.stdin.on('error', () => undefined);
    child.stdin.write(frame(JSON.stringify(order)));
    child.stdin.write(frame(module));
    try {
      return { ...(await promise), logs: [...logs] };
    } finally {
      child.kill('SIGKILL');
      child.stdout.destroy();
      child.stderr.destroy();
      if (child.pid !== undefined) await gone;
    }
  } catch (error) {
    return { state: 'inconclusive', why: `the trial run could not be made: ${messageOf(error)}`, brokeOff: true, logs };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', cancel);
  }
}

const CANCELLED: TrialEnd = { state: 'inconclusive', why: 'the run was cancelled' };

function startProcess({ node, entry, readable }: TrialOptions) {
  const flags = ['--no-warnings', '--permission', '--allow-worker'];
  const more = readable === undefined ? [] : [`--allow-fs-read=${readable}`];
  return spawn(node, [...flags, ...more, fileURLToPath(entry)], {
    // No secrets of the job where foreign code runs, and nothing of it in the job's log.
    env: {},
    stdio: ['pipe', 'pipe', 'pipe'],
    // A signal to the job's process group is the job's to handle.
    detached: true,
    windowsHide: true,
  });
}
