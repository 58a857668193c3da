import { readinessOf, targetKind } from '../kinds/kinds.ts';
import type { PlannedWorkload } from '../plan/plan.ts';
import type { RolloutResult } from '../wait/rollout-result.ts';
import {
  type EndedRollout,
  hasReadyPods,
  isSettled,
  resultOf,
  type VerifiedRollout,
  type WorkloadRollout,
  writeOf,
} from './workload-rollout.ts';

/** Whether a workload is changed or waited for. */
export function isMoving(planned: PlannedWorkload): boolean {
  return planned.patch !== undefined || !isSettled(planned);
}

/** Returns how the rollout of a workload ended whose pods nothing replaces: as it was observed. */
export function resultAsObserved({ ref, observed }: PlannedWorkload): RolloutResult {
  const { state, message, ready, wanted } = readinessOf(ref, observed);
  return { state: state === 'ready' ? 'ready' : 'failed', message, ready, wanted, durationMs: 0 };
}

/** Whether a workload runs no pods, as one that is scaled to zero, so that changing it starts none beside the old ones. */
export function runsNoPods({ ref, observed }: PlannedWorkload): boolean {
  return !targetKind(ref).binding.inPlace && readinessOf(ref, observed).wanted === 0;
}

/** Whether a workload was brought to its end and may be looked at once more. */
export function mayBeVerifiedAgain(rollout: WorkloadRollout): rollout is EndedRollout | VerifiedRollout {
  return wasRolled(rollout) && (rollout.state === 'ended' || rollout.state === 'verified') && hasReadyPods(rollout);
}

/** Whether a workload is still there, with what the run has brought there or found. */
export function isOurs(rollout: WorkloadRollout): boolean {
  const end = resultOf(rollout)?.state;
  return rollout.state !== 'superseded' && end !== 'superseded' && end !== 'deleted';
}

/** Whether the run has changed a workload and seen how that ended. */
export function wasRolled(rollout: WorkloadRollout): boolean {
  return rollout.state !== 'superseded' && resultOf(rollout) !== undefined && writeOf(rollout).result.state === 'done';
}
