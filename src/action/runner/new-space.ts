import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Both halves of the space for new objects together, in bytes: enough that hardly any answer outlives it by accident. */
const ENOUGH = 8 * 1_048_576;

/**
 * Keeps the space that V8 has for new objects from growing beyond some 16 MiB. What a run reads of the cluster lives for a moment; in the
 * 32 MiB that V8 would take, so much of it is still there when V8 looks that it moves to the old objects, where it stays: with 1,000
 * workloads that was half of all memory. The limit itself can only be set for a process that starts, the growth at any time; a V8 without
 * that flag does as it would.
 */
export function boundNewSpace(): void {
  const observer = new PerformanceObserver(() => {
    const size = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')?.space_size ?? 0;
    if (size < ENOUGH) return;
    setFlagsFromString('--semi-space-growth-factor=1');
    observer.disconnect();
  });
  observer.observe({ entryTypes: ['gc'] });
}
