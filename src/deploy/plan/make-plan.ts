import { defined } from '../../base/defined.ts';
import { append, isNonEmpty } from '../../base/lists.ts';
import { Diagnostics, type PartialResult, partialResult } from '../../base/problem.ts';
import { listWords, nameSome } from '../../base/text.ts';
import { onlySubject, type Warning } from '../../base/warning.ts';
import { filtersOn } from '../../mesh/template/template.ts';
import { type ResolvedTarget, resolveTargets } from '../../targets/resolve.ts';
import { describeWorkload, namespacesOf, type WorkloadRef, workloadKey } from '../../targets/target.ts';
import { type ClusterSnapshot, type ObservedWorkload, observedFilter } from '../observe/snapshot.ts';
import type { DeployRequest, FilterRequest } from '../request.ts';
import { adoptedEnvoyFilters, adoptionWarnings, keepNeededVolumes } from './adopted-envoy-filters.ts';
import { planAdoption } from './adoption.ts';
import { filtersBeside } from './beside.ts';
import { WorkloadDrafts } from './drafts.ts';
import { earlierRevisionMaker } from './earlier-revisions.ts';
import { changesBefore } from './find-changes.ts';
import { findGarbage } from './garbage.ts';
import { explainRestarts, findInPlaceUpdates } from './in-place.ts';
import { lentTemplates } from './lent-template.ts';
import { movedTags, type TaggedFilter, warnMovedTags } from './moved-tags.ts';
import { planObjects } from './objects.ts';
import type { Plan, PlannedWorkload } from './plan.ts';
import { podRevisionMaker } from './pod-revision.ts';
import { noteBefore } from './rollback-target.ts';
import { judgeSharedVms } from './shared-vms.ts';
import { orderTargets } from './target-settings.ts';
import { templateWarnings } from './template-warnings.ts';
import { PRUNE_WAVE } from './waves.ts';
import { planWorkload, type WantedWorkload } from './workload.ts';

/** What the filters of a request come to, gathered one after the other. */
interface Gathering {
  readonly diagnostics: Diagnostics;
  readonly warnings: Warning[];
  readonly drafts: WorkloadDrafts;
  readonly tagged: TaggedFilter[];
}

/**
 * What to write so that every target of the request runs its filters. A pure function: equal requests and snapshots give equal
 * plans. Problems are those of targets, mounts and workloads that cannot be rolled; with them comes the plan of what was found,
 * for the checks that look at one. `now` is for expiry times.
 */
export function makePlan(request: DeployRequest, snapshot: ClusterSnapshot, now: Date): PartialResult<Plan> {
  const gathering = { diagnostics: new Diagnostics(), warnings: [], drafts: new WorkloadDrafts(), tagged: [] };
  const resolutions = request.filters.map(({ targets, settings }) =>
    resolveTargets(targets, snapshot.workloadIndex, settings),
  );
  const orderOn = orderTargets(
    request.filters,
    resolutions.map(({ targets }) => targets),
  );
  for (const [index, filter] of request.filters.entries()) {
    // A target that is not there must not hide what is wrong with the others.
    const { targets = [], problems = [], warnings = [] } = resolutions[index] ?? {};
    gathering.diagnostics.add(problems);
    append(gathering.warnings, warnings);
    const orderOf = (ref: WorkloadRef): number => orderOn(index, ref);
    planFilter({ filter, targets, orderOf, push: request.settingsChange === 'push' }, snapshot, gathering);
    if (request.prune && gathering.diagnostics.ok) planPruning(filter, snapshot, gathering.drafts);
  }
  return planOf(gathering, request, snapshot, now);
}

/** A filter, the workloads that its targets mean, and its order on each of them. */
interface AskedFilter {
  readonly filter: FilterRequest;
  readonly targets: readonly ResolvedTarget[];
  readonly orderOf: (ref: WorkloadRef) => number;
  /** Whether new settings are given to running proxies. */
  readonly push: boolean;
}

