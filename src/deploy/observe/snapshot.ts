import type { KubernetesObject, Workload } from '../../cluster/objects.ts';
import type { PluginKind } from '../../cluster/resources.ts';
import { PUSHED_ANNOTATION } from '../../mesh/identity/names.ts';
import { type PodRevision, revisionName } from '../../mesh/identity/revision.ts';
import type { FilterState } from '../../mesh/identity/state.ts';
import type { EnvoyFilter } from '../../mesh/objects/envoy-filter.ts';
import type { FilterResource } from '../../mesh/objects/filter-resource.ts';
import { filtersOn, revisionOn, stateOn } from '../../mesh/template/template.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import type { WorkloadIndex, WorkloadListKey } from '../../targets/workload-index.ts';
import type { UnmanagedView } from './unmanaged.ts';

/** A workload as it was observed. */
export interface ObservedWorkload {
  readonly ref: WorkloadRef;
  readonly workload: Workload;
}

/** What the cluster holds of everything a request is about. */
export interface ClusterSnapshot {
  readonly workloadIndex: WorkloadIndex;
  /** What a plugin is in this cluster; a WasmPlugin where nobody has listed any. */
  readonly pluginKind: PluginKind;
  /** Our ConfigMaps of a namespace, their metadata alone. */
  configMaps(namespace: string): readonly KubernetesObject[];
  /** Our EnvoyFilters and plugins of a namespace. */
  filterResources(namespace: string): readonly FilterResource[];
  /** The objects of a revision in a namespace. */
  objectsOf(namespace: string, revision: Pick<PodRevision, 'filter' | 'id'>): RevisionObjects;
  /** The EnvoyFilters of a namespace that are not ours. */
  foreignEnvoyFilters(namespace: string): readonly EnvoyFilter[];
  /** The workloads of a namespace, of the kinds that were listed, and the Gateways that have a filter of this action. */
  workloads(namespace: string): readonly ObservedWorkload[];
  /** The filters that have objects of this action in a namespace. */
  filtersWithObjects(namespace: string): readonly string[];
  /** The version of the list that the workloads of a kind are from, to watch on from; `undefined` where none is known. */
  listedAt(list: WorkloadListKey): string | undefined;
  /** Whether every kind of workload of a namespace was listed. */
  isComplete(namespace: string): boolean;
  /** What else there is of filters that are not ours. */
  readonly unmanaged: UnmanagedView;
}

/** The objects of a revision in a namespace; `undefined` for one that is not there. */
export interface RevisionObjects {
  readonly configMap: KubernetesObject | undefined;
  readonly filterResource: FilterResource | undefined;
}

/** A filter on a workload as it was observed, with what else there is of it: looked up once, and handed on. */
export interface ObservedFilter extends ObservedWorkload, RevisionObjects {
  readonly filter: string;
  /** The revision that its pods carry; `undefined` for none. */
  readonly id: string | undefined;
  /** What a run has recorded of it; `undefined` if none has. */
  readonly recorded: FilterState | undefined;
}

/** Returns what there is of a filter on a workload, of which it may have nothing. */
export function observedFilter(
  filter: string,
  { ref, workload }: ObservedWorkload,
  snapshot: Pick<ClusterSnapshot, 'objectsOf'>,
): ObservedFilter {
  const id = revisionOn(workload, filter);
  const none: RevisionObjects = { configMap: undefined, filterResource: undefined };
  const objects = id === undefined ? none : snapshot.objectsOf(ref.namespace, { filter, id });
  return { ref, workload, filter, id, recorded: stateOn(workload)[filter], ...objects };
}

/** Returns what finds the objects of revisions, going through those of each namespace once. */
export function objectFinder({
  configMaps,
  filterResources,
}: Pick<ClusterSnapshot, 'configMaps' | 'filterResources'>): ClusterSnapshot['objectsOf'] {
  const known = new Map<
    string,
    { configMaps: Map<string, KubernetesObject>; filterResources: Map<string, FilterResource> }
  >();
  return (namespace, revision) => {
    const objects = known.get(namespace) ?? {
      configMaps: byName(configMaps(namespace)),
      filterResources: byName(filterResources(namespace)),
    };
    known.set(namespace, objects);
    const name = revisionName(revision);
    return { configMap: objects.configMaps.get(name), filterResource: objects.filterResources.get(name) };
  };
}

/** Of several objects of a name, which are of different kinds, the first. */
function byName<T extends KubernetesObject>(objects: readonly T[]): Map<string, T> {
  return new Map(objects.toReversed().map((object) => [object.metadata.name, object]));
}

/** Returns the id of the revision whose settings the pods of a revision have: its own, or that of one that was pushed. */
export function settingsIn({ filterResource }: Pick<RevisionObjects, 'filterResource'>, id: string): string {
  return filterResource?.metadata.annotations?.[PUSHED_ANNOTATION] ?? id;
}

/** Returns the revision that the pods of a workload run of a filter, with the settings that were pushed; `undefined` for none. */
export function revisionRunOn({ id, ...current }: ObservedFilter): string | undefined {
  return id === undefined ? undefined : settingsIn(current, id);
}

/** The filters that a workload carries or has a record of, in the order of their names. */
export function knownFilters({ workload }: ObservedWorkload, only?: string): string[] {
  const known = new Set([...filtersOn(workload), ...Object.keys(stateOn(workload))]);
  return [...known].filter((filter) => only === undefined || filter === only).sort();
}
