import type { WorkloadRef } from '../../targets/target.ts';

/** An object that could not go. */
export interface Left {
  readonly object: string;
  readonly why: string;
  /** The pod that keeps it, as it still runs its revision and is not about to end; omitted when something else does. */
  readonly runBy?: string;
  /** The permissions without which no run can delete it: `list pods in namespace "shop"`. */
  readonly missing?: readonly string[];
  /** The workload that this pod is of; omitted when no workload of this action has made it. */
  readonly runOn?: WorkloadRef;
}

/** Objects that nobody names any more, or that an adoption has replaced: `ConfigMap shop/add-header-0123456789`. */
export interface Collected {
  readonly deleted: readonly string[];
  /** Garbage that is still there, and why. */
  readonly left: readonly Left[];
}
