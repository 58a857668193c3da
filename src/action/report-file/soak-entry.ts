import { defined } from '../../base/defined.ts';
import type { ValueOf } from '../../base/schema.ts';
import type { SoakCounts, SoakReport } from '../../deploy/report/soak-report.ts';
import type { SOAK } from './schema-soak.ts';

/** Returns what was seen of a workload's pods while they were watched; its course, which the summary draws, is left out. */
export function soakEntry(soak: SoakReport): ValueOf<typeof SOAK> {
  const {
    verdict,
    pods,
    comparedWith,
    crashes,
    restarts,
    unseen,
    breach,
    noticedMs,
    counters,
    probes,
    old,
    recent,
    excused,
  } = soak;
  return {
    verdict,
    watched: pods.watched,
    pods: pods.all,
    comparedWith,
    new: countsEntry(soak.new),
    ...defined({
      old: old && countsEntry(old),
      recent: recent && { seconds: seconds(recent.ms), requests: recent.requests, failed: recent.failed },
      excused,
      breach,
      noticedSeconds: noticedMs === undefined ? undefined : seconds(noticedMs),
      counters,
      probes,
    }),
    crashes,
    restarts,
    unseen,
  };
}

function countsEntry({ requests, failed, p50Ms, p99Ms, memoryBytes, cpu }: SoakCounts): ValueOf<typeof SOAK>['new'] {
  return { requests, failed, ...defined({ p50Ms, p99Ms, memoryBytes, cpu }) };
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}
