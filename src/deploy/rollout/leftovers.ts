import { revisionName } from '../../mesh/identity/revision.ts';
import type { ConfigMap } from '../../mesh/objects/config-map.ts';
import { type FilterResource, kindFor } from '../../mesh/objects/filter-resource.ts';
import type { WrittenObjects } from '../apply/objects.ts';
import { type Garbage, objectKey, type Plan, type PlannedObject, podRevisionsOf } from '../plan/plan.ts';
import { type WorkloadRollout, writeOf } from './workload-rollout.ts';

/**
 * What a failed run has made and nobody uses: the objects of revisions that every workload was rolled back from. One that it
 * could not write may be somebody else's.
 */
export function leftovers(
  { configMaps, filterResources }: Plan,
  rollouts: readonly WorkloadRollout[],
  written: WrittenObjects,
): Garbage[] {
  const used = new Set(
    rollouts.flatMap((rollout) => {
      const { planned } = rollout;
      const { state } = writeOf(rollout).result;
      const back = rollout.state === 'rolled-back' && rollout.rollback.state === 'rolled-back';
      const removed = rollout.state === 'superseded' && rollout.newer.revision === undefined;
      const gone = back || removed || state === 'skipped' || state === 'failed';
      return gone ? [] : podRevisionsOf(planned).map((podRevision) => objectKey(planned.ref.namespace, podRevision));
    }),
  );
  const fresh = <T extends ConfigMap | FilterResource>(
    kindIn: (object: PlannedObject<T>) => Garbage['kind'],
    objects: readonly PlannedObject<T>[],
    results: WrittenObjects['configMaps'],
  ): Garbage[] =>
    objects
      .filter(({ exists, namespace, podRevision }) => {
        const key = objectKey(namespace, podRevision);
        return results.get(key)?.state === 'done' && !exists && !used.has(key);
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
