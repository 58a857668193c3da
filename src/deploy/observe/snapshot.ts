import type { KubernetesObject, Workload } from '../../cluster/objects.ts';
import type { PluginKind } from '../../cluster/resources.ts';
import { type Placement, revisionName } from '../../mesh/identity/revision.ts';
import type { EnvoyFilter } from '../../mesh/objects/envoy-filter.ts';
import type { Inserter } from '../../mesh/objects/filter-resource.ts';
import { filtersOn, stateOn } from '../../mesh/template/template.ts';
import type { Catalogue } from '../../targets/resolve.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import type { UnmanagedView } from './unmanaged.ts';

/** A workload as it was observed. */
export interface ObservedWorkload {
  readonly ref: WorkloadRef;
  readonly workload: Workload;
}

/** What the cluster holds of everything a request is about. */
export interface Observation {
  readonly catalogue: Catalogue;
  /** What a plugin is in this cluster; a WasmPlugin where nobody has listed any. */
  readonly pluginKind: PluginKind;
  /** Our ConfigMaps of a namespace, their metadata alone. */
  configMaps(namespace: string): readonly KubernetesObject[];
  /** Our EnvoyFilters and plugins of a namespace. */
  inserters(namespace: string): readonly Inserter[];
  /** The EnvoyFilters of a namespace that are not ours. */
  foreignEnvoyFilters(namespace: string): readonly EnvoyFilter[];
  /** The workloads of a namespace, of the kinds that were listed, and the Gateways that have a filter of ours. */
  workloads(namespace: string): readonly ObservedWorkload[];
  /** The filters that have objects of ours in a namespace. */
  filtersWithObjects(namespace: string): readonly string[];
  /** Whether every kind of workload of a namespace was listed. */
  isComplete(namespace: string): boolean;
  /** What else there is of filters that are not ours. */
  readonly unmanaged: UnmanagedView;
}

/** The inserter of a revision in a namespace. */
export function inserterOf(
  observation: Pick<Observation, 'inserters'>,
  namespace: string,
  revision: Pick<Placement, 'filter' | 'id'>,
): Inserter | undefined {
  return observation.inserters(namespace).find(({ metadata }) => metadata.name === revisionName(revision));
}

/** The ConfigMap of a revision in a namespace. */
export function configMapOf(
  observation: Pick<Observation, 'configMaps'>,
  namespace: string,
  revision: Pick<Placement, 'filter' | 'id'>,
): KubernetesObject | undefined {
  return observation.configMaps(namespace).find(({ metadata }) => metadata.name === revisionName(revision));
}

/** The filters that a workload carries or has a record of, in the order of their names. */
export function knownFilters({ workload }: ObservedWorkload, only?: string): string[] {
  const known = new Set([...filtersOn(workload), ...Object.keys(stateOn(workload))]);
  return [...known].filter((filter) => only === undefined || filter === only).sort();
}
