import type { KubernetesObject, Workload } from '../../../src/cluster/objects.ts';
import type { Garbage, Plan } from '../../../src/deploy/plan/plan.ts';
import { FILTER_RESOURCES, type FilterResourceKind } from '../../../src/mesh/objects/filter-resource.ts';
import { describeWorkload } from '../../../src/targets/target.ts';
import { type ClusterParts, patchedWith, refOf } from '../builders.ts';

/** A cluster whose workloads are known. */
export interface Cluster extends ClusterParts {
  readonly workloads: Readonly<Record<string, Workload>>;
}

/** The cluster after a plan was carried out: objects as they were rendered, workloads merge-patched, garbage gone. */
export function executePlan(plan: Plan, cluster: ClusterParts): Cluster {
  const patches = new Map(plan.workloads.map(({ ref, patch }) => [describeWorkload(ref), patch]));
  const workloads = Object.entries(cluster.workloads ?? {}).map(([path, on]) => [
    path,
    patchedWith(on, patches.get(describeWorkload(refOf(path)))),
  ]);
  const configMaps = without('ConfigMap', plan.garbage, written(cluster.configMaps, plan.configMaps));
  const filterResources = Object.keys(FILTER_RESOURCES).reduce(
    (there, kind) => without(kind as FilterResourceKind, plan.garbage, there),
    written(cluster.filterResources, plan.filterResources),
  );
  return { ...cluster, workloads: Object.fromEntries(workloads), configMaps, filterResources };
}

type Objects<T> = Readonly<Record<string, readonly T[]>>;

function written<T extends KubernetesObject>(
  there: Objects<T> = {},
  planned: readonly { readonly namespace: string; readonly write: boolean; readonly render: () => T }[],
): Objects<T> {
  const result: Record<string, readonly T[]> = { ...there };
  for (const { namespace, write, render } of planned) {
    if (!write) continue;
    const object: T = JSON.parse(JSON.stringify(render()));
    const others = (result[namespace] ?? []).filter(({ metadata }) => metadata.name !== object.metadata.name);
    result[namespace] = [...others, object];
  }
  return result;
}

function without<T extends KubernetesObject>(
  kind: Garbage['kind'],
  garbage: readonly Garbage[],
  there: Objects<T>,
): Objects<T> {
  const gone = new Set(garbage.flatMap((one) => (one.kind === kind ? [`${one.namespace}/${one.name}`] : [])));
  const left = Object.entries(there).map(([namespace, objects]) => [
    namespace,
    objects.filter(({ metadata }) => !gone.has(`${namespace}/${metadata.name}`)),
  ]);
  return Object.fromEntries(left);
}
