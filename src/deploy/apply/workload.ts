import { pause } from '../../base/concurrency.ts';
import { defined } from '../../base/defined.ts';
import { sameJson } from '../../base/json.ts';
import { fail, ok, type Problem, type Result, type WithProblems } from '../../base/problem.ts';
import type { WarningList } from '../../base/warning.ts';
import type { Client } from '../../cluster/client.ts';
import type { Workload } from '../../cluster/objects.ts';
import type { PodRevision } from '../../mesh/identity/revision.ts';
import { revisionOn, stateOn } from '../../mesh/template/template.ts';
import type { WorkloadPatch } from '../../mesh/workload-patch.ts';
import { describeWorkload, type WorkloadRef } from '../../targets/target.ts';
import { keepAdmission } from '../kinds/admission-warnings.ts';
import { targetKind } from '../kinds/kinds.ts';
import { patchTarget, readTarget } from '../kinds/target-access.ts';
import { deletedProblem, isGone } from '../observe/deleted.ts';
import { foundNewer, type Met, mayTakeOver, otherRevisionOn } from '../observe/superseded.ts';
import { type PlannedWorkload, podRevisionsOf } from '../plan/plan.ts';
import { type PlanningOptions, planWorkload } from '../plan/workload.ts';
import { isConflict, writeProblem } from './write-problem.ts';

/** The result of one write. */
export type WriteResult =
  | { readonly state: 'done' | 'unchanged' | 'skipped' }
  | { readonly state: 'failed'; readonly problem: Problem; readonly met?: Met };

/** The result of the write of a workload, with the workload as the API server answered it. */
export interface WorkloadWrite {
  readonly result: WriteResult;
  readonly workload?: Workload;
  /** The patch that took effect: others may have changed the workload since the plan. */
  readonly patch?: WorkloadPatch;
}

export interface WriteContext {
  readonly client: Client;
  /** Once it aborts, no write is started. */
  readonly signal: AbortSignal;
  readonly onWritten: (line: string) => void;
  /** Takes what is noticed while writing, such as the API server's admission warnings. */
  readonly warnings: WarningList;
}

/** More writes at once than connections would only queue. */
export const PARALLEL_WRITES = 8;
/**
 * client-go's retry.DefaultRetry gives up after 5 tries within a tenth of a second. A Deployment whose pods fail one after another has its
 * status written all the time, and a rollback must get through all the same: 4 s, while each try is a read and a write.
 */
const CONFLICT_TRIES = 12;
const CONFLICT_PAUSE_MS = 20;
const MAX_CONFLICT_PAUSE_MS = 500;

/**
 * A patch that was made anew, `undefined` for nothing to do; or why it must not be written: another run may have put something
 * newer there, or taken away what was there.
 */
export type Replanned = Result<WorkloadPatch | undefined, WithProblems & { readonly met?: Met | undefined }>;

/** A patch to write, and how to make it anew from the workload as it is after a conflict. */
export interface WorkloadChange {
  readonly ref: WorkloadRef;
  readonly observed: Workload;
  readonly patch: WorkloadPatch | undefined;
  /** See `TargetWriteOptions`. */
  readonly openFirst?: boolean;
  /** What the log says that was done to the pod template. */
  readonly verb: 'patched' | 'rolled back';
  readonly replan: (current: Workload) => Replanned;
}

/**
 * Writes what a plan says of a workload; nothing when it says nothing, or where a newer run was there before. Never throws for what the
 * API server answers.
 */
export async function writeWorkload(
  planned: PlannedWorkload,
  options: PlanningOptions,
  context: WriteContext,
): Promise<WorkloadWrite> {
  const newer = planned.patch && foundNewer(wantedOf(planned), planned.observed, options, options.now);
  if (newer !== undefined) return failed(overtakenProblem(planned), newer);
  // Where nobody waits, nobody would close it.
  const change = {
    ...planned,
    openFirst: options.wait,
    verb: 'patched' as const,
    replan: (current: Workload) => replan(planned, current, options),
  };
  return writeChange(change, context);
}

/**
 * Patches a workload on the condition that it is as it was observed. After a conflict it is read and the patch made anew: its
 * status, its scale and others' annotations change all the time.
 */
