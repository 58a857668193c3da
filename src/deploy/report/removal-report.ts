import type { WorkloadRef } from '../../targets/target.ts';

/** A filter of this action that is in a namespace. */
export interface PresentFilter {
  readonly filter: string;
  readonly namespace: string;
  /** The workloads that carry it or have a record of it; none where only objects are left of it. */
  readonly workloads: readonly WorkloadRef[];
  /** ISO 8601: when `sweep` may remove it from the first of them. Absent: from none. */
  readonly expires?: string;
}

/** What a removal looked at that found nothing to do. */
export interface NothingToRemove {
  readonly state: 'nothing';
  /** The filters that were asked for; empty for all. */
  readonly filters: readonly string[];
  readonly namespaces: readonly string[];
  /** By namespace, then by name. */
  readonly present: readonly PresentFilter[];
}
