import type { RolloutTimes } from '../report/rollout-times.ts';
import type { WorkloadRollout } from './workload-rollout.ts';

/**
 * Returns the times of a workload's rollout once it has come to a state at `nowMs`; what happened before stays as it was. `undefined`
 * until its patch is written, so of a workload that is left as it is.
 */
export function timesAfter(
  times: RolloutTimes | undefined,
  rollout: WorkloadRollout,
  nowMs: number,
): RolloutTimes | undefined {
  if (times === undefined) {
    const isPatched = rollout.state === 'written' && rollout.write.result.state === 'done';
    return isPatched ? { patchedMs: nowMs } : undefined;
  }
  switch (rollout.state) {
    case 'ended':
      return rollout.end.state === 'ready' ? { readyMs: nowMs, ...times } : times;
    case 'verified':
      return { verifiedMs: nowMs, ...times };
    case 'failed':
      return { failedMs: nowMs, ...times };
    case 'rolled-back':
      return { rollbackStartedMs: nowMs - rollout.rollback.durationMs, rollbackEndedMs: nowMs, ...times };
    default:
      return times;
  }
}
