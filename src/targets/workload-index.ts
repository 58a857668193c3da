import type { Workload } from '../cluster/objects.ts';

/** One list that resolving needs. */
export interface WorkloadListKey {
  readonly kind: string;
  readonly namespace: string;
}

/** `ending`: it is being deleted, and nothing can be created in it. */
export type NamespaceState = 'there' | 'ending' | 'missing';

/** What is known of the cluster's workloads. */
export interface WorkloadIndex {
  /** The kinds that may be listed. */
  readonly kinds: readonly string[];
  /** The workloads of a kind in a namespace; `undefined` if they could not be listed, which is a problem of its own. */
  list(key: WorkloadListKey): readonly Workload[] | undefined;
  /** Whether a namespace is there; `undefined` if that may not be asked. One that has workloads is. */
  namespaceState(namespace: string): NamespaceState | undefined;
  /** The namespaces that are known to be there, where one is missing; empty if they may not be listed. */
  readonly namespaces: readonly string[];
}
