import { sameJson } from '../base/json.ts';
import type { Condition, Workload } from './objects.ts';
import { conditionOf } from './readiness.ts';

/** The reason of the condition Progressing once a rollout has made no progress for `progressDeadlineSeconds`. */
export const DEADLINE_EXCEEDED = 'ProgressDeadlineExceeded';

/** The reason of the condition Progressing of a rollout that is over. */
export const NEW_REPLICA_SET_AVAILABLE = 'NewReplicaSetAvailable';

/** Returns the condition by which a controller counts the time that a rollout makes no progress. */
export function progressOf(workload: Workload): Condition | undefined {
  return conditionOf(workload, 'Progressing');
}

/** Whether a workload still has the condition Progressing of an earlier rollout, which says nothing of the one that is waited for. */
export function keepsProgress(workload: Workload, earlier: Condition | undefined): boolean {
  return earlier !== undefined && sameJson(progressOf(workload), earlier);
}

/**
 * Returns which condition Progressing of a workload is still that of the rollout before; `undefined` once it has one of its own. Where
 * a change goes back to a ReplicaSet that is there, controllers leave the condition as it is until there is progress (kubernetes:
 * pkg/controller/deployment, `getNewReplicaSet` and `syncRolloutStatus`). `earlier`: the one that it had before.
 */
export function earlierProgress(workload: Workload, earlier: Condition | undefined): Condition | undefined {
  if (earlier === undefined || keepsProgress(workload, earlier)) return earlier;
  const now = progressOf(workload);
  // A time that began before the change may end after it.
  const counted = earlier.reason !== DEADLINE_EXCEEDED && earlier.reason !== NEW_REPLICA_SET_AVAILABLE;
  return counted && now?.reason === DEADLINE_EXCEEDED ? now : undefined;
}
