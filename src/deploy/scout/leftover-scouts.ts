import { messageOf } from '../../base/problem.ts';
import { isApiError } from '../../cluster/errors.ts';
import type { KubernetesObject, Pod } from '../../cluster/objects.ts';
import { POD } from '../../cluster/resources.ts';
import { FILTER_LABEL, filtersIn, SCOUT_LABEL, SCOUT_RUN_ANNOTATION } from '../../mesh/identity/names.ts';
import { isEarlierAttempt } from '../../mesh/identity/run-order.ts';
import { FILTER_RESOURCES, kindOf } from '../../mesh/objects/filter-resource.ts';
import type { DeployContext } from '../context.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import type { Plan } from '../plan/plan.ts';
import { SCOUT_SECONDS } from './scout-pod.ts';

/** So much older than a scout can be, in milliseconds, nothing is of a run that goes on, even where clocks differ by two minutes. */
const OUTLIVED_MS = (SCOUT_SECONDS + 120) * 1_000;

type LeftoverContext = Pick<DeployContext, 'client' | 'log' | 'date'> & {
  /** The run that looks for them: `owner/repo/run/attempt`, or `local`. */
  readonly run: string;
  /** When that began, ISO 8601; `undefined` where nobody knows. */
  readonly started: string | undefined;
};

/**
 * Deletes the scouts that a killed run has left in namespaces where a plan changes workloads, and what brought filters to them alone: all that nobody uses any more, of
 * whichever filter, and those of the filters that this run changes there which were made before it began, as what their run writes is
 * replaced anyway. Those of other filters and of newer runs stay. Never throws; what cannot be seen or deleted ends by itself.
 */
export async function deleteLeftovers(
  plan: Plan,
  snapshot: Pick<ClusterSnapshot, 'filterResources'>,
  context: LeftoverContext,
): Promise<void> {
  await Promise.all(
    [...filtersChangedBy(plan)].map(async ([namespace, names]) => {
      const isLeft = leftoverRule(names, context);
      await Promise.all([
        deletePods(namespace, isLeft, context),
        deleteResources(namespace, isLeft, snapshot, context),
      ]);
    }),
  );
}

/** The filters that the changed workloads of each namespace get or lose. */
function filtersChangedBy({ workloads }: Plan): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const { ref, revisions, removals, patch } of workloads) {
    if (patch === undefined) continue;
    const names = found.get(ref.namespace) ?? new Set();
    found.set(ref.namespace, names);
    for (const name of [...revisions.map(({ revision }) => revision.filter), ...removals]) names.add(name);
  }
  return found;
}

/**
 * Returns what tells whether no run needs any more what one has made for its scouts: its time is over, this run is the next attempt at the
 * same, or began later and changes one of its filters, `names`.
 */
function leftoverRule(
  names: ReadonlySet<string>,
  { run, started, date }: Pick<LeftoverContext, 'run' | 'started' | 'date'>,
): (object: KubernetesObject) => boolean {
  return ({ metadata }) => {
    const { annotations = {}, labels = {}, creationTimestamp = '' } = metadata;
    if (isEarlierAttempt(annotations[SCOUT_RUN_ANNOTATION] ?? '', run)) return true;
    const created = Date.parse(creationTimestamp);
    if (date().getTime() - created >= OUTLIVED_MS) return true;
    const filters = [...filtersIn(labels), labels[FILTER_LABEL] ?? ''];
    return created < Date.parse(started ?? '') && filters.some((name) => names.has(name));
  };
}

/** Whether Kubernetes has ended a pod, as it does a scout after its time. */
function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Failed' || status?.phase === 'Succeeded';
}

async function deletePods(
  namespace: string,
  isLeft: (object: KubernetesObject) => boolean,
  { client, log }: Pick<DeployContext, 'client' | 'log'>,
): Promise<void> {
  try {
    const { items } = await client.list<Pod>(POD, namespace, { labelSelector: SCOUT_LABEL });
    const left = items.filter((pod) => pod.metadata.deletionTimestamp === undefined && (hasEnded(pod) || isLeft(pod)));
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
  isLeft: (object: KubernetesObject) => boolean,
  snapshot: Pick<ClusterSnapshot, 'filterResources'>,
  { client, log }: Pick<DeployContext, 'client' | 'log'>,
): Promise<void> {
  for (const object of snapshot.filterResources(namespace)) {
    const { name, labels = {} } = object.metadata;
    if (labels[SCOUT_LABEL] === undefined || !isLeft(object)) continue;
    try {
      await client.delete(FILTER_RESOURCES[kindOf(object)], namespace, name);
      log.info(`${kindOf(object)} ${namespace}/${name} deleted: an earlier run has left it, for its scout.`);
    } catch (error) {
      if (!isApiError(error, 404)) log.debug(`${kindOf(object)} ${namespace}/${name}: ${messageOf(error)}`);
    }
  }
}
