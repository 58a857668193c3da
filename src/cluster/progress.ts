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

/** What a workload says of a rollout before the one that is waited for. */
export interface EarlierProgress {
  /** Its conditions Progressing, which are no news however often and late they are shown. */
  readonly conditions: readonly Condition[];
  /** Whether a time that began to run before the change may still end: nothing else was shown yet. */
  readonly counted: boolean;
}

/** Returns what a workload says of the rollout before, where its controller has not seen the change that is waited for. */
export function progressBefore(workload: Workload): EarlierProgress | undefined {
  const before = progressOf(workload);
  if (before === undefined) return undefined;
  const counted = before.reason !== DEADLINE_EXCEEDED && before.reason !== NEW_REPLICA_SET_AVAILABLE;
  return { conditions: [before], counted };
}

/** Whether a workload still has the condition Progressing of an earlier rollout, which says nothing of the one that is waited for. */
export function keepsProgress(workload: Workload, earlier: EarlierProgress | undefined): boolean {
  const now = progressOf(workload);
  return earlier?.conditions.some((condition) => sameJson(now, condition)) ?? false;
}

/**
 * Returns what is known of the rollout before once a workload was shown. Where a change goes back to a ReplicaSet that is there,
 * controllers leave the condition as it is until there is progress (kubernetes: pkg/controller/deployment, `getNewReplicaSet` and
 * `syncRolloutStatus`). It is never forgotten: a watch may show an older state after somebody else has shown a newer one.
 */
export function earlierProgress(workload: Workload, earlier: EarlierProgress | undefined): EarlierProgress | undefined {
  if (earlier === undefined || !earlier.counted || keepsProgress(workload, earlier)) return earlier;
  const now = progressOf(workload);
  const ends = now?.reason === DEADLINE_EXCEEDED;
  return { conditions: ends ? [...earlier.conditions, now] : earlier.conditions, counted: false };
}
