import { defined } from '../../base/defined.ts';
import { Diagnostics, type PartialResult, type Problem, partialResult, type Result } from '../../base/problem.ts';
import type { Workload } from '../../cluster/objects.ts';
import type { PodRevision, Revision } from '../../mesh/identity/revision.ts';
import type { RunMark } from '../../mesh/identity/run-order.ts';
import { formatSource, sourceOf } from '../../mesh/identity/source.ts';
import { type FilterState, renewExpiry, type WorkloadState, withoutFilters } from '../../mesh/identity/state.ts';
import { sharedPath, sharePath } from '../../mesh/template/shared-path.ts';
import { filtersOn } from '../../mesh/template/template.ts';
import type { AdoptedVolume } from '../../mesh/unmanaged/adopted-volumes.ts';
import type { AdoptedUnmanaged } from '../../mesh/unmanaged/unmanaged.ts';
import type { WorkloadPatch } from '../../mesh/workload-patch.ts';
import { describeWorkload, type WorkloadRef } from '../../targets/target.ts';
import type { RolloutNeeds, WantedTarget } from '../kinds/kind.ts';
import { targetKind } from '../kinds/kinds.ts';
import { besideProblems, lackingOn, lostBeside } from './beside.ts';
import { findDrift } from './drift.ts';
import type { PlannedRevision, PlannedWorkload, RollbackTarget } from './plan.ts';

/** What is wanted of a workload. */
export interface WantedWorkload {
  readonly ref: WorkloadRef;
  readonly observed: Workload;
  readonly revisions: readonly PlannedRevision[];
  readonly removals: readonly string[];
  readonly wave: number;
  /** The filters of others that ours takes the place of. */
  readonly adopted: readonly AdoptedUnmanaged[];
  /** The volumes that hold their files; those that nothing else reads go. */
  readonly volumes: readonly AdoptedVolume[];
  /** What it goes back to when a wanted revision fails, by filter. */
  readonly rollbackTargets: ReadonlyMap<string, RollbackTarget>;
  /** The revisions that it ran when it was observed, by filter; those whose settings were pushed by the name of these. */
  readonly before: ReadonlyMap<string, string>;
  /** What others have changed of the revisions that the wanted ones take the place of; absent for nothing. */
  readonly changes?: readonly string[];
  /** The other filters of this action that it mounts, as they should be; absent for none. */
  readonly beside?: readonly PodRevision[];
}

/** What planning a workload needs to know of the run. */
export interface PlanningOptions extends RunMark {
  readonly wait: boolean;
  readonly now: Date;
  /** What every pod is to answer; only whether there is one matters here. */
  readonly probe?: unknown;
}

/** The patch of a workload whose mounts cannot be merged: never written, but the permissions to write one are asked for. */
const NO_PATCH: WorkloadPatch = { spec: { template: {} } };

/** Plans one workload; also used to plan it anew after somebody else has changed it. */
export function planWorkload(wanted: WantedWorkload, options: PlanningOptions): PartialResult<PlannedWorkload> {
  const { ref, observed, revisions, removals, volumes } = wanted;
  const name = describeWorkload(ref);
  const diagnostics = new Diagnostics();
  const podRevisions = revisions.map(({ podRevision }) => podRevision);
  const shared = pathsShared(revisions);
  diagnostics.add(shared.map(([first, second]) => sharedPath(name, first.revision, second.revision)));
  // What is told so is not told of the annotation once more.
  const colliding = new Set(shared.map(([, second]) => second.podRevision));
  const patchWith = (mended: readonly PodRevision[]): Result<WorkloadPatch | undefined> =>
    targetKind(ref).binding.patchFor(
      observed,
      {
        podRevisions: [...podRevisions.filter((podRevision) => !colliding.has(podRevision)), ...mended],
        remove: removals,
        drop: volumes.filter(({ stays }) => stays === undefined).map(({ volume }) => volume),
        state: (recorded) => nextState(recorded, wanted, options),
      },
      name,
    );
  const own = patchWith([]);
  const restarts = own.ok && own.value?.spec !== undefined;
  const lacking = restarts ? lackingOn(observed, wanted.beside ?? []) : [];
  const together = lacking.length === 0 ? own : patchWith(lacking);
  const mended = together.ok ? lacking : [];
  const merged = together.ok ? together : own;
  diagnostics.unwrap(merged);
  const patch = merged.ok ? merged.value : NO_PATCH;
  const filters = [...podRevisions.map(({ filter }) => filter), ...removals];
  if (patch?.spec !== undefined) diagnostics.add(findBlockers(wanted, options));
  if (restarts) diagnostics.add(besideProblems({ ref, observed }, filters, mended));
  const alsoRuns = filtersOn(observed).filter((filter) => !filters.includes(filter));
  const drift = [
    ...findDrift({ ref, observed }, podRevisions),
    ...(wanted.changes ?? []),
    ...lostBeside(observed, mended),
  ];
  const planned = { ...wanted, patch, drift, mended, alsoRuns };
  return partialResult(planned, diagnostics.problems);
}

