import type { Readable } from 'node:stream';
import { formatBytes } from '../../base/text.ts';
import { advance, NO_PROGRESS, type ProgressEvent } from '../runner/progress.ts';
import type { Crash } from './last-words.ts';

/** The first thing that the action tells its watchdog. */
export interface WatchOrder {
  readonly pid: number;
  /** Bytes of memory at which its process is ended. */
  readonly maxMemoryBytes: number;
}

/** A program of the action that leads a process group has begun or ended. */
export interface GroupNote {
  readonly kind: 'group';
  readonly pid: number;
  readonly running: boolean;
}

/** What the watchdog's process has. */
export interface WatchdogRuntime {
  readonly input: Readable;
  /** The most memory, in bytes, that a process has had; `undefined` if nobody can tell. */
  readonly peakMemory: (pid: number) => number | undefined;
  readonly publish: (crash: Crash) => void;
  /** Kills a process group; one that is gone already is no error. */
  readonly killGroup: (pid: number) => void;
}

const POLL_MS = 250;
/** The last looks may be before the last allocations. */
const NEAR = 0.75;

/**
 * Watches over the action's process from a process of its own, and publishes its end when it has not done so itself: V8 ends a
 * process that is out of memory without running anything in it, and so does whoever kills it. Each line of the input is a
 * `WatchOrder`, then a `ProgressEvent` or a `GroupNote`; its end is the end of the action's process. A watchdog that is not needed is killed.
 */
export function watchOver({ input, peakMemory, publish, killGroup }: WatchdogRuntime): void {
  let order: WatchOrder | undefined;
  let progress = NO_PROGRESS;
  let peak = 0;
  let rest = '';
  const groups = new Set<number>();
  const hear = (event: ProgressEvent | GroupNote): void => {
    if (event.kind !== 'group') progress = advance(progress, event);
    else if (event.running) groups.add(event.pid);
    else groups.delete(event.pid);
  };
  const look = setInterval(() => {
    if (order !== undefined) peak = peakMemory(order.pid) ?? peak;
  }, POLL_MS);
  input.setEncoding('utf8');
  input.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (order === undefined) order = JSON.parse(line) as WatchOrder;
      else hear(JSON.parse(line) as ProgressEvent | GroupNote);
    }
  });
  let over = false;
  const end = (): void => {
    if (over) return;
    over = true;
    clearInterval(look);
    // Nobody else is left to end them.
    for (const pid of groups) killGroup(pid);
    publish({ ...endOf(peak, order?.maxMemoryBytes), progress });
  };
  // Which of them comes depends on what the input is: a pipe, a socket, a file.
  input.on('end', end).on('close', end).on('error', end);
}

function endOf(peak: number, max = Number.POSITIVE_INFINITY): Omit<Crash, 'progress'> {
  if (peak > max * NEAR) {
    return {
      how: 'its process ran out of memory',
      cause: `It had taken ${formatBytes(peak)}; it gets at most ${formatBytes(max)}.`,
      advice: 'If it happens again, give it fewer targets at once, or a runner with more memory.',
    };
  }
  return {
    how: 'its process ended without a result',
    cause: `It was killed, or could not go on; the end of the log may say more.${peak === 0 ? '' : ` It had taken ${formatBytes(peak)} of memory.`}`,
  };
}
