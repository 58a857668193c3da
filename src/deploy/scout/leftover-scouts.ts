import { messageOf } from '../../base/problem.ts';
import { isApiError } from '../../cluster/errors.ts';
import type { KubernetesObject, Pod } from '../../cluster/objects.ts';
import { POD } from '../../cluster/resources.ts';
import { FILTER_LABEL, filtersIn, SCOUT_EXPIRY_ANNOTATION, SCOUT_LABEL } from '../../mesh/identity/names.ts';
import { FILTER_RESOURCES, kindOf } from '../../mesh/objects/filter-resource.ts';
import type { DeployContext } from '../context.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';

/** A filter in a namespace that a run is about. */
export type Filters = ReadonlyMap<string, ReadonlySet<string>>;

/** Whether an object was made for scouts alone. */
export function isOfScouts({ metadata }: KubernetesObject): boolean {
  return metadata.labels?.[SCOUT_LABEL] !== undefined;
}

/**
 * Deletes the scouts that a killed run has left in namespaces, and what brought filters to them alone: those of filters that this run is
 * about, and all whose time is over. One of another filter may be of a run that goes on. Never throws; what cannot be seen or deleted
 * ends by itself.
 */
export async function deleteLeftovers(
  filters: Filters,
  snapshot: Pick<ClusterSnapshot, 'filterResources'>,
  context: Pick<DeployContext, 'client' | 'log' | 'date'>,
): Promise<void> {
  await Promise.all(
    [...filters].map(async ([namespace, names]) => {
      await Promise.all([deletePods(namespace, names, context), deleteResources(namespace, names, snapshot, context)]);
    }),
  );
}

async function deletePods(
  namespace: string,
  names: ReadonlySet<string>,
  { client, log, date }: Pick<DeployContext, 'client' | 'log' | 'date'>,
): Promise<void> {
  try {
    const { items } = await client.list<Pod>(POD, namespace, { labelSelector: SCOUT_LABEL });
    const now = date().toISOString();
    const left = items.filter(
      ({ metadata }) =>
        metadata.deletionTimestamp === undefined &&
        (filtersIn(metadata.labels ?? {}).some((name) => names.has(name)) ||
          (metadata.annotations?.[SCOUT_EXPIRY_ANNOTATION] ?? now) <= now),
    );
    for (const { metadata } of left) {
      log.info(`Pod ${namespace}/${metadata.name} deleted: an earlier run has left this scout.`);
      await client.delete(POD, namespace, metadata.name);
    }
  } catch (error) {
    log.debug(`Scouts that were left in ${namespace}: ${messageOf(error)}`);
  }
}

async function deleteResources(
  namespace: string,
  names: ReadonlySet<string>,
  snapshot: Pick<ClusterSnapshot, 'filterResources'>,
  { client, log }: Pick<DeployContext, 'client' | 'log'>,
): Promise<void> {
  for (const object of snapshot.filterResources(namespace)) {
    if (!isOfScouts(object) || !names.has(object.metadata.labels?.[FILTER_LABEL] ?? '')) continue;
    const { name } = object.metadata;
    try {
      await client.delete(FILTER_RESOURCES[kindOf(object)], namespace, name);
      log.info(`${kindOf(object)} ${namespace}/${name} deleted: an earlier run has left it, for its scout.`);
    } catch (error) {
      if (!isApiError(error, 404)) log.debug(`${kindOf(object)} ${namespace}/${name}: ${messageOf(error)}`);
    }
  }
}
