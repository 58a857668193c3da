import { type Attack, attacks } from './samples.ts';

/** Processor milliseconds for texts of growing length. */
export type Times = readonly { readonly length: number; readonly ms: number }[];

export interface Slow {
  readonly attack: Attack;
  readonly times: Times;
}

/** Short ones first, because exponential work does not end for the others. */
const SHORT_LENGTHS = [8, 12, 16, 20, 24, 28];
const LENGTHS = [...SHORT_LENGTHS, 256, 1_024, 4_096, 16_384, 65_536, 262_144];
/** Longer texts cost much time, so they are for what took, at this length, as long as quadratic work takes on a fast machine. */
const USUAL_LENGTH = 16_384;
const SUSPECT_MS = 0.25;
/** What takes less at the greatest length is linear: quadratic work takes hundreds of milliseconds there, also with a long pump. */
const LONG_MS = 60;
/** How much more than the length the time may grow; quadratic work grows as the square. */
const MAX_GROWTH = 2;
/** Some kernels count a thread's time in steps of this length, so that 0 and 4 say nothing. Of LONG_MS it is little. */
const STEP_MS = 4;
const TRIES = 5;
/** What has taken so long is not tried again: beside it, what a machine adds by chance is little. */
const MANY_MS = 10 * LONG_MS;

/**
 * The attack under which an expression needs more than linear time, if there is one. Times are those of this thread's
 * processor, so that a busy machine does not matter, and the least of several.
 */
export function findSlow(source: string, flags: string): Slow | undefined {
  const expression = new RegExp(source, flags.includes('g') ? flags : `${flags}g`);
  for (const attack of attacks(source, flags)) {
    const times = timesFor((text) => text.replace(expression, ''), attack);
    if (growsTooMuch(times)) return { attack, times };
  }
  return undefined;
}

/** Whether a function needs more than linear time for a text. */
export const isSlow = (run: (text: string) => unknown, attack: Attack): boolean => growsTooMuch(timesFor(run, attack));

/** The times of the first length that takes long and of the one before; none where all are quick. */
function timesFor(run: (text: string) => unknown, attack: Attack): Times {
  let before = { length: 1, work: (): unknown => undefined };
  for (const length of LENGTHS) {
    const text = attack.before + attack.pump.repeat(Math.ceil(length / attack.pump.length)) + attack.behind;
    const work = (): unknown => run(text);
    // The clock says no less than the processor's time does, and says it finely: it only decides what is looked at closely.
    const usual = length === USUAL_LENGTH;
    const isLong = length > USUAL_LENGTH;
    const began = isLong ? processorMs() : 0;
    const ms = leastTime(work, () => performance.now(), usual ? SUSPECT_MS : Number.POSITIVE_INFINITY);
    if (usual && ms <= SUSPECT_MS) break;
    if (ms > LONG_MS) {
      const tried = isLong ? processorMs() - began : 0;
      const last = { length, ms: tried > MANY_MS ? tried : leastTime(work, processorMs, LONG_MS) };
      if (last.ms > LONG_MS) return [{ length: before.length, ms: leastTime(before.work, processorMs, 0) }, last];
    }
    before = { length, work };
  }
  return [];
}

function growsTooMuch([before, last]: Times): boolean {
  if (before === undefined || last === undefined) return false;
  return last.ms / Math.max(before.ms, STEP_MS) > MAX_GROWTH * (last.length / before.length);
}

/** The least time of some tries; one that is short enough ends them, and so does much time in all. */
function leastTime(run: () => unknown, clock: () => number, enough: number): number {
  let least = Number.POSITIVE_INFINITY;
  let spent = 0;
  for (let left = TRIES; left > 0; left -= 1) {
    const before = clock();
    run();
    const ms = clock() - before;
    least = Math.min(least, ms);
    spent += ms;
    if (least <= enough || spent > MANY_MS) break;
  }
  return least;
}

function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
