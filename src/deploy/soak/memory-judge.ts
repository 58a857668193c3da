import { greatest } from '../../base/lists.ts';
import { formatBytes } from '../../base/text.ts';
import type { PodRecord } from './pod-record.ts';

/** So many readings in a row have to be each above the one before: a proxy that warms up comes to rest. */
const RISING = 4;
const MIB = 1024 * 1024;
/** What the last readings have to have risen by together. */
const LEAST_RISE = 32 * MIB;
/** What the proxy has to have beyond those that it is compared with, and how many times as much. */
const LEAST_BEYOND = 64 * MIB;
const TIMES = 2;
/** How near to its limit a proxy that grows may come. */
const NEAR_LIMIT = 0.9;

/**
 * Returns why the memory of a pod's proxy is a leak: it rises with each of the last readings, by 32 MiB or more, and is near its limit,
 * or has at least 64 MiB and twice as much as the largest of the old pods, or as itself at first. A clause without its end.
 */
export function judgeMemory(record: PodRecord, oldBytes: number | undefined): string | undefined {
  const readings = record.usages.map(({ memoryBytes }) => memoryBytes);
  const last = readings.slice(-RISING);
  const [from = 0] = last;
  const now = last.at(-1) ?? 0;
  if (last.length < RISING || last.some((bytes, index) => index > 0 && bytes <= (last[index - 1] ?? 0)))
    return undefined;
  if (now - from < LEAST_RISE) return undefined;
  const limit = record.memoryLimit;
  const before = oldBytes ?? readings[0] ?? 0;
  const isNear = limit !== undefined && now >= limit * NEAR_LIMIT;
  if (!isNear && (now < before * TIMES || now < before + LEAST_BEYOND)) return undefined;
  const compared =
    oldBytes === undefined ? `${formatBytes(before)} at first` : `${formatBytes(before)} in the old pods`;
  const most = limit === undefined ? '' : `, of ${formatBytes(limit)} that it may have`;
  return `the memory of its proxy rises with each look and is ${formatBytes(now)}${most}, ${compared}`;
}

/** Returns the most that the proxy of one of some pods had when it was last seen. */
export function largestMemory(records: readonly PodRecord[]): number | undefined {
  const last = records.flatMap(({ usages }) => usages.at(-1)?.memoryBytes ?? []);
  return last.length === 0 ? undefined : greatest(last);
}
