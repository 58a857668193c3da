import type { Event, Pod } from '../../cluster/objects.ts';
import { isReady } from '../../cluster/pods.ts';
import { EVENT, POD } from '../../cluster/resources.ts';
import { podLabel } from '../../mesh/identity/names.ts';
import type { PodRevision } from '../../mesh/identity/revision.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import { workloadKey } from '../../targets/target.ts';
import { ownerOf } from '../kinds/kinds.ts';
import { type EvidenceSource, readIfAllowed } from './evidence-source.ts';

/** Which pods are meant: those that carry revisions, or all that a selector matches. */
export interface WantedPods {
  readonly ref: WorkloadRef;
  readonly podRevisions: readonly Pick<PodRevision, 'filter' | 'id'>[];
  readonly selector?: string;
}

/**
 * The pods of the wanted revisions, by `workloadKey`: one list per namespace and filter; of a workload that was not changed yet,
 * one list of all its pods.
 */
export async function listNewPods(
  workloads: readonly WantedPods[],
  source: EvidenceSource,
): Promise<ReadonlyMap<string, readonly Pod[]>> {
  const selectors = new Map<string, Set<string>>();
  const lists = new Map<string, { namespace: string; labelSelector: string; resource?: string }>();
  for (const { ref, podRevisions, selector } of workloads) {
    const resource = workloadKey(ref);
    if (selector !== undefined) lists.set(resource, { namespace: ref.namespace, labelSelector: selector, resource });
    for (const { filter, id } of podRevisions) {
      const key = `${ref.namespace} ${podLabel(filter)}`;
      selectors.set(key, (selectors.get(key) ?? new Set()).add(id));
    }
  }
  for (const [key, revisions] of selectors) {
    const [namespace = '', label = ''] = key.split(' ');
    lists.set(key, { namespace, labelSelector: `${label} in (${[...revisions].join(',')})` });
  }
  const found = new Map<string, Pod[]>();
  const seen = new Set<string>();
  await Promise.all(
    [...lists.values()].map(async ({ namespace, labelSelector, resource }) => {
      const list = await readIfAllowed(
        { verb: 'list', group: POD.group, resource: POD.plural, namespace },
        source,
        (client) => client.list<Pod>(POD, namespace, { labelSelector }),
      );
      for (const pod of list?.items ?? []) {
        const owner = ownerOf(pod);
        if (owner === undefined || seen.has(podId(pod))) continue;
        const workload = workloadKey({ ...owner, namespace });
        // Its selector may match the pods of others, too.
        if (resource !== undefined && resource !== workload) continue;
        seen.add(podId(pod));
        found.set(workload, [...(found.get(workload) ?? []), pod]);
      }
    }),
  );
  return found;
}

/** The pods that are not ready, of lists by any key. */
export function unreadyOf(pods: ReadonlyMap<string, readonly Pod[]>): ReadonlyMap<string, readonly Pod[]> {
  const unready = [...pods].map(([key, all]): [string, Pod[]] => [key, all.filter((pod) => !isReady(pod))]);
  return new Map(unready.filter(([, left]) => left.length > 0));
}

/** What tells a pod from another one of the same name. */
export function podId({ metadata }: Pod): string {
  return metadata.uid ?? metadata.name;
}

/** The warning events of a namespace. */
export async function listWarnings(namespace: string, source: EvidenceSource): Promise<readonly Event[]> {
  const list = await readIfAllowed(
    { verb: 'list', group: EVENT.group, resource: EVENT.plural, namespace },
    source,
    (client) => client.list<Event>(EVENT, namespace, { fieldSelector: 'type=Warning' }),
  );
  return list?.items ?? [];
}
