import type { Workload } from '../../cluster/objects.ts';
import type { Resource } from '../../cluster/resources.ts';
import { type WorkloadRef, workloadKey } from '../../targets/target.ts';
import type { WorkloadListKey } from '../../targets/workload-index.ts';
import { targetKind, targetKinds } from '../kinds/kinds.ts';
import type { ClusterSnapshot, ObservedWorkload } from './snapshot.ts';
import type { WantedList } from './wanted-lists.ts';

/** Returns which lists have the pod templates of listed workloads that refer to them. */
export function neededSources(
  lists: readonly WorkloadListKey[],
  listOf: (key: WorkloadListKey) => readonly Workload[],
): { readonly resource: Resource; readonly namespace: string }[] {
  return lists.flatMap((key) => {
    const { templateSource, sourceOf } = targetKind(key).binding;
    const isNeeded = templateSource !== undefined && listOf(key).some((workload) => sourceOf(workload) !== undefined);
    return isNeeded ? [{ resource: templateSource, namespace: key.namespace }] : [];
  });
}

/**
 * Returns which lists may have workloads that run by the pod template of a listed one: a workload without pods of its own may be there
 * for its template alone. Whether there are such lists, and who may read them, is not known.
 */
export function possibleReferrers(
  lists: readonly WorkloadListKey[],
  listOf: (key: WorkloadListKey) => readonly Workload[] | undefined,
): WantedList[] {
  return lists.flatMap((key) => {
    const referring = targetKinds().filter(({ binding: { templateSource } }) => templateSource?.kind === key.kind);
    const isIdle = referring.length > 0 && listOf(key)?.some(({ spec }) => spec?.replicas === 0) === true;
    if (!isIdle) return [];
    return referring.map(({ resource: { kind } }) => ({ kind, namespace: key.namespace, ifInstalled: true as const }));
  });
}

/**
 * Returns the workloads whose pods are made of another one's template, as far as they were listed, by the `workloadKey` of that one: of
 * several the first. Each list is looked at once, for however many workloads it is asked.
 */
export function referrersIn(
  namespaces: Iterable<string>,
  { workloadIndex }: Pick<ClusterSnapshot, 'workloadIndex'>,
): ReadonlyMap<string, WorkloadRef> {
  const found = new Map<string, WorkloadRef>();
  for (const namespace of new Set(namespaces)) {
    for (const { binding, resource } of targetKinds()) {
      const { templateSource, sourceOf } = binding;
      if (templateSource === undefined) continue;
      for (const workload of workloadIndex.list({ kind: resource.kind, namespace }) ?? []) {
        const name = sourceOf(workload);
        if (name === undefined) continue;
        const key = workloadKey({ kind: templateSource.kind, namespace, name });
        if (!found.has(key)) found.set(key, { kind: resource.kind, namespace, name: workload.metadata.name });
      }
    }
  }
  return found;
}

/** What runs by the pod template of another workload is that one's business: it is counted once. */
export function withoutSources(workloads: readonly ObservedWorkload[]): readonly ObservedWorkload[] {
  const sources = workloads.flatMap(({ ref: { kind, namespace }, workload }) => {
    const { templateSource, sourceOf } = targetKind({ kind }).binding;
    const name = sourceOf(workload);
    return templateSource === undefined || name === undefined ? [] : [{ kind: templateSource.kind, namespace, name }];
  });
  if (sources.length === 0) return workloads;
  const keys = new Set(sources.map(workloadKey));
  return workloads.filter(({ ref }) => !keys.has(workloadKey(ref)));
}
