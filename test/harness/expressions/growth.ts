import { type Attack, attacks } from './samples.ts';

/** Processor milliseconds for texts of growing length. */
export type Times = readonly { readonly length: number; readonly ms: number }[];

export interface Slow {
  readonly attack: Attack;
  readonly times: Times;
}

/** Short ones first, because exponential work does not end for the others. */
const SHORT_LENGTHS = [8, 12, 16, 20, 24, 28];
const LENGTHS = [...SHORT_LENGTHS, 1_024, 4_096, 16_384];
/** What takes less at the greatest length is linear: quadratic work takes five times as long there or more. */
const QUICK_MS = 20;
/** How much more than the length the time may grow; quadratic work grows as the square. */
const MAX_GROWTH = 2;
/** Below that, a time is mostly chance. */
const LEAST_MS = 0.01;
const TRIES = 3;

/**
 * The attack under which an expression needs more than linear time, if there is one. Times are those of this thread's
 * processor, so that a busy machine does not matter, and the least of several.
 */
export function findSlow(source: string, flags: string): Slow | undefined {
  for (const attack of attacks(source, flags)) {
    const times = timesOf(source, flags, attack);
    if (growsTooMuch(times)) return { attack, times };
  }
  return undefined;
}

/** Times up to the first that is long. */
export function timesOf(source: string, flags: string, attack: Attack): Times {
  const expression = new RegExp(source, flags.includes('g') ? flags : `${flags}g`);
  return timesFor((text) => text.replace(expression, ''), attack);
}

/** Whether a function needs more than linear time for a text. */
export const isSlow = (run: (text: string) => unknown, attack: Attack): boolean => growsTooMuch(timesFor(run, attack));

function timesFor(run: (text: string) => unknown, attack: Attack): Times {
  const times: { length: number; ms: number }[] = [];
  for (const length of LENGTHS) {
    const text = attack.before + attack.pump.repeat(Math.ceil(length / attack.pump.length)) + attack.behind;
    const ms = leastTime(() => run(text));
    times.push({ length, ms });
    if (ms > QUICK_MS) break;
  }
  return times;
}

function growsTooMuch(times: Times): boolean {
  const last = times.at(-1);
  if (last === undefined || last.ms <= QUICK_MS) return false;
  const before = times.at(-2);
  if (before === undefined) return true;
  return last.ms / Math.max(before.ms, LEAST_MS) > MAX_GROWTH * (last.length / before.length);
}

function leastTime(run: () => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  for (let left = TRIES; left > 0; left -= 1) {
    const before = process.threadCpuUsage();
    run();
    const { user, system } = process.threadCpuUsage(before);
    least = Math.min(least, (user + system) / 1_000);
    if (least <= QUICK_MS) break;
  }
  return least;
}
