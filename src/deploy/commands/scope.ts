import { append } from '../../base/lists.ts';
import type { Permission } from '../../base/permission.ts';
import { Diagnostics, type PartialResult, partialResult } from '../../base/problem.ts';
import { distinctWarnings, type Warning } from '../../base/warning.ts';
import { missingNamespace, neededLists, type ResolvedTarget, resolveTargets } from '../../targets/resolve.ts';
import { workloadKey } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import { ClusterReader } from '../observe/cluster-reader.ts';
import { maskObserved } from '../observe/mask-observed.ts';
import { resolveNamespaces } from '../observe/resolve-namespaces.ts';
import type { ClusterSnapshot, ObservedWorkload } from '../observe/snapshot.ts';
import { missingToSee, unseenWarnings } from '../observe/unseen.ts';
import { allLists, usualLists } from '../observe/wanted-lists.ts';
import type { RequestOrProblems, Scope } from '../request.ts';

/** What scopes come to; where something is wrong, as far as it was found. */
export interface ResolvedScopes<T> {
  readonly request: T;
  readonly snapshot: ClusterSnapshot;
  readonly parts: readonly ResolvedPart<T>[];
  /** The workloads that any of them means, each once. */
  readonly workloads: readonly ObservedWorkload[];
  readonly namespaces: readonly string[];
  /** What of the target list means nothing. */
  readonly warnings: readonly Warning[];
  /** Without these, not every workload of the namespaces was seen. */
  readonly missingToSee: readonly Permission[];
}

/** What one scope comes to. */
export interface ResolvedPart<T> {
  readonly scope: ScopeOf<T>;
  /** The workloads that it means: those that are named, or all of its namespaces. */
  readonly workloads: readonly ObservedWorkload[];
  /** Those of the target list, with the settings that they have of their own. */
  readonly targets: readonly ResolvedTarget[];
  readonly namespaces: readonly string[];
}

/** What a request is about, one for each of its filters. */
type ScopeOf<T> = T extends { readonly scopes: readonly (infer S)[] } ? S : never;

/**
 * Observes what `status`, `remove` and `sweep` are about: every workload of the namespaces, because what else names a
 * revision decides what may go. A cluster whose Istio is gone is no problem: then there are no EnvoyFilters.
 */
export async function resolveScopes<T extends { readonly scopes: readonly Scope[] }>(
  requested: RequestOrProblems<T>,
  { client, log, mask }: Pick<DeployContext, 'client' | 'log' | 'mask'>,
): Promise<PartialResult<ResolvedScopes<T>>> {
  const diagnostics = new Diagnostics();
  if (!requested.ok) diagnostics.add(requested.problems);
  const given = requested.request.scopes as readonly (Scope & ScopeOf<T>)[];
  const found = await resolveNamespaces(
    given.map(({ entries }) => entries),
    client,
    log,
  );
  diagnostics.add(found.problems);
  const scopes = given.map((scope, index) => ({ ...scope, entries: found.lists[index] ?? [] }));
  const request = { ...requested.request, scopes };
  const placed = scopes.map((scope) => {
    const needed = neededLists(scope.entries);
    const listed = needed.map(({ namespace }) => namespace);
    const isListed = scope.entries.length > 0 || !requested.ok;
    return { scope, needed, namespaces: [...new Set(isListed ? listed : scope.namespaces)] };
  });
  const all = [...new Set(placed.flatMap(({ namespaces }) => namespaces))];
  const clusterReader = new ClusterReader(client, { withoutIstio: true, namespaces: found.namespaces });
  const { snapshot, problems, unseen } = await clusterReader.read([
    ...placed.flatMap(({ needed, namespaces }) => (needed.length > 0 ? needed : usualLists(namespaces))),
    ...allLists(all),
  ]);
  maskObserved(snapshot, all, mask);
  diagnostics.add(problems);
  const warnings: Warning[] = unseenWarnings(unseen);
  const missing = new Set<string>();
  const parts = placed.map(({ scope, namespaces }): ResolvedPart<T> => {
    const { entries } = scope;
    const resolved = resolveTargets(entries, snapshot.workloadIndex, {});
    diagnostics.add(resolved.problems);
    append(warnings, resolved.warnings);
    for (const namespace of namespaces) {
      if (entries.length === 0 && snapshot.workloadIndex.namespaceState(namespace) === 'missing')
        missing.add(namespace);
    }
    const workloads =
      entries.length > 0
        ? resolved.targets.map(({ ref, workload }) => ({ ref, workload }))
        : namespaces.flatMap((namespace) => snapshot.workloads(namespace));
    return { scope, workloads, targets: resolved.targets, namespaces };
  });
  const known = snapshot.workloadIndex.namespaces;
  diagnostics.add([...missing].map((namespace) => missingNamespace(namespace, 'input "namespace"', known)));
  const workloads = new Map(parts.flatMap((part) => part.workloads).map((one) => [workloadKey(one.ref), one]));
  return partialResult(
    {
      request,
      snapshot,
      parts,
      workloads: [...workloads.values()],
      namespaces: all,
      warnings: distinctWarnings(warnings),
      missingToSee: missingToSee(unseen),
    },
    diagnostics.problems,
  );
}
