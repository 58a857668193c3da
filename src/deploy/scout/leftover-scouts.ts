import { messageOf } from '../../base/problem.ts';
import { isApiError } from '../../cluster/errors.ts';
import type { KubernetesObject, Pod } from '../../cluster/objects.ts';
import { POD } from '../../cluster/resources.ts';
import { SCOUT_LABEL, SCOUT_RUN_ANNOTATION } from '../../mesh/identity/names.ts';
import { isEarlierAttempt } from '../../mesh/identity/run-order.ts';
import { FILTER_RESOURCES, kindOf } from '../../mesh/objects/filter-resource.ts';
import type { DeployContext } from '../context.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import { SCOUT_SECONDS } from './scout-pod.ts';

/** So much older than a scout can be, in milliseconds, nothing is of a run that goes on, even where clocks differ by two minutes. */
const OUTLIVED_MS = (SCOUT_SECONDS + 120) * 1_000;

type LeftoverContext = Pick<DeployContext, 'client' | 'log' | 'date'> & {
  /** The run that looks for them: `owner/repo/run/attempt`, or `local`. */
  readonly run: string;
};

/**
 * Deletes the scouts that a killed run has left in namespaces, and what brought filters to them alone, of whichever filter: all that
 * nobody uses any more. Those of another run that may go on stay. Never throws; what cannot be seen or deleted ends by itself.
 */
export async function deleteLeftovers(
  namespaces: Iterable<string>,
  snapshot: Pick<ClusterSnapshot, 'filterResources'>,
  context: LeftoverContext,
): Promise<void> {
  await Promise.all(
    [...namespaces].map(async (namespace) => {
      await Promise.all([deletePods(namespace, context), deleteResources(namespace, snapshot, context)]);
    }),
  );
}

/** Whether no run uses any more what one has made for its scouts: its time is over, or `run` is the next attempt at the same. */
function isLeft({ metadata }: KubernetesObject, { run, date }: Pick<LeftoverContext, 'run' | 'date'>): boolean {
  const { annotations = {}, creationTimestamp = '' } = metadata;
  if (isEarlierAttempt(annotations[SCOUT_RUN_ANNOTATION] ?? '', run)) return true;
  return date().getTime() - Date.parse(creationTimestamp) >= OUTLIVED_MS;
}

/** Whether Kubernetes has ended a pod, as it does a scout after its time. */
function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Failed' || status?.phase === 'Succeeded';
}

async function deletePods(namespace: string, context: LeftoverContext): Promise<void> {
  const { client, log } = context;
  try {
    const { items } = await client.list<Pod>(POD, namespace, { labelSelector: SCOUT_LABEL });
    const left = items.filter(
      (pod) => pod.metadata.deletionTimestamp === undefined && (hasEnded(pod) || isLeft(pod, context)),
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
  snapshot: Pick<ClusterSnapshot, 'filterResources'>,
  context: LeftoverContext,
): Promise<void> {
  const { client, log } = context;
  for (const object of snapshot.filterResources(namespace)) {
    const { name, labels = {} } = object.metadata;
    if (labels[SCOUT_LABEL] === undefined || !isLeft(object, context)) continue;
    try {
      await client.delete(FILTER_RESOURCES[kindOf(object)], namespace, name);
      log.info(`${kindOf(object)} ${namespace}/${name} deleted: an earlier run has left it, for its scout.`);
    } catch (error) {
      if (!isApiError(error, 404)) log.debug(`${kindOf(object)} ${namespace}/${name}: ${messageOf(error)}`);
    }
  }
}
