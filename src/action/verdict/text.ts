import { thousands, truncate } from '../../base/text.ts';
import { visible } from '../../base/visible.ts';

/**
 * Outside text as one line for any reader: line ends as spaces, hidden characters shown (see `visible`), cut to `most` characters.
 */
export function plain(value: string, max = Number.POSITIVE_INFINITY): string {
  // No more code units than `most` characters can have: what is cut away is not looked at, it may be megabytes.
  const start = Number.isFinite(max) ? value.slice(0, 4 * max + 2) : value;
  const line = visible(start.replace(/\s+/g, ' ')).trim();
  return Number.isFinite(max) ? truncate(start === value ? line : `${line}…`, max) : line;
}

/** `1 workload`, `4,812 workloads`. */
export function countOf(n: number, noun: string): string {
  return `${thousands(n)} ${n === 1 ? noun : `${noun}s`}`;
}
