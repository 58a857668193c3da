import type { Workload } from '../../../src/cluster/objects.ts';
import type { Plan } from '../../../src/deploy/plan.ts';
import { describeWorkload } from '../../../src/targets/target.ts';
import { type ClusterParts, patchedWith, refOf } from '../builders.ts';

/** A cluster whose workloads are known. */
export interface Cluster extends ClusterParts {
  readonly workloads: Readonly<Record<string, Workload>>;
}

/** The cluster after a plan was carried out: objects as they were rendered, workloads merge-patched. */
export function carryOut(plan: Plan, cluster: ClusterParts): Cluster {
  const patches = new Map(plan.workloads.map(({ ref, patch }) => [describeWorkload(ref), patch]));
  const workloads = Object.entries(cluster.workloads ?? {}).map(([path, on]) => [
    path,
    patchedWith(on, patches.get(describeWorkload(refOf(path)))),
  ]);
  const configMaps = written(cluster.configMaps, plan.configMaps);
  const envoyFilters = written(cluster.envoyFilters, plan.envoyFilters);
  return { ...cluster, workloads: Object.fromEntries(workloads), configMaps, envoyFilters };
}

function written<T extends { readonly metadata: { readonly name: string } }>(
  there: Readonly<Record<string, readonly T[]>> = {},
  planned: readonly { readonly namespace: string; readonly write: boolean; readonly render: () => T }[],
): Record<string, readonly T[]> {
  const result: Record<string, readonly T[]> = { ...there };
  for (const { namespace, write, render } of planned) {
    if (!write) continue;
    const object: T = JSON.parse(JSON.stringify(render()));
    const others = (result[namespace] ?? []).filter(({ metadata }) => metadata.name !== object.metadata.name);
    result[namespace] = [...others, object];
  }
  return result;
}
