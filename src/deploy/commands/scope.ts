import type { Log } from '../../base/log.ts';
import { Diagnostics, type PartialResult, partialResult } from '../../base/problem.ts';
import type { Client } from '../../cluster/client.ts';
import { missingNamespace, neededLists, resolveTargets } from '../../targets/resolve.ts';
import { allLists, ClusterReader } from '../observe/cluster-reader.ts';
import { placeTargets } from '../observe/place-targets.ts';
import type { ClusterSnapshot, ObservedWorkload } from '../observe/snapshot.ts';
import type { RequestOrProblems, Scope } from '../request.ts';

/** What a scope comes to; where something is wrong, as far as it was found. */
export interface ResolvedScope<T> {
  readonly request: T;
  readonly snapshot: ClusterSnapshot;
  /** The workloads that the scope means: those that are named, or all of its namespaces. */
  readonly workloads: readonly ObservedWorkload[];
  readonly namespaces: readonly string[];
  /** What of the target list means nothing. */
  readonly warnings: readonly string[];
}

/**
 * Observes what `status`, `remove` and `sweep` are about: every workload of the namespaces, because what else names a
 * revision decides what may go. A cluster whose Istio is gone is no problem: then there are no EnvoyFilters.
 */
export async function resolveScope<T extends { readonly scope: Scope }>(
  requested: RequestOrProblems<T>,
  client: Client,
  log: Pick<Log, 'info'>,
): Promise<PartialResult<ResolvedScope<T>>> {
  const diagnostics = new Diagnostics();
  if (!requested.ok) diagnostics.add(requested.problems);
  const { scope } = requested.request;
  const placed = await placeTargets([scope.entries], client, log);
  diagnostics.add(placed.problems);
  const [entries = []] = placed.lists;
  const request = { ...requested.request, scope: { ...scope, entries } };
  const needed = neededLists(entries);
  const listed = needed.map(({ namespace }) => namespace);
  const namespaces = [...new Set(entries.length > 0 || !requested.ok ? listed : scope.namespaces)];
  const clusterReader = new ClusterReader(client, { withoutIstio: true, namespaces: placed.namespaces });
  const { snapshot, problems } = await clusterReader.read([...needed, ...allLists(namespaces)]);
  diagnostics.add(problems);
  const resolved = resolveTargets(entries, snapshot.workloadIndex, {});
  diagnostics.add(resolved.problems);
  for (const namespace of namespaces) {
    if (entries.length > 0 || snapshot.workloadIndex.namespaceExists(namespace) !== false) continue;
    diagnostics.add(missingNamespace(namespace, 'input "namespace"', snapshot.workloadIndex.namespaces));
  }
  const workloads =
    entries.length > 0
      ? resolved.targets.map(({ ref, workload }) => ({ ref, workload }))
      : namespaces.flatMap((namespace) => snapshot.workloads(namespace));
  const { warnings } = resolved;
  return partialResult({ request, snapshot, workloads, namespaces, warnings }, diagnostics.problems);
}
