import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

interface Entry {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
}

/** The processes that run now and were started by `parent`; Linux only. */
export function childrenOf(parent: number): readonly number[] {
  return entries().flatMap((entry) => (entry.parent === parent && entry.state !== 'Z' ? [entry.pid] : []));
}

/** Whether a process still runs. */
export const runs = (pid: number): boolean => entries().some((entry) => entry.pid === pid && entry.state !== 'Z');

/** How each process was started that runs now. */
export const commandLines = (): readonly string[] =>
  entries().flatMap(({ pid }) => {
    try {
      return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
    } catch {
      return [];
    }
  });

/** Waits until something is so. */
export async function until(holds: () => boolean, milliseconds = 20_000): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not so within ${milliseconds} ms: ${holds}`);
    await sleep(20);
  }
}

function entries(): Entry[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      // The program's name stands in brackets and may hold anything.
      const [state = '', parent] = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return [{ pid: Number(name), parent: Number(parent), state }];
    } catch {
      // It ended meanwhile.
      return [];
    }
  });
}
