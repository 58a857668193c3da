import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../base/problem.ts';
import { formatBytes } from '../../base/text.ts';
import type { TrialRequest } from '../host/request.ts';
import { FrameReader, frame } from './frames.ts';
import { CANCELLED, PendingTrial } from './pending-trial.ts';
import { processEndWords } from './process-end.ts';
import { MAX_SAID_BYTES, type TrialEvent, type TrialOrder } from './protocol.ts';
import type { TrialStep, TrialVerdict } from './verdict.ts';

export interface TrialOptions {
  /** The program that runs the file: Node, 24 or newer. */
  readonly node: string;
  /** The file that calls `superviseTrial`, and in its second thread `runTrialWorker`. It is all that the process may read. */
  readonly entry: URL;
  /** Milliseconds for the filter alone; default 5,000. */
  readonly timeoutMs?: number;
  /** Bytes of memory for the whole process; default 1.5 GiB. */
  readonly maxMemoryBytes?: number;
  /** Ends the trial. */
  readonly signal?: AbortSignal;
}

export const DEFAULT_TIMEOUT_MS = 5_000;
/** Envoy gives a filter 1 GiB; the rest is for the engine, what the host keeps, and Node itself. */
export const DEFAULT_MEMORY_BYTES = 1_610_612_736;
/** Of what a dying process writes, the beginning says why. */
const MAX_ERROR_LENGTH = 16_384;

/**
 * Starts the filter as Envoy would, with the real settings, and sends one request through it, in a process of its own that
 * is gone when the promise resolves: without the environment, files, programs or native code, and ended by SIGKILL when its
 * time or memory is used up. Where nobody is left to end it, it ends itself. Never rejects: what went wrong with the trial
 * itself is `inconclusive`.
 */
export async function trialRun(request: TrialRequest, options: TrialOptions): Promise<TrialVerdict> {
  const { signal, timeoutMs = DEFAULT_TIMEOUT_MS, maxMemoryBytes = DEFAULT_MEMORY_BYTES } = options;
  if (signal?.aborted) return { ...CANCELLED, logs: [] };
  const trial = new PendingTrial(timeoutMs, signal);
  try {
    const child = startProcess(options);
    listenTo(child, trial);
    order(child, request, maxMemoryBytes);
    try {
      return { ...(await trial.end), logs: trial.logs };
    } finally {
      await endProcess(child);
    }
  } catch (error) {
    const why = `the trial run could not be made: ${messageOf(error)}`;
    return { state: 'inconclusive', why, brokeOff: true, logs: trial.logs };
  } finally {
    trial.dispose();
  }
}

/** Who hears what the process of a trial says. */
export interface ProcessListener {
  readonly hear: (event: TrialEvent) => void;
  /** It has ended, or cannot go on, for that reason: a clause. */
  readonly breakOff: (why: string) => void;
  /** The last step that the filter has begun. */
  readonly step: TrialStep | undefined;
}

/** Tells a listener what its process says, and that it has ended. */
export function listenTo(child: ChildProcessWithoutNullStreams, trial: ProcessListener): void {
  let errors = '';
  child.on('error', (error) => trial.breakOff(`its process could not be started: ${messageOf(error)}`));
  child.on('close', (code, by) => trial.breakOff(processEndWords({ code, signal: by, errors }, trial.step)));
  child.stderr.on('data', (piece: Buffer) => {
    errors = (errors + piece).slice(0, MAX_ERROR_LENGTH);
  });
  const hear = (content: Buffer): void => trial.hear(JSON.parse(content.toString()) as TrialEvent);
  const reader = new FrameReader(MAX_SAID_BYTES, hear);
  child.stdout.on('data', (piece: Buffer) => {
    try {
      if (!reader.push(piece)) trial.breakOff(`its process said more than ${formatBytes(MAX_SAID_BYTES)}`);
    } catch (error) {
      trial.breakOff(`what its process said cannot be read: ${messageOf(error)}`);
    }
  });
}

/** Gives the process what it is to try, and what it is to do in place of a trial. */
export function order(
  { stdin }: ChildProcessWithoutNullStreams,
  request: TrialRequest,
  maxMemoryBytes: number,
  more?: Uint8Array,
): void {
  const { module, ...rest } = request;
  const told: TrialOrder = { request: rest, maxMemoryBytes, ...(more && { more: true }) };
  // A process that has ended does not read; how it ended is told by its end.
  stdin.on('error', () => undefined);
  stdin.write(frame(JSON.stringify(told)));
  stdin.write(frame(module));
  if (more !== undefined) stdin.write(frame(more));
}

/** Ends a process, and resolves when it is gone. */
export async function endProcess(child: ChildProcessWithoutNullStreams): Promise<void> {
  const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
  child.kill('SIGKILL');
  child.stdout.destroy();
  child.stderr.destroy();
  if (child.pid !== undefined) await gone?.catch(() => undefined);
}

/** Starts a process that may do nothing but compute. */
export function startProcess({ node, entry }: TrialOptions): ChildProcessWithoutNullStreams {
  const flags = ['--no-warnings', '--permission', '--allow-worker'];
  return spawn(node, [...flags, fileURLToPath(entry)], {
    // No secrets of the job where foreign code runs, and nothing of it in the job's log.
    env: {},
    stdio: ['pipe', 'pipe', 'pipe'],
    // A signal to the job's process group is the job's to handle.
    detached: true,
    windowsHide: true,
  });
}