export async function writeChange(change: WorkloadChange, context: WriteContext): Promise<WorkloadWrite> {
  if (change.patch === undefined) return { result: { state: 'unchanged' } };
  const { ref } = change;
  const { client, signal } = context;
  let { observed, patch } = change;
  for (let attempt = 1; ; attempt++) {
    if (signal.aborted) return { result: { state: 'skipped' } };
    try {
      const written = await patchTarget(client, ref, observed, patch, { openFirst: change.openFirst === true });
      keepAdmission(written.warnings, context.warnings);
      for (const line of describeWrite(change, observed, patch)) context.onWritten(line);
      return { result: { state: 'done' }, workload: written.object, patch };
    } catch (error) {
      if (!isConflict(error) || attempt === CONFLICT_TRIES) return failed(workloadProblem(error, ref));
    }
    await pause(Math.min(CONFLICT_PAUSE_MS * 2 ** (attempt - 1), MAX_CONFLICT_PAUSE_MS), signal);
    try {
      observed = await readTarget(client, ref, observed);
    } catch (error) {
      return failed(workloadProblem(error, ref));
    }
    const next = change.replan(observed);
    if (!next.ok) return failed(next.problems[0], next.met);
    // Our own patch may have arrived although its answer was lost: then nothing is left to do.
    if (next.value === undefined) return { result: { state: 'done' }, workload: observed, patch };
    patch = next.value;
  }
}

function workloadProblem(error: unknown, ref: WorkloadRef): Problem {
  return isGone(error, ref)
    ? deletedProblem(ref, 'after this run read it, and before this run wrote to it')
    : writeProblem(error, describeWorkload(ref));
}

function describeWrite(
  { ref, verb }: Pick<WorkloadChange, 'ref' | 'verb'>,
  observed: Workload,
  patch: WorkloadPatch,
): string[] {
  const target = describeWorkload(ref);
  return targetKind(ref)
    .binding.writes(ref, observed, patch)
    .map(({ action, kind, name, plugin }) =>
      plugin === undefined
        ? `${target} ${verb}${patch.spec === undefined ? ' (no restart)' : ''}`
        : `${target}: ${kind} ${name} ${action === 'delete' ? 'deleted' : 'applied'}`,
    );
}

function failed(problem: Problem, met?: Met): WorkloadWrite {
  return { result: { state: 'failed', problem, ...defined({ met }) } };
}

/**
 * What another run has put there meanwhile is taken over if that run is the older one. Else, and where something was taken away, there
 * is more to find out first.
 */
function replan(planned: PlannedWorkload, observed: Workload, options: PlanningOptions): Replanned {
  const next = planWorkload({ ...planned, observed }, options);
  if (!next.ok) return fail(next.problems);
  const { patch } = next.value;
  if (patch === undefined) return ok(undefined);
  const wanted = wantedOf(planned);
  const [before, now] = [planned.observed, observed].map(stateOn);
  // A run of another filter may share the workload.
  const filters = [...wanted.podRevisions.map(({ filter }) => filter), ...planned.removals];
  const changed = filters.filter((filter) => !sameJson(before?.[filter], now?.[filter]));
  const isTakenOver = (filter: string): boolean => {
    const record = now?.[filter];
    return record === undefined || mayTakeOver({ ...record, filter }, wanted, options);
  };
  const isLost = (filter: string): boolean => now?.[filter] === undefined && revisionOn(observed, filter) === undefined;
  const other = otherRevisionOn(wanted, observed);
  const lost = wanted.podRevisions.find(({ filter }) => changed.includes(filter) && isLost(filter));
  // What a removal takes from an older run is told to whoever cleans up.
  const isTaken = other !== undefined && changed.includes(other.filter) && planned.removals.includes(other.filter);
  if (changed.every(isTakenOver) && lost === undefined && !isTaken) return ok(patch);
  return { ...fail(overtakenProblem(planned)), met: other ?? (lost && { removed: lost.filter, tookOurs: false }) };
}

function wantedOf(
  planned: PlannedWorkload,
): Pick<PlannedWorkload, 'removals'> & { readonly podRevisions: readonly PodRevision[] } {
  return { podRevisions: podRevisionsOf(planned), removals: planned.removals };
}

function overtakenProblem({ ref }: PlannedWorkload): Problem {
  return {
    kind: 'conflict',
    subject: describeWorkload(ref),
    form: 'clause',
    message: 'another run of deploy-wasm-filter has changed it since it was read.',
    remedy:
      'Nothing was written to it. Re-run the job if this run should win, and use "concurrency" in the workflow to keep runs apart.',
  };
}
