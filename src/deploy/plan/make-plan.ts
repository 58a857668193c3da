import { append } from '../../base/lists.ts';
import { type Attempt, attempt, Findings } from '../../base/problem.ts';
import { listWords, nameSome } from '../../base/text.ts';
import type { Workload } from '../../cluster/objects.ts';
import { gitOpsWarning, recogniseGitOps } from '../../mesh/identity/gitops.ts';
import { findOwner, ownerWarning } from '../../mesh/identity/owner.ts';
import { type Placement, placementOf, type Revision } from '../../mesh/identity/revision.ts';
import { standingSidecar } from '../../mesh/template/injection.ts';
import { filtersOn } from '../../mesh/template/template.ts';
import type { AdoptedVolume } from '../../mesh/unmanaged/adopted-volumes.ts';
import type { AdoptedUnmanaged } from '../../mesh/unmanaged/unmanaged.ts';
import { resolveTargets } from '../../targets/resolve.ts';
import { describeWorkload, type WorkloadRef, workloadKey } from '../../targets/target.ts';
import { targetKind } from '../kinds/kinds.ts';
import { type Observation, type ObservedWorkload, observedFilter } from '../observe/snapshot.ts';
import type { DeployRequest, FilterRequest } from '../request.ts';
import { adoptedEnvoyFilters, adoptionWarnings, keepNeededVolumes } from './adopted-envoy-filters.ts';
import { planAdoption } from './adoption.ts';
import { changesBefore } from './find-changes.ts';
import { findGarbage } from './garbage.ts';
import { explainRolls, findCarriers } from './in-place.ts';
import { movedTags, type TaggedFilter } from './moved-tags.ts';
import { planObjects } from './objects.ts';
import type { Plan, PlannedRevision, PlannedWorkload } from './plan.ts';
import { findWayBack } from './rollback-target.ts';
import { judgeSharedVms } from './shared-vms.ts';
import { revisionMaker } from './target-settings.ts';
import { planWorkload, type WantedWorkload } from './workload.ts';

/** A workload while its plan is made. */
interface Draft {
  readonly ref: WorkloadRef;
  readonly observed: Workload;
  readonly revisions: PlannedRevision[];
  readonly removals: string[];
  readonly adopted: AdoptedUnmanaged[];
  readonly volumes: AdoptedVolume[];
  readonly wayBack: Map<string, Placement>;
  readonly changes: string[];
  wave: number;
}

/**
 * What to write so that every target of the request runs its filters. A pure function: equal requests and observations
 * give equal plans. Problems are those of targets, mounts and workloads that cannot be rolled; with them comes the plan of what was
 * found, for the checks that look at one. `now` is for expiry times.
 */
export function makePlan(request: DeployRequest, observation: Observation, now: Date): Attempt<Plan> {
  const findings = new Findings();
  const warnings: string[] = [];
  const drafts = new Map<string, Draft>();
  const tagged: TaggedFilter[] = [];
  const draftOf = (ref: WorkloadRef, observed: Workload, wave: number): Draft => {
    const known = drafts.get(workloadKey(ref));
    const draft = known ?? {
      ref,
      observed,
      revisions: [],
      removals: [],
      adopted: [],
      volumes: [],
      wayBack: new Map(),
      changes: [],
      wave,
    };
    // Filters of several requests may share a workload; it goes with the earliest.
    draft.wave = Math.min(draft.wave, wave);
    drafts.set(workloadKey(ref), draft);
    return draft;
  };
  for (const filter of request.filters) {
    // A target that is not there must not hide what is wrong with the others.
    const { targets, problems } = resolveTargets(filter.targets, observation.catalogue, filter.settings);
    findings.add(problems);
    const revisionOn = revisionMaker(filter);
    const wanted = targets.map((target) => ({
      ...target,
      revision: revisionOn(target.ref, target.override),
      current: observedFilter(filter.name, target, observation),
    }));
    // What this run pushes itself has not moved.
    if (filter.push === undefined)
      tagged.push({ module: filter.module, workloads: wanted.map(({ current }) => current) });
    const push = request.settingsChange === 'push';
    const carriers = push ? findings.take(findCarriers(wanted, observation)) : undefined;
    if (push) append(warnings, explainRolls(wanted));
    const placed = wanted.map((target) => ({
      ...target,
      carrier: carriers?.get(workloadKey(target.ref)) ?? carrierOn(target.ref, target.revision, observation),
    }));
    const adoption = planAdoption(
      filter,
      placed.map(({ current, revision, carrier }) => ({ ...current, revision, carrier: carrier.id })),
      request.adopt,
      observation,
    );
    findings.add(adoption.problems);
    append(warnings, adoption.warnings);
    for (const { ref, workload, wave, revision, carrier, current } of placed) {
      const draft = draftOf(ref, workload, wave);
      draft.revisions.push({ revision, carrier });
      append(draft.changes, changesBefore(carrier, current, observation));
      const back = findWayBack(current, revision.id, observation);
      if (back !== undefined) draft.wayBack.set(filter.name, back);
      const { filters = [], volumes = [] } = adoption.byWorkload.get(workloadKey(ref)) ?? {};
      append(
        draft.adopted,
        filters.map((found) => ({ ...found, by: filter.name })),
      );
      append(draft.volumes, volumes);
    }
    if (request.prune && findings.clean) {
      for (const target of leftOver(filter, observation)) {
        const { ref, workload } = target;
        if (drafts.get(workloadKey(ref))?.revisions.some(({ revision }) => revision.filter === filter.name)) continue;
        const draft = draftOf(ref, workload, LAST_WAVE);
        draft.removals.push(filter.name);
        const back = findWayBack(observedFilter(filter.name, target, observation), undefined, observation);
        if (back !== undefined) draft.wayBack.set(filter.name, back);
      }
    }
  }
  const options = { ...request, now };
  const wanted: WantedWorkload[] = keepNeededVolumes([...drafts.values()], observation);
  const planned = wanted.map((workload) => findings.takeAny(planWorkload(workload, options)));
  const vms = judgeSharedVms(planned, observation);
  findings.add(vms.problems);
  const objects = planObjects(planned, observation);
  const plan = {
    ...objects,
    workloads: planned,
    garbage: [],
    warnings: [
      ...warnings,
      ...adoptionWarnings(adoptedEnvoyFilters({ workloads: planned }, observation)),
      ...besideWarnings(planned),
      ...vms.warnings,
      ...warningsOf(planned),
      ...movedTags(tagged),
    ],
  };
  return attempt({ ...plan, garbage: findGarbage(plan, observation, request) }, findings.problems);
}

