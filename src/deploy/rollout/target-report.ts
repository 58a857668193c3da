import { defined } from '../../base/defined.ts';
import { envoyFilterKey } from '../../mesh/unmanaged/unmanaged.ts';
import { workloadKey } from '../../targets/target.ts';
import type { WrittenObjects } from '../apply/objects.ts';
import type { WriteResult } from '../apply/workload.ts';
import { readinessOf } from '../kinds/kinds.ts';
import { changesPods, objectKey, type Plan, type PlannedWorkload } from '../plan/plan.ts';
import type { StepState, TargetOutcome, TargetReport, TargetRevision } from '../report/report.ts';
import { evidenceLines } from '../wait/rollout-problem.ts';
import type { PushResult } from './push-settings.ts';
import { type Course, failureOf, newCourse } from './workload-rollout.ts';

/** What a run has done besides its workloads' courses. */
export interface RunRecord {
  readonly plan: Plan;
  readonly objects: WrittenObjects;
  /** By `objectKey`. */
  readonly pushes: ReadonlyMap<string, PushResult>;
  readonly timeoutMs: number;
}

/** What became of a workload, from its writes, its rollout, its proof and its way back. */
export function concludeTarget(course: Course, record: RunRecord): TargetReport {
  const { planned, write, rollout, proof, rollback, diagnosis, wave, newer } = course;
  const { ref, revisions } = planned;
  const pushed = pushesOf(planned, record);
  const keys = revisions.map(({ carrier }) => objectKey(ref.namespace, carrier));
  const steps = {
    configMap: worst(keys.map((key) => stateIn(record.objects.configMaps, key))),
    inserter: worst(keys.map((key) => record.pushes.get(key)?.step ?? stateIn(record.objects.inserters, key))),
    template: write.result.state,
    rollout: rolloutStep(course),
  };
  const problem =
    failureOf(course, record.timeoutMs) ??
    pushed.find((push) => push.problems.has(workloadKey(ref)))?.problems.get(workloadKey(ref));
  const { ready, wanted } = rollout ?? readinessOf(ref, planned.observed);
  const back = rollback ?? pushed.find((push) => push.rollback !== undefined)?.rollback;
  const shownProof =
    proof?.proof ?? pushed.find((push) => push.proofs.has(workloadKey(ref)))?.proofs.get(workloadKey(ref));
  const takenOver =
    write.result.state === 'done' && problem === undefined && back === undefined ? takenOverFrom(planned) : [];
  return {
    ref,
    outcome: newer === undefined ? outcomeOf(planned, steps, problem !== undefined, back !== undefined) : 'superseded',
    revisions: revisionsOf(planned, record),
    steps,
    pods: { ready, wanted },
    ...defined({ wave }),
    ...(rollout !== undefined && newer === undefined && { durationMs: rollout.durationMs }),
    // What was proven and then taken away is no proof of what runs now.
    ...(shownProof !== undefined && problem === undefined && back === undefined && { proof: shownProof }),
    ...defined({ rollback: back, newer }),
    drift: driftOf(planned, record.plan),
    ...(takenOver.length > 0 && { takenOver }),
    ...(planned.alsoRuns.length > 0 && { alsoRuns: planned.alsoRuns }),
    ...defined({ unready: course.asBefore, problem }),
    evidence: problem === undefined ? [] : evidenceLines(diagnosis),
  };
}

/** A target that was planned, in a run that ended before its first write. */
export function untouchedTarget(planned: PlannedWorkload): TargetReport {
  const plan = { configMaps: [], inserters: [], workloads: [planned], garbage: [], warnings: [] };
  const objects = { configMaps: new Map(), inserters: new Map() };
  return concludeTarget(newCourse(planned), { plan, objects, pushes: new Map(), timeoutMs: 0 });
}

function revisionsOf({ ref, revisions, removals, before }: PlannedWorkload, { pushes }: RunRecord): TargetRevision[] {
  const earlier = (filter: string): { before?: string } => {
    const id = before.get(filter);
    return id === undefined ? {} : { before: id };
  };
  return [
    ...revisions.map(({ revision, carrier }) => {
      const push = pushes.get(objectKey(ref.namespace, carrier));
      return {
        filter: revision.filter,
        revision: revision.id,
        ...(push !== undefined
          ? { before: push.before, pushed: true as const }
          : // Its settings were pushed by an earlier run, and are what is wanted.
            revision.id !== carrier.id
            ? { before: revision.id }
            : earlier(revision.filter)),
      };
    }),
    ...removals.map((filter) => ({ filter, ...earlier(filter) })),
  ];
}

function pushesOf({ ref, revisions }: PlannedWorkload, { pushes }: RunRecord): PushResult[] {
  return revisions.flatMap(({ carrier }) => pushes.get(objectKey(ref.namespace, carrier)) ?? []);
}

/** What others had changed of the workload and of the objects that it needs. */
function driftOf({ ref, revisions, drift }: PlannedWorkload, { configMaps, inserters }: Plan): string[] {
  const keys = new Set(revisions.map(({ carrier }) => objectKey(ref.namespace, carrier)));
  const objects = [...configMaps, ...inserters].filter((object) =>
    keys.has(objectKey(object.namespace, object.carrier)),
  );
  return [...drift, ...objects.flatMap((object) => object.drift ?? [])];
}

/** An object that the run did not come to was skipped. */
function stateIn(results: ReadonlyMap<string, WriteResult>, key: string): StepState {
  return results.get(key)?.state ?? 'skipped';
}

const SEVERITY: readonly StepState[] = ['failed', 'skipped', 'done', 'unchanged'];

function worst(states: readonly StepState[]): StepState {
  return SEVERITY.find((state) => states.includes(state)) ?? 'unchanged';
}

function rolloutStep({ planned, write, rollout, newer, asBefore }: Course): StepState {
  if (asBefore !== undefined) return 'skipped';
  const { state } = write.result;
  if (newer !== undefined) return 'skipped';
  if (rollout === undefined) return state === 'unchanged' ? 'unchanged' : 'skipped';
  if (rollout.state === 'ready') return state === 'done' && changesPods(planned) ? 'done' : 'unchanged';
  return rollout.state === 'cancelled' ? 'skipped' : 'failed';
}

function outcomeOf(
  { revisions, removals }: PlannedWorkload,
  steps: TargetReport['steps'],
  failed: boolean,
  rolledBack: boolean,
): TargetOutcome {
  if (failed) return 'failed';
  if (rolledBack) return 'restored';
  // The rollout, which comes last, may be skipped; a shared object may have failed under a template that stays as it is.
  const writes = [steps.configMap, steps.inserter, steps.template];
  if (writes.some((step) => step === 'skipped' || step === 'failed')) return 'untouched';
  if (!Object.values(steps).includes('done')) return 'unchanged';
  return revisions.length === 0 && removals.length > 0 ? 'removed' : 'deployed';
}

/** The EnvoyFilters that ours runs in the place of on a workload, once a run has brought it there. */
function takenOverFrom({ adopted, patch }: PlannedWorkload): string[] {
  if (patch?.spec === undefined) return [];
  return [...new Set(adopted.map(({ envoyFilter }) => envoyFilterKey(envoyFilter)))];
}
