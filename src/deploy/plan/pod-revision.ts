import { defined } from '../../base/defined.ts';
import { mountedRevision, type PodRevision, podIdsOf, type Revision } from '../../mesh/identity/revision.ts';
import { workloadKey } from '../../targets/target.ts';
import { targetKind } from '../kinds/kinds.ts';
import { type ClusterSnapshot, type ObservedFilter, settingsIn } from '../observe/snapshot.ts';
import { objectKey } from './plan.ts';

/** A target and the revision it shall run. */
export interface WantedRevision {
  readonly current: ObservedFilter;
  readonly revision: Revision;
}

/** After so many pushes over each other's ids a workload that is well is rolled out once more. */
const MAX_IDS = 16;

/**
 * Returns what gives each target the revision that its pods are to carry: the one that they carry, where its settings are replaced
 * `inPlace` (by `workloadKey`), else one of the wanted settings. That never has an id whose EnvoyFilter holds settings that were
 * pushed or are to be: whoever carries it would lose them.
 */
export function podRevisionMaker(
  wanted: readonly WantedRevision[],
  inPlace: ReadonlyMap<string, PodRevision>,
  snapshot: Pick<ClusterSnapshot, 'objectsOf' | 'pluginKind'>,
): (target: WantedRevision) => PodRevision {
  const toBePushed = new Map(
    wanted.flatMap(({ current: { ref }, revision }): [string, string][] => {
      const podRevision = inPlace.get(workloadKey(ref));
      return podRevision === undefined ? [] : [[objectKey(ref.namespace, podRevision), revision.id]];
    }),
  );
  const isFree = (namespace: string, { filter, id: own }: Revision, id: string): boolean => {
    const held = settingsIn(snapshot.objectsOf(namespace, { filter, id }), own);
    return (toBePushed.get(objectKey(namespace, { filter, id })) ?? held) === own;
  };
  return ({ current, revision }) => {
    const { ref } = current;
    const updated = inPlace.get(workloadKey(ref));
    if (updated !== undefined) return updated;
    if (revision.settings.image !== undefined) {
      const pulled = targetKind(ref).binding.podRevisionFor(revision, ref.name);
      return pulled.image === undefined ? pulled : { ...pulled, kind: snapshot.pluginKind };
    }
    const id = idOnPods(current, revision) ?? podIdsOf(revision).find((one) => isFree(ref.namespace, revision, one));
    return { ...mountedRevision(revision), ...defined({ id }) };
  };
}

/** The id under which the revision was rolled out to the pods earlier, if its settings are still those; `undefined` if not. */
function idOnPods({ id, filterResource }: ObservedFilter, revision: Revision): string | undefined {
  if (id === undefined || settingsIn({ filterResource }, id) !== revision.id) return undefined;
  return podIdsOf(revision)
    .take(MAX_IDS)
    .find((one) => one === id);
}
