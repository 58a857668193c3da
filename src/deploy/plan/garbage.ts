import type { KubernetesObject, Workload } from '../../cluster/objects.ts';
import { FILTER_LABEL, REVISION_LABEL } from '../../mesh/identity/names.ts';
import { parseVerified } from '../../mesh/identity/verified.ts';
import { kindOf } from '../../mesh/objects/filter-resource.ts';
import { revisionOn, stateOn } from '../../mesh/template/template.ts';
import { workloadKey } from '../../targets/target.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import { type Garbage, type Plan, type PlannedWorkload, podRevisionsOf } from './plan.ts';

/** What decides how many superseded revisions stay. */
export interface GarbagePolicy {
  readonly keepRevisions: number;
}

/** A filter in a namespace whose garbage a run looks for. */
export interface FilterInNamespace {
  readonly filter: string;
  readonly namespace: string;
}

/**
 * The objects of revisions that no pod template names once a plan is done, except the kept ones: those that a workload would go
 * back to, and of the others those first that were verified once, then the newest; one that never was does not stay where others
 * were. `further` are places to look at besides those of the plan. Nothing where the snapshot does not show every pod template of
 * the namespace.
 */
export function findGarbage(
  plan: Omit<Plan, 'garbage'>,
  snapshot: ClusterSnapshot,
  { keepRevisions }: GarbagePolicy,
  further: readonly FilterInNamespace[] = [],
): Garbage[] {
  return placesOf(plan, further)
    .filter(({ namespace }) => snapshot.isComplete(namespace))
    .flatMap((place) => notKept(plan, place, snapshot, keepRevisions));
}

/** The same of namespaces of which the snapshot does not show every pod template: what would be garbage if nothing unseen uses it. */
export function unclearGarbage(
  plan: Omit<Plan, 'garbage'>,
  snapshot: ClusterSnapshot,
  { keepRevisions }: GarbagePolicy,
  further: readonly FilterInNamespace[] = [],
): Garbage[] {
  return placesOf(plan, further)
    .filter(({ namespace }) => !snapshot.isComplete(namespace))
    .flatMap((place) => notKept(plan, place, snapshot, keepRevisions));
}

function notKept(
  plan: Omit<Plan, 'garbage'>,
  place: FilterInNamespace,
  snapshot: ClusterSnapshot,
  keepRevisions: number,
): Garbage[] {
  const superseded = supersededRevisions(plan, place, snapshot);
  // Where no workload has the filter any more, nothing of it stays.
  const keep = namedRevisions(plan, place, snapshot).size === 0 ? 0 : keepRevisions;
  const kept = keepOf(superseded, plan, place, snapshot, keep);
  return superseded.filter(({ revision }) => !kept.has(revision)).flatMap(({ objects }) => objects);
}

/** Whether there may be garbage, so that it is worth while to look at every pod template of the namespace. */
export function mayHaveGarbage(
  plan: Omit<Plan, 'garbage'>,
  snapshot: ClusterSnapshot,
  { keepRevisions }: GarbagePolicy,
): string[] {
  const namespaces = placesOf(plan).flatMap((place) =>
    notKept(plan, place, snapshot, keepRevisions).length > 0 ? [place.namespace] : [],
  );
  return [...new Set(namespaces)];
}

function placesOf(
  { workloads }: Pick<Plan, 'workloads'>,
  further: readonly FilterInNamespace[] = [],
): FilterInNamespace[] {
  const places = new Map(further.map((place) => [`${place.namespace} ${place.filter}`, place]));
  for (const planned of workloads) {
    const { namespace } = planned.ref;
    for (const filter of [...podRevisionsOf(planned).map((podRevision) => podRevision.filter), ...planned.removals]) {
      places.set(`${namespace} ${filter}`, { namespace, filter });
    }
  }
  return [...places.values()];
}

interface Superseded {
  readonly revision: string;
  /** RFC 3339, so that it sorts by time. */
  readonly created: string;
  /** Whether it was ever verified on a workload. */
  readonly verified: boolean;
  readonly objects: readonly Garbage[];
}

/** The revisions of a filter that have objects in a namespace and that no known pod template names after the plan. */
function supersededRevisions(
  plan: Omit<Plan, 'garbage'>,
  { filter, namespace }: FilterInNamespace,
  snapshot: ClusterSnapshot,
): Superseded[] {
  const named = namedRevisions(plan, { filter, namespace }, snapshot);
  const found = new Map<string, { created: string; verified: boolean; objects: Garbage[] }>();
  const take = <T extends KubernetesObject>(objects: readonly T[], kindIn: (object: T) => Garbage['kind']): void => {
    for (const object of objects) {
      const { metadata } = object;
      const revision = metadata.labels?.[REVISION_LABEL];
      if (!isOf(object, filter) || revision === undefined || named.has(revision)) continue;
      if (metadata.deletionTimestamp !== undefined) continue;
      const entry = found.get(revision) ?? { created: '', verified: false, objects: [] };
      entry.objects.push({ kind: kindIn(object), namespace, name: metadata.name, filter, revision });
      entry.verified ||= parseVerified(object).size > 0;
      if ((metadata.creationTimestamp ?? '') > entry.created) entry.created = metadata.creationTimestamp ?? '';
      found.set(revision, entry);
    }
  };
  // A proxy must never be told to read a file that is gone.
  take(snapshot.filterResources(namespace), kindOf);
  take(snapshot.configMaps(namespace), () => 'ConfigMap');
  return [...found].map(([revision, entry]) => ({ revision, ...entry }));
}