/** Adds to the drafts of its workloads what a filter changes on them. */
function planFilter(
  { filter, targets, orderOf, push }: AskedFilter,
  snapshot: ClusterSnapshot,
  { diagnostics, warnings, drafts, tagged }: Gathering,
): void {
  const observed = targets.map((target) => ({ ...target, current: observedFilter(filter.name, target, snapshot) }));
  const currents = observed.map(({ current }) => current);
  const revisionFor = earlierRevisionMaker(filter, currents, snapshot);
  const wanted = observed.map((target) => ({
    ...target,
    ...diagnostics.unwrapPartial(revisionFor(target.current, target.override, orderOf(target.ref))),
  }));
  // What this run pushes itself has not moved.
  if (filter.push === undefined) tagged.push({ ...filter, workloads: currents });
  const inPlace = push ? diagnostics.unwrap(findInPlaceUpdates(wanted, snapshot)) : undefined;
  if (push) append(warnings, explainRestarts(wanted));
  const podRevisionFor = podRevisionMaker(wanted, inPlace ?? new Map(), snapshot);
  const placed = wanted.map((target) => ({ ...target, podRevision: podRevisionFor(target) }));
  const adoption = planAdoption(
    filter,
    placed.map(({ current, revision, podRevision }) => ({ ...current, revision, podRevision: podRevision.id })),
    snapshot,
  );
  diagnostics.add(adoption.problems);
  append(warnings, adoption.warnings);
  for (const { ref, workload, wave, revision, podRevision, earlier, otherSource, current } of placed) {
    const draft = drafts.of(ref, workload, wave);
    const { expiresMs } = filter;
    draft.revisions.push({ revision, podRevision, ...defined({ earlier, otherSource, expiresMs }) });
    append(draft.changes, changesBefore(podRevision, current, snapshot));
    noteBefore(draft, current, revision.id, snapshot);
    const { filters = [], volumes = [] } = adoption.byWorkload.get(workloadKey(ref)) ?? {};
    append(
      draft.adopted,
      filters.map((found) => ({ ...found, by: filter.name })),
    );
    append(draft.volumes, volumes);
  }
}

/** Adds the removal of a filter from workloads that are not its targets any more. */
function planPruning(filter: FilterRequest, snapshot: ClusterSnapshot, drafts: WorkloadDrafts): void {
  for (const target of leftOver(filter, snapshot)) {
    const { ref, workload } = target;
    if (drafts.gets(ref, filter.name)) continue;
    const draft = drafts.of(ref, workload, PRUNE_WAVE);
    draft.removals.push(filter.name);
    noteBefore(draft, observedFilter(filter.name, target, snapshot), undefined, snapshot);
  }
}

/** The plan of what was gathered: each workload, the objects that they need, and what nothing needs any more. */
function planOf(
  { diagnostics, warnings, drafts, tagged }: Gathering,
  request: DeployRequest,
  snapshot: ClusterSnapshot,
  now: Date,
): PartialResult<Plan> {
  const options = { ...request, now };
  const wanted = keepNeededVolumes(drafts.all, snapshot).map((draft): WantedWorkload => {
    const filters = [...draft.revisions.map(({ podRevision }) => podRevision.filter), ...draft.removals];
    return { ...draft, beside: filtersBeside(draft, filters, snapshot) };
  });
  const planned = wanted.map((workload) => diagnostics.unwrapPartial(planWorkload(workload, options)));
  diagnostics.add(
    lentTemplates(
      planned.map(({ ref }) => ref),
      snapshot,
    ),
  );
  const vms = judgeSharedVms(planned, snapshot);
  diagnostics.add(vms.problems);
  const objects = planObjects(planned, snapshot);
  const moves = movedTags(tagged, snapshot);
  const plan = {
    ...objects,
    workloads: planned,
    garbage: [],
    warnings: [
      ...warnings,
      ...adoptionWarnings(adoptedEnvoyFilters({ workloads: planned }, snapshot)),
      ...vms.warnings,
      ...templateWarnings(planned),
      ...warnMovedTags(moves),
    ],
    movedTags: moves,
  };
  return partialResult({ ...plan, garbage: findGarbage(plan, snapshot, request) }, diagnostics.problems);
}

/** The workloads that carry a filter in the namespaces of its target list. */
function leftOver({ name, targets }: FilterRequest, snapshot: ClusterSnapshot): ObservedWorkload[] {
  const namespaces = new Set(targets.flatMap(namespacesOf));
  return [...namespaces].flatMap((namespace) =>
    snapshot.workloads(namespace).filter(({ workload }) => filtersOn(workload).includes(name)),
  );
}

/** Warns of workloads that get a filter beside others of this action: both see, and change, the same requests and answers. */
export function besideWarnings(workloads: readonly PlannedWorkload[]): Warning[] {
  const fresh = workloads.flatMap(({ ref, revisions, before, alsoRuns }) => {
    const added = revisions.map(({ podRevision }) => podRevision.filter).filter((filter) => !before.has(filter));
    if (added.length === 0 || alsoRuns.length === 0) return [];
    return [
      {
        name: describeWorkload(ref),
        others: listWords(alsoRuns, 'and'),
        added: listWords(added, 'and'),
        all: listWords([...alsoRuns, ...added], 'and'),
      },
    ];
  });
  const groups = Map.groupBy(fresh, ({ others, added }) => `${others} ${added}`);
  return [...groups.values()].flatMap((those) => {
    if (!isNonEmpty(those)) return [];
    const [{ others, added, all }] = those;
    const names = those.map(({ name }) => name);
    const text = `${nameSome(names, 3)} also ${those.length === 1 ? 'runs' : 'run'} ${others} of this action. With ${added}, requests pass through ${all}.`;
    return [{ topic: 'Several filters', ...onlySubject(names), text }];
  });
}
