import { revisionName } from '../../mesh/identity/revision.ts';
import { parseVerified } from '../../mesh/identity/verified.ts';
import type { ConfigMap } from '../../mesh/objects/config-map.ts';
import { type FilterResource, kindFor, kindOf } from '../../mesh/objects/filter-resource.ts';
import { revisionOn, stateOn } from '../../mesh/template/template.ts';
import { workloadKey } from '../../targets/target.ts';
import type { WrittenObjects } from '../apply/objects.ts';
import { type ClusterSnapshot, knownFilters } from '../observe/snapshot.ts';
import { type Garbage, objectKey, type Plan, type PlannedObject, podRevisionsOf } from '../plan/plan.ts';
import { type WorkloadRollout, writeOf } from './workload-rollout.ts';

/** What nobody uses after a run that has failed. */
export interface Leftovers {
  /** What it has made itself. */
  readonly made: readonly Garbage[];
  /** What it has made for workloads that newer runs have all replaced it on: who comes after may go back to it, and deletes it later. */
  readonly replaced: readonly Garbage[];
  /** What was there before, of revisions that workloads were rolled back from: a killed run has made it. */
  readonly found: readonly Garbage[];
}

/**
 * The objects of revisions that every workload was rolled back from. One that the run could not write may be somebody else's; one
 * that was there before stays if it was ever verified, or if a workload may go back to it.
 */
export function leftovers(
  plan: Plan,
  rollouts: readonly WorkloadRollout[],
  written: WrittenObjects,
  snapshot: ClusterSnapshot,
): Leftovers {
  const all = madeBy(plan, written);
  const kept = usedOf(rollouts);
  const ours = usedOf(rollouts.filter(({ state }) => state !== 'superseded'));
  return {
    made: all.filter((one) => !kept.has(keyOf(one))),
    replaced: all.filter((one) => kept.has(keyOf(one)) && !ours.has(keyOf(one))),
    found: foundUnused(plan, rollouts, snapshot),
  };
}

function keyOf({ namespace, filter, revision }: Garbage): string {
  return objectKey(namespace, { filter, id: revision });
}

/** The objects that were not there before the run. */
function madeBy({ configMaps, filterResources }: Plan, written: WrittenObjects): Garbage[] {
  const fresh = <T extends ConfigMap | FilterResource>(
    kindIn: (object: PlannedObject<T>) => Garbage['kind'],
    objects: readonly PlannedObject<T>[],
    results: WrittenObjects['configMaps'],
  ): Garbage[] =>
    objects
      .filter(({ exists, namespace, podRevision }) => {
        const key = objectKey(namespace, podRevision);
        return results.get(key)?.state === 'done' && !exists;
      })
      .map((object) => ({
        kind: kindIn(object),
        namespace: object.namespace,
        name: revisionName(object.podRevision),
        filter: object.podRevision.filter,
        revision: object.podRevision.id,
      }));
  return [
    ...fresh(({ podRevision }) => kindFor(podRevision), filterResources, written.filterResources),
    ...fresh(() => 'ConfigMap' as const, configMaps, written.configMaps),
  ];
}

/** A revision of a filter in a namespace. */
interface Place {
  readonly namespace: string;
  readonly filter: string;
  readonly id: string;
}

function foundUnused(
  { filterResources }: Plan,
  rollouts: readonly WorkloadRollout[],
  snapshot: ClusterSnapshot,
): Garbage[] {
  const left = new Map(
    rollouts
      .filter(isBack)
      .flatMap(leftBy)
      .map((place) => [objectKey(place.namespace, place), place]),
  );
  if (left.size === 0) return [];
  const namespaces = [...new Set([...left.values()].map(({ namespace }) => namespace))];
  const kept = new Set([
    ...usedOf(rollouts),
    ...namespaces.flatMap((namespace) => namedIn(namespace, rollouts, snapshot)),
    ...filterResources.flatMap(({ namespace, podRevision, pushedOver }) =>
      pushedOver === undefined ? [] : [objectKey(namespace, podRevision)],
    ),
  ]);
  const objects = [...left]
    .filter(([key]) => !kept.has(key))
    .map(([, { namespace, filter, id }]) => ({
      of: { namespace, name: revisionName({ filter, id }), filter, revision: id },
      ...snapshot.objectsOf(namespace, { filter, id }),
    }))
    .filter(({ configMap }) => configMap === undefined || parseVerified(configMap).size === 0);
  // A proxy must never be told to read a file that is gone.
  return [
    ...objects.flatMap(({ of, filterResource }) => (filterResource ? [{ ...of, kind: kindOf(filterResource) }] : [])),
    ...objects.flatMap(({ of, configMap }) => (configMap ? [{ ...of, kind: 'ConfigMap' as const }] : [])),
  ];
}

/** The revisions, wanted or found, that a workload has no more once it is rolled back. */
function leftBy({ planned }: WorkloadRollout): Place[] {
  const { ref, observed, revisions, rollbackTargets } = planned;
  return revisions.flatMap(({ podRevision: { filter, id } }) =>
    [id, revisionOn(observed, filter)].flatMap((one) =>
      one === undefined || rollbackTargets.get(filter)?.id === one
        ? []
        : [{ namespace: ref.namespace, filter, id: one }],
    ),
  );
}

/** What the workloads of a namespace have, or may go back to, by `objectKey`. */
function namedIn(namespace: string, rollouts: readonly WorkloadRollout[], snapshot: ClusterSnapshot): string[] {
  const rolledBack = new Map(rollouts.filter(isBack).map(({ planned }) => [workloadKey(planned.ref), planned]));
  return snapshot.workloads(namespace).flatMap((observed) => {
    const back = rolledBack.get(workloadKey(observed.ref));
    return knownFilters(observed).flatMap((filter) => {
      const wasBrought = back?.revisions.some(({ podRevision }) => podRevision.filter === filter) === true;
      const runs = wasBrought ? back?.rollbackTargets.get(filter)?.id : revisionOn(observed.workload, filter);
      const { revision, previous, fallback } = stateOn(observed.workload)[filter] ?? {};
      const recorded = wasBrought && revision !== runs ? [] : [revision, previous, fallback];
      return [runs, ...recorded].flatMap((id) => (id === undefined ? [] : [objectKey(namespace, { filter, id })]));
    });
  });
}

function isBack(rollout: WorkloadRollout): boolean {
  return rollout.state === 'rolled-back' && rollout.rollback.state === 'rolled-back';
}

/** What the run has brought to workloads that still have it, by `objectKey`. */
function usedOf(rollouts: readonly WorkloadRollout[]): Set<string> {
  return new Set(
    rollouts.flatMap((rollout) => {
      const { planned } = rollout;
      const { state } = writeOf(rollout).result;
      const removed = rollout.state === 'superseded' && rollout.newer.revision === undefined;
      const gone = isBack(rollout) || removed || state === 'skipped' || state === 'failed';
      return gone ? [] : podRevisionsOf(planned).map((podRevision) => objectKey(planned.ref.namespace, podRevision));
    }),
  );
}
