import type { Permission } from '../../base/permission.ts';
import { permissionOf } from '../../cluster/access.ts';
import { ApiError } from '../../cluster/errors.ts';
import { POD } from '../../cluster/resources.ts';
import { podLabel } from '../../mesh/identity/names.ts';
import { nameOf } from '../apply/collect-garbage.ts';
import type { DeployContext } from '../context.ts';
import { ownerOf, type PodOwner } from '../kinds/kinds.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import { type FilterInNamespace, findGarbage, type GarbagePolicy, unclearGarbage } from '../plan/garbage.ts';
import type { Garbage } from '../plan/plan.ts';
import { missingPermissions } from '../preflight/permissions.ts';
import type { FoundStatus } from '../report/status-report.ts';
import type { StatusRequest } from '../request.ts';
import type { ResolvedScopes } from './scope.ts';

/**
 * The workloads whose pods run each revision of a filter in a namespace, by `namespace filter`; `undefined` if pods may not be
 * listed.
 */
export type PodRevisions = ReadonlyMap<string, ReadonlyMap<string, readonly PodOwner[]> | undefined>;

/** Reads which pods run which revision of each filter: one list for each filter and namespace, of metadata alone. */
export async function readPodRevisions(
  places: readonly FilterInNamespace[],
  { client, log }: Pick<DeployContext, 'client' | 'log'>,
): Promise<PodRevisions> {
  const distinct = new Map(places.map((place) => [`${place.namespace} ${place.filter}`, place]));
  const found = await Promise.all(
    [...distinct].map(async ([key, { namespace, filter }]): Promise<[string, Map<string, PodOwner[]> | undefined]> => {
      const label = podLabel(filter);
      try {
        const { items } = await client.listMetadata(POD, namespace, { labelSelector: label });
        const revisions = new Map<string, PodOwner[]>();
        for (const pod of items) {
          const revision = pod.metadata.labels?.[label] ?? '';
          const owner = ownerOf(pod);
          revisions.set(revision, [...(revisions.get(revision) ?? []), ...(owner === undefined ? [] : [owner])]);
        }
        return [key, revisions];
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        log.debug(`Which pods run ${filter} in ${namespace} is not known: ${error.message}`);
        return [key, undefined];
      }
    }),
  );
  return new Map(found);
}

type Use = 'garbage' | 'kept' | 'inUse' | 'inUseUnseen' | 'unknown';

/** The objects of revisions that no pod template names: what pods still run, what is kept to go back to, and what is left over. */
export function sortSuperseded(
  resolved: ResolvedScopes<StatusRequest>,
  pods: PodRevisions,
): Pick<FoundStatus, 'garbage' | 'kept' | 'inUse' | 'inUseUnseen' | 'unknown'> {
  const { snapshot, request } = resolved;
  const nothing = { configMaps: [], filterResources: [], workloads: [], warnings: [] };
  const places = supersededPlaces(resolved);
  const find = (policy: GarbagePolicy): Garbage[] => [
    ...findGarbage(nothing, snapshot, policy, places),
    ...unclearGarbage(nothing, snapshot, policy, places),
  ];
  const beyond = new Set(find(request).map(nameOf));
  const useOf = (garbage: Garbage): Use => {
    const running = pods.get(`${garbage.namespace} ${garbage.filter}`);
    const owners = running?.get(garbage.revision);
    if (owners !== undefined) return owners.some(isUnseen(garbage, snapshot)) ? 'inUseUnseen' : 'inUse';
    if (!beyond.has(nameOf(garbage))) return 'kept';
    return running === undefined || !snapshot.isComplete(garbage.namespace) ? 'unknown' : 'garbage';
  };
  const groups = Map.groupBy(find({ keepRevisions: 0 }), useOf);
  const named = (use: Use): string[] => (groups.get(use) ?? []).map(nameOf);
  const some = (use: Exclude<Use, 'garbage'>): Partial<Record<Use, string[]>> =>
    groups.has(use) ? { [use]: named(use) } : {};
  return { garbage: named('garbage'), ...some('kept'), ...some('inUse'), ...some('inUseUnseen'), ...some('unknown') };
}

/** Whether a workload of a namespace is of a kind that could not be listed there: its template may name the revision. */
function isUnseen({ namespace }: Garbage, { workloadIndex }: ClusterSnapshot): (owner: PodOwner) => boolean {
  return ({ kind }) => workloadIndex.list({ kind, namespace }) === undefined;
}

/** Returns the missing permissions without which it is not known which pods run superseded revisions; none where it is. */
export async function missingToSort(
  { unknown = [] }: Pick<FoundStatus, 'unknown'>,
  namespaces: readonly string[],
  { client, log }: Pick<DeployContext, 'client' | 'log'>,
): Promise<readonly Permission[]> {
  if (unknown.length === 0) return [];
  const toSeePods = namespaces.map((namespace) => ({ verb: 'list', resource: POD, namespace }));
  return (await missingPermissions(toSeePods, client, log)).map(permissionOf);
}

/** Each filter of the scopes that has objects, and where. */
export function supersededPlaces({ snapshot, parts }: ResolvedScopes<StatusRequest>): FilterInNamespace[] {
  const places = parts.flatMap(({ scope, namespaces }) =>
    namespaces.flatMap((namespace) =>
      snapshot
        .filtersWithObjects(namespace)
        .filter((filter) => scope.filter === undefined || filter === scope.filter)
        .map((filter) => ({ namespace, filter })),
    ),
  );
  return [...new Map(places.map((place) => [`${place.namespace} ${place.filter}`, place])).values()];
}
