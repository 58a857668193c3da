import { defined } from '../../base/defined.ts';
import { append, isNonEmpty } from '../../base/lists.ts';
import { Diagnostics, type PartialResult, type Problem, partialResult } from '../../base/problem.ts';
import { listWords, nameSome } from '../../base/text.ts';
import { onlySubject, type Warning } from '../../base/warning.ts';
import type { Workload } from '../../cluster/objects.ts';
import { filtersOn } from '../../mesh/template/template.ts';
import type { AdoptedVolume } from '../../mesh/unmanaged/adopted-volumes.ts';
import type { AdoptedUnmanaged } from '../../mesh/unmanaged/unmanaged.ts';
import { resolveTargets } from '../../targets/resolve.ts';
import { describeWorkload, namespacesOf, type WorkloadRef, workloadKey } from '../../targets/target.ts';
import { type ClusterSnapshot, type ObservedWorkload, observedFilter } from '../observe/snapshot.ts';
import { referrerOf } from '../observe/template-sources.ts';
import type { DeployRequest, FilterRequest } from '../request.ts';
import { adoptedEnvoyFilters, adoptionWarnings, keepNeededVolumes } from './adopted-envoy-filters.ts';
import { planAdoption } from './adoption.ts';
import { changesBefore } from './find-changes.ts';
import { findGarbage } from './garbage.ts';
import { explainRestarts, findInPlaceUpdates } from './in-place.ts';
import { movedTags, type TaggedFilter } from './moved-tags.ts';
import { planObjects } from './objects.ts';
import type { Plan, PlannedRevision, PlannedWorkload } from './plan.ts';
import { podRevisionMaker } from './pod-revision.ts';
import { type NotedBefore, noteBefore } from './rollback-target.ts';
import { judgeSharedVms } from './shared-vms.ts';
import { orderTargets, revisionMaker } from './target-settings.ts';
import { templateWarnings } from './template-warnings.ts';
import { planWorkload, type WantedWorkload } from './workload.ts';

/** A workload while its plan is made. */
interface WorkloadDraft extends NotedBefore {
  readonly ref: WorkloadRef;
  readonly observed: Workload;
  readonly revisions: PlannedRevision[];
  readonly removals: string[];
  readonly adopted: AdoptedUnmanaged[];
  readonly volumes: AdoptedVolume[];
  readonly changes: string[];
  wave: number;
}

/**
 * What to write so that every target of the request runs its filters. A pure function: equal requests and snapshots give equal
 * plans. Problems are those of targets, mounts and workloads that cannot be rolled; with them comes the plan of what was found,
 * for the checks that look at one. `now` is for expiry times.
 */
export function makePlan(request: DeployRequest, snapshot: ClusterSnapshot, now: Date): PartialResult<Plan> {
  const diagnostics = new Diagnostics();
  const warnings: Warning[] = [];
  const drafts = new Map<string, WorkloadDraft>();
  const tagged: TaggedFilter[] = [];
  const draftOf = (ref: WorkloadRef, observed: Workload, wave: number): WorkloadDraft => {
    const known = drafts.get(workloadKey(ref));
    const draft = known ?? {
      ref,
      observed,
      revisions: [],
      removals: [],
      adopted: [],
      volumes: [],
      rollbackTargets: new Map(),
      before: new Map(),
      changes: [],
      wave,
    };
    // Filters of several requests may share a workload; it goes with the earliest.
    draft.wave = Math.min(draft.wave, wave);
    drafts.set(workloadKey(ref), draft);
    return draft;
  };
  const resolutions = request.filters.map(({ targets, settings }) =>
    resolveTargets(targets, snapshot.workloadIndex, settings),
  );
  const orderOn = orderTargets(
    request.filters,
    resolutions.map(({ targets }) => targets),
  );
  for (const [index, filter] of request.filters.entries()) {
    // A target that is not there must not hide what is wrong with the others.
    const { targets = [], problems = [], warnings: idle = [] } = resolutions[index] ?? {};
    diagnostics.add(problems);
    append(warnings, idle);
    const revisionFor = revisionMaker(filter);
    const wanted = targets.map((target) => ({
      ...target,
      revision: revisionFor(target.ref, target.override, orderOn(index, target.ref)),
      current: observedFilter(filter.name, target, snapshot),
    }));
    // What this run pushes itself has not moved.
    if (filter.push === undefined)
      tagged.push({ module: filter.module, workloads: wanted.map(({ current }) => current) });
    const push = request.settingsChange === 'push';
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
    for (const { ref, workload, wave, revision, podRevision, current } of placed) {
      const draft = draftOf(ref, workload, wave);
      draft.revisions.push({ revision, podRevision, ...defined({ expiresMs: filter.expiresMs }) });
      append(draft.changes, changesBefore(podRevision, current, snapshot));
      noteBefore(draft, current, revision.id, snapshot);
      const { filters = [], volumes = [] } = adoption.byWorkload.get(workloadKey(ref)) ?? {};
      append(
        draft.adopted,
        filters.map((found) => ({ ...found, by: filter.name })),
      );
      append(draft.volumes, volumes);
    }
    if (request.prune && diagnostics.ok) {
      for (const target of leftOver(filter, snapshot)) {
        const { ref, workload } = target;
        if (drafts.get(workloadKey(ref))?.revisions.some(({ revision }) => revision.filter === filter.name)) continue;
        const draft = draftOf(ref, workload, PRUNE_WAVE);
        draft.removals.push(filter.name);
        const current = observedFilter(filter.name, target, snapshot);
        noteBefore(draft, current, undefined, snapshot);
      }
    }
  }
  const options = { ...request, now };
  const wanted: WantedWorkload[] = keepNeededVolumes([...drafts.values()], snapshot);
  const planned = wanted.map((workload) => diagnostics.unwrapPartial(planWorkload(workload, options)));
  diagnostics.add(planned.flatMap(({ ref }) => lentTemplate(ref, snapshot)));
  const vms = judgeSharedVms(planned, snapshot, request.filters);
  diagnostics.add(vms.problems);
  const objects = planObjects(planned, snapshot);
  const plan = {
    ...objects,
    workloads: planned,
    garbage: [],
    warnings: [
      ...warnings,
      ...adoptionWarnings(adoptedEnvoyFilters({ workloads: planned }, snapshot)),
      ...vms.warnings,
      ...templateWarnings(planned),
      ...movedTags(tagged),
    ],
  };
  return partialResult({ ...plan, garbage: findGarbage(plan, snapshot, request) }, diagnostics.problems);
}

/** A target whose pod template another workload's pods are made of: they would restart, and nobody would look at them. */
function lentTemplate(ref: WorkloadRef, snapshot: ClusterSnapshot): Problem[] {
  const referrer = referrerOf(ref, snapshot);
  if (referrer === undefined) return [];
  const name = (one: WorkloadRef): string => `${one.kind.toLowerCase()}/${one.name}`;
  return [
    {
      kind: 'targets',
      subject: describeWorkload(ref),
      message: `lends its pod template to ${describeWorkload(referrer)} (workloadRef), whose pods would get the change, and nobody would verify them.`,
      remedy: `Write "${name(referrer)}" in the target list, and not "${name(ref)}"; where labels select it, leave it out with "exclude".`,
    },
  ];
}

/** Workloads lose a filter after the others have got theirs. */
const PRUNE_WAVE = 1_000;

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
