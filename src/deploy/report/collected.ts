import type { Permission } from '../../base/permission.ts';
import type { WorkloadRef } from '../../targets/target.ts';

/** An object that did not go. */
export interface Left {
  readonly object: string;
  readonly why: string;
  /** The pod that keeps it, as it still runs its revision and is not about to end; omitted when something else does. */
  readonly runBy?: string;
  /** Set where this run has made it and a newer one has put another revision on all workloads that had it. */
  readonly replaced?: true;
  /** Set where the run did not try to delete it, as it did not wait for the pods that may use it. */
  readonly untried?: true;
  /** The permissions without which no run can delete it. */
  readonly missing?: readonly Permission[];
  /** The workload that this pod is of; omitted when no workload of this action has made it. */
  readonly runOn?: WorkloadRef;
}

/** Objects that nobody names any more, or that an adoption has replaced: `ConfigMap shop/add-header-0123456789`. */
export interface Collected {
  readonly deleted: readonly string[];
  /** Garbage that is still there, and why. */
  readonly left: readonly Left[];
  /** Set where a run that failed has deleted what an earlier one had made: its own alone would be no change. */
  readonly foundBefore?: true;
}