function carrierOn(ref: WorkloadRef, revision: Revision, { pluginKind }: Observation): Placement {
  if (revision.settings.image === undefined) return placementOf(revision);
  const placement = targetKind(ref).binding.podRevisionFor(revision, ref.name);
  return placement.image === undefined ? placement : { ...placement, kind: pluginKind };
}

/** Workloads lose a filter after the others have got theirs. */
const LAST_WAVE = 1_000;

/** The workloads that carry a filter in the namespaces of its target list. */
function leftOver({ name, targets }: FilterRequest, observation: Observation): ObservedWorkload[] {
  const namespaces = new Set(
    targets.flatMap((entry) => (entry.type === 'named' ? [entry.workload.namespace] : entry.namespaces)),
  );
  return [...namespaces].flatMap((namespace) =>
    observation.workloads(namespace).filter(({ workload }) => filtersOn(workload).includes(name)),
  );
}

/** How those whom a workload's pod template comes from will get on with this run. */
function warningsOf(workloads: readonly PlannedWorkload[]): string[] {
  const groups = new Map<string, { names: string[]; text: (names: readonly string[]) => string }>();
  const add = (key: string, name: string, text: (names: readonly string[]) => string): void => {
    const group = groups.get(key) ?? { names: [], text };
    group.names.push(name);
    groups.set(key, group);
  };
  for (const { ref, observed, patch, revisions } of workloads) {
    // Nothing of the target itself is written in place.
    if (patch === undefined || targetKind(ref).binding.inPlace) continue;
    const name = describeWorkload(ref);
    const found = recogniseGitOps(observed);
    if (found !== undefined) {
      add(`${found.tool} ${found.object} ${found.declares}`, name, (names) => gitOpsWarning(found, names));
    }
    const owner = findOwner(observed);
    if (owner !== undefined && patch.spec !== undefined) {
      add(`${ref.namespace} ${owner.object}`, name, (names) => ownerWarning(observed, owner, names));
    }
    const mounted = revisions.some(({ carrier }) => carrier.image === undefined);
    if (mounted && standingSidecar(observed.spec?.template ?? {}) === 'injected')
      add('standing', name, standingWarning);
  }
  return [...groups.values()].map(({ names, text }) => text(names));
}

function standingWarning(names: readonly string[]): string {
  const who = nameSome(names, 3);
  return `${who} ${names.length === 1 ? 'has' : 'have'} a sidecar in the pod template already (annotation sidecar.istio.io/status, as "istioctl kube-inject" writes it). Istio mounts the filter there only where it injects the pods of the namespace, too.`;
}

/** Warns of workloads that get a filter beside others of this action: both see, and change, the same requests and answers. */
export function besideWarnings(workloads: readonly PlannedWorkload[]): string[] {
  const fresh = workloads.flatMap(({ ref, revisions, before, alsoRuns }) => {
    const added = revisions.map(({ carrier }) => carrier.filter).filter((filter) => !before.has(filter));
    if (added.length === 0 || alsoRuns.length === 0) return [];
    return [{ workload: describeWorkload(ref), what: `${listWords(alsoRuns, 'and')}|${listWords(added, 'and')}` }];
  });
  return [...Map.groupBy(fresh, ({ what }) => what)].map(([what, those]) => {
    const [others = '', added = ''] = what.split('|');
    const names = those.map(({ workload }) => workload);
    return `${nameSome(names, 3)} already ${those.length === 1 ? 'runs' : 'run'} ${others} of this action: ${added} is added beside it, so that a request passes both and each sees what the other has changed. Previews that must not affect each other need a workload or a namespace each.`;
  });
}
