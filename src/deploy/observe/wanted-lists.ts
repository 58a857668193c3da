import type { WorkloadListKey } from '../../targets/workload-index.ts';
import { templateKinds } from '../kinds/kinds.ts';

/** A list to read: of a kind that a target list names, or of one that the cluster may not know. */
export interface WantedList extends WorkloadListKey {
  readonly ifInstalled?: true;
}

/** The lists of the kinds that are meant where nobody names any, in the namespaces. */
export function usualLists(namespaces: readonly string[]): WantedList[] {
  const usual = templateKinds().filter(({ selectedByDefault }) => selectedByDefault);
  return namespaces.flatMap((namespace) => usual.map(({ resource: { kind } }) => ({ kind, namespace })));
}

/** The lists of every kind of workload in the namespaces. */
export function allLists(namespaces: readonly string[]): WantedList[] {
  return namespaces.flatMap((namespace) =>
    templateKinds().map(({ resource: { kind } }) => ({ kind, namespace, ifInstalled: true as const })),
  );
}
