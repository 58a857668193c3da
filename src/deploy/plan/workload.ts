import { defined } from '../../base/defined.ts';
import { Diagnostics, type PartialResult, type Problem, partialResult } from '../../base/problem.ts';
import type { Workload } from '../../cluster/objects.ts';
import type { PodRevision } from '../../mesh/identity/revision.ts';
import type { RunMark } from '../../mesh/identity/run-order.ts';
import { type FilterState, renewExpiry, type WorkloadState, withoutFilters } from '../../mesh/identity/state.ts';
import { filtersOn, revisionOn } from '../../mesh/template/template.ts';
import type { AdoptedVolume } from '../../mesh/unmanaged/adopted-volumes.ts';
import type { AdoptedUnmanaged } from '../../mesh/unmanaged/unmanaged.ts';
import type { WorkloadPatch } from '../../mesh/workload-patch.ts';
import { describeWorkload, type WorkloadRef } from '../../targets/target.ts';
import type { RolloutNeeds, WantedTarget } from '../kinds/kind.ts';
import { targetKind } from '../kinds/kinds.ts';
import type { OwnRun } from '../observe/superseded.ts';
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
}

/** What planning a workload needs to know of the run. */
export interface PlanningOptions extends OwnRun {
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
  const merged = targetKind(ref).binding.patchFor(
    observed,
    {
      podRevisions,
      remove: removals,
      drop: volumes.filter(({ stays }) => stays === undefined).map(({ volume }) => volume),
      state: (recorded) => nextState(recorded, wanted, options),
    },
    name,
  );
  diagnostics.unwrap(merged);
  const patch = merged.ok ? merged.value : NO_PATCH;
  if (patch?.spec !== undefined) diagnostics.add(findBlockers(wanted, options));
  const filters = [...podRevisions.map(({ filter }) => filter), ...removals];
  const alsoRuns = filtersOn(observed).filter((filter) => !filters.includes(filter));
  const drift = [...findDrift({ ref, observed }, podRevisions), ...(wanted.changes ?? [])];
  const planned = { ...wanted, patch, drift, alsoRuns };
  return partialResult(planned, diagnostics.problems);
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
  { observed, revisions, removals, rollbackTargets }: WantedWorkload,
  { run, started, now }: PlanningOptions,
): WorkloadState {
  const state: Record<string, FilterState> = { ...withoutFilters(recorded, removals) };
  for (const { podRevision, expiresMs } of revisions) {
    const known = state[podRevision.filter];
    const expires = renewExpiry(known?.expires, expiresMs, now);
    const { expires: _, ...kept } =
      known?.revision === podRevision.id
        ? known
        : freshState(
            podRevision,
            revisionOn(observed, podRevision.filter),
            rollbackTargets.get(podRevision.filter)?.id,
            { run, started },
          );
    state[podRevision.filter] = { ...kept, ...defined({ expires }) };
  }
  return state;
}

function freshState(
  { id }: PodRevision,
  before: string | undefined,
  rollbackTarget: string | undefined,
  { run, started }: RunMark,
): FilterState {
  // Nothing to go back to: what the label names is not whole.
  const previous = rollbackTarget === undefined || before === id ? rollbackTarget : (before ?? rollbackTarget);
  const named = (of: string | undefined): boolean => of !== undefined && of !== id;
  return {
    revision: id,
    run,
    ...defined({ started }),
    ...(previous !== undefined && named(previous) && { previous }),
    ...(rollbackTarget !== undefined &&
      named(rollbackTarget) &&
      rollbackTarget !== previous && { fallback: rollbackTarget }),
  };
}