/** Revisions that are to be mounted at one path, each with the first that is; that two filters have one name is told already. */
function pathsShared(revisions: readonly PlannedRevision[]): [PlannedRevision, PlannedRevision][] {
  const mounted = revisions.filter(({ podRevision }) => podRevision.image === undefined);
  return mounted.flatMap((second, index): [PlannedRevision, PlannedRevision][] => {
    const first = mounted
      .slice(0, index)
      .find((one) => one.revision.filter !== second.revision.filter && sharePath(one.revision, second.revision));
    return first === undefined ? [] : [[first, second]];
  });
}

/** Why a change would never reach the pods of a target, or do nothing there. */
function findBlockers(wanted: WantedTarget, needs: RolloutNeeds): Problem[] {
  const { ref, observed } = wanted;
  const subject = describeWorkload(ref);
  if (observed.metadata.deletionTimestamp !== undefined) {
    return [{ kind: 'workload', subject, message: 'is being deleted.', remedy: 'Take it out of the target list.' }];
  }
  const blocker = targetKind(ref).blockerOf(wanted, needs);
  return blocker === undefined ? [] : [{ kind: 'workload', ...blocker, subject }];
}

/** The state with the wanted revisions in it; one that is recorded already keeps its record. */
function nextState(
  recorded: WorkloadState,
  { ref, revisions, removals, rollbackTargets }: WantedWorkload,
  { run, started, now }: PlanningOptions,
): WorkloadState {
  const state: Record<string, FilterState> = { ...withoutFilters(recorded, removals) };
  for (const { revision, podRevision, otherSource, expiresMs } of revisions) {
    const known = state[podRevision.filter];
    const expires = renewExpiry(known?.expires, expiresMs, now);
    // The pods of a Gateway are made by istiod, from no template that could say it.
    const logLevel = targetKind(ref).binding.inPlace ? undefined : revision.settings.logLevel;
    const {
      expires: _,
      logLevel: __,
      ...kept
    } = known?.revision === podRevision.id
      ? { ...known, ...(otherSource && recordedSource(revision)) }
      : {
          ...freshState(podRevision, rollbackTargets.get(podRevision.filter)?.id, { run, started }),
          ...recordedSource(revision),
        };
    state[podRevision.filter] = { ...kept, ...defined({ expires, logLevel }) };
  }
  return state;
}

/** What is recorded of an image, so that it is known even where somebody has deleted the ConfigMap. */
function recordedSource({ module }: Revision): Pick<FilterState, 'source' | 'digest'> {
  const source = sourceOf(module);
  return source === undefined ? {} : { source: formatSource(source), digest: module.digest };
}

/** What it goes back to is what is recorded as the one before: a revision between them was never good. */
function freshState({ id }: PodRevision, rollbackTarget: string | undefined, { run, started }: RunMark): FilterState {
  return {
    revision: id,
    run,
    ...defined({ started }),
    ...(rollbackTarget !== undefined && rollbackTarget !== id && { previous: rollbackTarget }),
  };
}
