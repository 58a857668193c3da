import type { Workload } from '../../cluster/objects.ts';
import { selectorOf } from '../../cluster/pod-selector.ts';
import type { PodRevision } from '../../mesh/identity/revision.ts';
import { type KnownFilter, type OwnFilter, ownFilters } from '../../mesh/proxy/refused-filter.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import type { PlannedWorkload } from '../plan/plan.ts';

/** A workload and what its pods shall carry. */
export interface RolloutGoal {
  readonly ref: WorkloadRef;
  readonly podRevisions: readonly PodRevision[];
  /** Filters that its pods shall not carry. */
  readonly removals: readonly string[];
  /** Set while nothing was changed yet: all pods that it selects count, whatever they carry. */
  readonly selector?: string;
  /** Set where a rollout that waits for promotion is followed on until somebody promotes it, or the time is over. */
  readonly throughPromotion?: true;
  /** Filters that the run is about although its pods may not carry them yet: what Envoy says of these is not of another filter. */
  readonly about?: readonly string[];
  /** What is known of its filters, by their names; omitted where nothing is. */
  readonly known?: ReadonlyMap<string, KnownFilter>;
}

/** How a rollout is followed. */
export interface FollowOptions {
  /** A rollback is never let go. */
  readonly isRollback?: true;
  /** Called with the workload once its new pods are all ready, and the rollout is not over: old pods are still there, say. */
  readonly onPodsReady?: (workload: Workload) => void;
}

/** What to follow until a workload is ready as it is, whatever its pods carry. */
export function goalOfCurrentPods({
  ref,
  observed,
  revisions = [],
  removals = [],
}: Pick<PlannedWorkload, 'ref' | 'observed'> & Partial<Pick<PlannedWorkload, 'revisions' | 'removals'>>): RolloutGoal {
  const about = [...revisions.map(({ podRevision }) => podRevision.filter), ...removals];
  return { ref, podRevisions: [], removals: [], selector: selectorOf(observed), about };
}

/** Returns what Envoy may call the filters that a goal is about. */
export function goalFilters({ ref, podRevisions, removals, about = [], known }: RolloutGoal): OwnFilter[] {
  return ownFilters(ref.namespace, podRevisions, [...removals, ...about], known);
}