function namedRevisions(
  plan: Omit<Plan, 'garbage'>,
  { filter, namespace }: FilterInNamespace,
  snapshot: ClusterSnapshot,
): Set<string> {
  const after = new Map(plan.workloads.map((planned) => [workloadKey(planned.ref), planned]));
  const named = new Set<string>();
  for (const planned of plan.workloads) {
    if (planned.ref.namespace !== namespace) continue;
    for (const podRevision of podRevisionsOf(planned)) if (podRevision.filter === filter) named.add(podRevision.id);
  }
  for (const { ref, workload } of snapshot.workloads(namespace)) {
    const planned = after.get(workloadKey(ref));
    const decided =
      planned?.removals.includes(filter) === true ||
      planned?.revisions.some(({ podRevision }) => podRevision.filter === filter) === true;
    const id = decided ? undefined : revisionOn(workload, filter);
    if (id !== undefined) named.add(id);
  }
  return named;
}

function keepOf(
  superseded: readonly Superseded[],
  plan: Omit<Plan, 'garbage'>,
  { filter, namespace }: FilterInNamespace,
  snapshot: ClusterSnapshot,
  keepRevisions: number,
): Set<string> {
  if (keepRevisions === 0) return new Set();
  const previous = new Set<string>();
  const after = new Map(plan.workloads.map((planned) => [workloadKey(planned.ref), planned]));
  for (const { ref, workload } of snapshot.workloads(namespace)) {
    const planned = after.get(workloadKey(ref));
    if (planned?.removals.includes(filter)) continue;
    for (const earlier of previousAfter(workload, planned, filter)) previous.add(earlier);
  }
  const ranked = [...superseded].sort(
    (a, b) =>
      Number(b.verified) - Number(a.verified) ||
      Number(previous.has(b.revision)) - Number(previous.has(a.revision)) ||
      b.created.localeCompare(a.created) ||
      a.revision.localeCompare(b.revision),
  );
  const taken = takenAway(plan, { filter, namespace });
  const wanted = wantedRevisions(plan, { filter, namespace });
  const isVerifying = snapshot
    .configMaps(namespace)
    .some(
      (one) => isOf(one, filter) && !wanted.has(one.metadata.labels?.[REVISION_LABEL]) && parseVerified(one).size > 0,
    );
  // Where others were verified, one that never was is nothing to go back to; nor is one that only lost workloads ran. Those of the plan
  // do not count: they may have been verified by the run that made the plan before, which kept what it found.
  const isTarget = ({ revision, verified }: Superseded): boolean =>
    previous.has(revision) || ((verified || !isVerifying) && !taken.has(revision));
  const targets = ranked.filter(isTarget);
  const kept = targets.filter(({ revision }, index) => index < keepRevisions || previous.has(revision));
  return new Set(kept.map(({ revision }) => revision));
}

/** The revisions that workloads run which lose the filter. */
function takenAway({ workloads }: Pick<Plan, 'workloads'>, { filter, namespace }: FilterInNamespace): Set<string> {
  const losing = workloads.filter(({ ref, removals }) => ref.namespace === namespace && removals.includes(filter));
  return new Set(losing.flatMap(({ observed }) => revisionOn(observed, filter) ?? []));
}

/** The revisions that a plan puts on workloads. */
function wantedRevisions(
  { workloads }: Pick<Plan, 'workloads'>,
  { filter, namespace }: FilterInNamespace,
): Set<string | undefined> {
  const wanted = workloads.filter(({ ref }) => ref.namespace === namespace).flatMap(podRevisionsOf);
  return new Set(wanted.filter((podRevision) => podRevision.filter === filter).map(({ id }) => id));
}

function isOf({ metadata }: KubernetesObject, filter: string): boolean {
  return metadata.labels?.[FILTER_LABEL] === filter;
}

/** What a workload goes back to once the plan is done. */
function previousAfter(workload: Workload, planned: PlannedWorkload | undefined, filter: string): string[] {
  const recorded = stateOn(workload)[filter];
  const wanted = planned?.revisions.find(({ podRevision }) => podRevision.filter === filter)?.podRevision.id;
  const earlier =
    wanted === undefined || recorded?.revision === wanted
      ? [recorded?.fallback ?? recorded?.previous]
      : [planned?.rollbackTargets.get(filter)?.id];
  return earlier.filter((revision) => revision !== undefined);
}
