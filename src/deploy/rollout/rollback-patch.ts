import { defined } from '../../base/defined.ts';
import { sameJson } from '../../base/json.ts';
import { fail, ok, type Problem } from '../../base/problem.ts';
import type { Workload } from '../../cluster/objects.ts';
import type { PodRevision } from '../../mesh/identity/revision.ts';
import { type FilterState, type WorkloadState, withoutFilters } from '../../mesh/identity/state.ts';
import { revisionOn, stateOn } from '../../mesh/template/template.ts';
import type { KeyChanges, WorkloadPatch } from '../../mesh/workload-patch.ts';
import { describeWorkload } from '../../targets/target.ts';
import type { Replanned, WorkloadWrite } from '../apply/workload.ts';
import { targetKind } from '../kinds/kinds.ts';
import { type ForeignChange, foreignChange, otherRunOn } from '../plan/foreign-change.ts';
import type { PlannedWorkload } from '../plan/plan.ts';
import type { Rollback } from '../report/report.ts';
import { rolloutGoalOf } from './workload-rollout.ts';

/** A workload that is to be rolled back, and what this run has written to it. */
interface WrittenWorkload {
  readonly planned: PlannedWorkload;
  readonly write: WorkloadWrite;
}

/** What a workload's pods carry once it is rolled back. */
export function rollbackGoal(planned: PlannedWorkload): { podRevisions: PodRevision[]; removals: string[] } {
  const filters = [...planned.revisions.map(({ podRevision }) => podRevision.filter), ...planned.removals];
  return {
    podRevisions: filters.flatMap((filter) => planned.rollbackTargets.get(filter) ?? []),
    removals: filters.filter((filter) => !planned.rollbackTargets.has(filter)),
  };
}

/**
 * The patch that rolls a workload back, from what it is like now. Where it goes back to what this run has found, every key that
 * still has the value that this run wrote gets the value it had, to the letter; else its filters are changed one by one, so that
 * what others wrote meanwhile stays. A workload that another run has changed is not touched.
 */
export function rollbackPatch({ planned, write }: WrittenWorkload, current: Workload): Replanned {
  const { ref, podRevisions, removals } = rolloutGoalOf(planned);
  const foreign = foreignChange({ ref, podRevisions, removals }, current);
  if (foreign !== undefined) {
    return {
      ...fail(supersededProblem(planned, foreign)),
      met: otherRunOn({ ref, podRevisions, removals }, current),
    };
  }
  const { patch } = write;
  // What was put back of other filters stays, or no pod could start.
  const exact =
    patch !== undefined && planned.mended.length === 0 && returnsToObserved(planned)
      ? inversePatch(patch, planned.observed, current)
      : undefined;
  if (exact !== undefined) return ok(exact);
  const back = rollbackGoal(planned);
  return targetKind(planned.ref).binding.patchFor(
    current,
    {
      podRevisions: back.podRevisions,
      remove: back.removals,
      state: (recorded) => rollbackState(recorded, planned),
      like: planned.observed,
    },
    describeWorkload(planned.ref),
  );
}

function supersededProblem({ ref }: PlannedWorkload, { message, remedy, reverted }: ForeignChange): Problem {
  return {
    kind: 'conflict',
    subject: describeWorkload(ref),
    ...(reverted
      ? { form: 'clause', message: `${message} before this run could roll it back; it was left alone.` }
      : { message: `was not rolled back: ${message}; it was left alone.` }),
    remedy,
  };
}

/** Whether a workload goes back to what this run has found. */
export function returnsToObserved({ observed, revisions, removals, rollbackTargets }: PlannedWorkload): boolean {
  const filters = [...revisions.map(({ podRevision }) => podRevision.filter), ...removals];
  return filters.every((filter) => rollbackTargets.get(filter)?.id === revisionOn(observed, filter));
}

/** Why a pod template that was rolled back is not what this run has found; `undefined` if it is. `seen`: as it was seen last. */
export function whyDiffers(planned: PlannedWorkload, seen: Workload): Rollback['differs'] {
  // What the run put back of other filters stays, so nobody can tell here whether others changed something, too.
  if (planned.mended.length > 0) return 'other-filters-put-back';
  if (!returnsToObserved(planned)) return 'earlier-revision';
  const [found, now] = [planned.observed, seen].map(({ spec }) => spec?.template);
  return sameJson(found, now) ? undefined : 'changed-by-others';
}

/** The patch's keys with their values of before; `undefined` if others have changed one of them since. */
function inversePatch(patch: WorkloadPatch, observed: Workload, current: Workload): WorkloadPatch | undefined {
  const [was, is] = [observed, current].map(({ metadata, spec }) => ({
    state: metadata.annotations,
    labels: spec?.template?.metadata?.labels,
    annotations: spec?.template?.metadata?.annotations,
  }));
  // Lists are repaired entry by entry.
  if (patch.spec?.template.spec !== undefined) return undefined;
  const template = patch.spec?.template.metadata;
  const metadata = patch.metadata;
  const isAsWritten =
    holds(is?.state, metadata?.annotations) &&
    holds(is?.labels, template?.labels) &&
    holds(is?.annotations, template?.annotations);
  if (!isAsWritten) return undefined;
  const state = inverse(metadata?.annotations, was?.state);
  const labels = inverse(template?.labels, was?.labels);
  const annotations = inverse(template?.annotations, was?.annotations);
  return {
    ...(state !== undefined && { metadata: { annotations: state } }),
    ...((labels !== undefined || annotations !== undefined) && {
      spec: { template: { metadata: defined({ labels, annotations }) } },
    }),
  };
}

/** Whether every key that was written has the value that it was given. */
function holds(is: Readonly<Record<string, string>> | undefined, written: KeyChanges = {}): boolean {
  return Object.entries(written).every(([key, value]) => (is?.[key] ?? null) === value);
}

/** The written keys with their values of before; `undefined` if none was written. */
function inverse(
  written: KeyChanges | undefined,
  was: Readonly<Record<string, string>> | undefined,
): KeyChanges | undefined {
  if (written === undefined) return undefined;
  return Object.fromEntries(Object.keys(written).map((key) => [key, was?.[key] ?? null]));
}

function rollbackState(recorded: WorkloadState, planned: PlannedWorkload): WorkloadState {
  const { podRevisions, removals } = rollbackGoal(planned);
  const was = stateOn(planned.observed);
  const states = podRevisions.flatMap(({ filter, id }): [string, FilterState][] => {
    const before = was[filter];
    if (before?.revision === id) return [[filter, before]];
    const { run = '', started } = recorded[filter] ?? {};
    return [[filter, { revision: id, run, ...defined({ started }) }]];
  });
  const filters = [...podRevisions.map(({ filter }) => filter), ...removals];
  return { ...withoutFilters(recorded, filters), ...Object.fromEntries(states) };
}
