import type { PodRevision } from '../../mesh/identity/revision.ts';
import { parseVerified, verifiedKey } from '../../mesh/identity/verified.ts';
import { imageOf } from '../../mesh/objects/config-map.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import { readinessOf, targetKind } from '../kinds/kinds.ts';
import {
  type ClusterSnapshot,
  type ObservedFilter,
  type RevisionObjects,
  revisionRunOn,
  settingsIn,
} from '../observe/snapshot.ts';
import type { PlannedWorkload, RollbackTarget } from './plan.ts';

/**
 * What a workload goes back to when a new revision of a filter fails: what it runs, if that was verified, or its pods are ready and
 * nothing before it was verified either; else, after a run that was killed or is still under way, the last good revision before it,
 * if that is still there. `wanted` is the new revision's id, `undefined`
 * for a removal. `undefined`: it goes back to no filter.
 */
export function findRollbackTarget(
  current: ObservedFilter,
  wanted: string | undefined,
  snapshot: Pick<ClusterSnapshot, 'objectsOf' | 'pluginKind'>,
): RollbackTarget | undefined {
  const back = findPodRevision(current, wanted, snapshot);
  if (back === undefined) return undefined;
  const runs = settingsIn(snapshot.objectsOf(current.ref.namespace, back), back.id);
  return runs === back.id ? back : { ...back, pushed: runs };
}

/**
 * Returns the revision that a workload runs of a filter once it is rolled back, `null` for none. What was pushed into it stays,
 * also what this run has pushed.
 */
export function revisionAfterRollback(
  { revisions, rollbackTargets }: Pick<PlannedWorkload, 'revisions' | 'rollbackTargets'>,
  filter: string,
): string | null {
  const back = rollbackTargets.get(filter);
  if (back === undefined) return null;
  const same = revisions.find(({ podRevision }) => podRevision.filter === filter && podRevision.id === back.id);
  return same?.revision.id ?? back.pushed ?? back.id;
}

function findPodRevision(
  current: ObservedFilter,
  wanted: string | undefined,
  snapshot: Pick<ClusterSnapshot, 'objectsOf' | 'pluginKind'>,
): PodRevision | undefined {
  const { filter, ref, id, recorded } = current;
  const here = id === undefined ? undefined : currentRevision(current, id, snapshot);
  const earlier = recorded?.fallback ?? recorded?.previous;
  if (here !== undefined && recorded?.revision === id && !isGood(current, here, earlier, snapshot)) {
    // It was never good, so what was there before it is the better place to be.
    if (earlier === undefined) return id === wanted ? undefined : here;
    const objects = snapshot.objectsOf(ref.namespace, { filter, id: earlier });
    return storedRevision(ref, { filter, id: earlier }, objects) ?? here;
  }
  return here;
}

function isGood(
  current: ObservedFilter,
  { id }: PodRevision,
  earlier: string | undefined,
  snapshot: Pick<ClusterSnapshot, 'objectsOf'>,
): boolean {
  const { filter, ref, workload } = current;
  if (levelIn(current, ref, id) !== undefined) return true;
  if (readinessOf(ref, workload).state !== 'ready') return false;
  // Ready pods are good enough where nobody looks further, but not in place of what was seen to run.
  return earlier === undefined || verifiedLevel(ref, { filter, id: earlier }, snapshot) === undefined;
}

/**
 * By which evidence a revision was verified on a workload, with the settings that its proxies have; `undefined` if it never was.
 */
export function verifiedLevel(
  ref: WorkloadRef,
  podRevision: Pick<PodRevision, 'filter' | 'id'>,
  snapshot: Pick<ClusterSnapshot, 'objectsOf'>,
): string | undefined {
  return levelIn(snapshot.objectsOf(ref.namespace, podRevision), ref, podRevision.id);
}

function levelIn(objects: RevisionObjects, ref: WorkloadRef, id: string): string | undefined {
  const { configMap } = objects;
  return configMap && parseVerified(configMap).get(verifiedKey(ref, id, settingsIn(objects, id)));
}

/** What a pod template carries; a label without a mount is nothing to go back to, unless the objects say where the module is. */
function currentRevision(
  current: ObservedFilter,
  id: string,
  { pluginKind }: Pick<ClusterSnapshot, 'pluginKind'>,
): PodRevision | undefined {
  const { filter, ref, workload, configMap } = current;
  const { binding } = targetKind(ref);
  const own = binding.podRevisionFromWorkload(workload, filter, id);
  if (binding.inPlace) return own;
  const image = configMap && imageOf(configMap);
  if (image !== undefined) return { filter, id, kind: pluginKind, image };
  return own ?? storedRevision(ref, { filter, id }, current);
}

/** A revision whose objects are all there. */
function storedRevision(
  ref: WorkloadRef,
  revision: Pick<PodRevision, 'filter' | 'id'>,
  { configMap, filterResource }: RevisionObjects,
): PodRevision | undefined {
  if (filterResource === undefined || configMap === undefined) return undefined;
  return targetKind(ref).binding.podRevisionFromResource(filterResource, revision, ref.name);
}

/** What a workload runs before a change and goes back to if that fails, by filter. */
export interface NotedBefore {
  readonly before: Map<string, string>;
  readonly rollbackTargets: Map<string, RollbackTarget>;
}

/** Notes it of one filter that is to get the revision `wanted`, or to go where that is `undefined`. */
export function noteBefore(
  into: NotedBefore,
  current: ObservedFilter,
  wanted: string | undefined,
  snapshot: ClusterSnapshot,
): void {
  const runs = revisionRunOn(current);
  const back = findRollbackTarget(current, wanted, snapshot);
  if (runs !== undefined) into.before.set(current.filter, runs);
  if (back !== undefined) into.rollbackTargets.set(current.filter, back);
}
