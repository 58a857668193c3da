import type { Workload } from '../../cluster/objects.ts';
import type { Resource } from '../../cluster/resources.ts';
import { workloadKey } from '../../targets/target.ts';
import type { WorkloadListKey } from '../../targets/workload-index.ts';
import { targetKind } from '../kinds/kinds.ts';
import type { ObservedWorkload } from './snapshot.ts';

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
