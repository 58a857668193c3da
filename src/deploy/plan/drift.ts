import type { PodRevision } from '../../mesh/identity/revision.ts';
import { revisionOn, stateOn } from '../../mesh/template/template.ts';
import type { WantedTarget } from '../kinds/kind.ts';
import { targetKind } from '../kinds/kinds.ts';
import { objectKey, type Plan, type PlannedWorkload } from './plan.ts';

/**
 * Returns what of the revisions that a run has recorded is not as it left it, or that the record itself is not: the drift that
 * `deploy`, `plan` and `remove` correct. `status` tells more, by `findChanges`.
 */
export function findDrift(
  { ref, observed }: Pick<WantedTarget, 'ref' | 'observed'>,
  podRevisions: readonly PodRevision[],
): string[] {
  const state = stateOn(observed);
  const records = podRevisions.flatMap(({ filter, id }) => {
    const named = state[filter]?.revision;
    if (revisionOn(observed, filter) !== id || named === id) return [];
    return [`the record of ${filter} ${named === undefined ? 'was missing' : `named the revision ${named}`}`];
  });
  const recorded = podRevisions.filter(({ filter, id }) => state[filter]?.revision === id);
  const labels = recorded.flatMap(({ filter, id }) => {
    const label = revisionOn(observed, filter);
    if (label === id) return [];
    return [`the label of ${filter} was ${label === undefined ? 'removed' : `changed to ${label}`}`];
  });
  return [...records, ...labels, ...targetKind(ref).binding.editsOf(observed, recorded)];
}

/** Returns all that others have changed of a planned workload and of the objects that it needs, a clause each. */
export function driftOf(
  { ref, revisions, drift }: Pick<PlannedWorkload, 'ref' | 'revisions' | 'drift'>,
  { configMaps, filterResources }: Pick<Plan, 'configMaps' | 'filterResources'>,
): string[] {
  const keys = new Set(revisions.map(({ podRevision }) => objectKey(ref.namespace, podRevision)));
  const objects = [...configMaps, ...filterResources].filter((object) =>
    keys.has(objectKey(object.namespace, object.podRevision)),
  );
  return [...drift, ...objects.flatMap((object) => object.drift ?? [])];
}
