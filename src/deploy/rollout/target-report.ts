import { defined } from '../../base/defined.ts';
import { envoyFilterKey } from '../../mesh/unmanaged/unmanaged.ts';
import { workloadKey } from '../../targets/target.ts';
import type { WrittenObjects } from '../apply/objects.ts';
import type { WriteResult } from '../apply/workload.ts';
import { readinessOf } from '../kinds/kinds.ts';
import { driftOf } from '../plan/drift.ts';
import { changesPods, objectKey, type Plan, type PlannedWorkload } from '../plan/plan.ts';
import type { Rollback, StepState, TargetOutcome, TargetReport, TargetRevision } from '../report/report.ts';
import { diagnosisLines } from '../wait/rollout-problem.ts';
import type { PushResult } from './push-settings.ts';
import { withPhase } from './target-phase.ts';
import { failureOf, pendingRollout, reachedBy, resultOf, type WorkloadRollout, writeOf } from './workload-rollout.ts';

/** What a run has done besides the rollouts of its workloads. */
export interface RunRecord {
  readonly plan: Plan;
  readonly objects: WrittenObjects;
  /** By `objectKey`. */
  readonly pushes: ReadonlyMap<string, PushResult>;
}

/** What happened to a workload, from its writes, its rollout, its verification and its rollback. */
export function concludeTarget(rollout: WorkloadRollout, record: RunRecord): TargetReport {
  const { planned, wave, times } = rollout;
  const write = writeOf(rollout);
  const reached = reachedBy(rollout);
  const ended = resultOf(rollout);
  const failure = failureOf(rollout);
  const rollback = rollout.state === 'rolled-back' ? rollout.rollback : undefined;
  const verification = rollout.state === 'verified' || rollout.state === 'waiting' ? rollout.verification : undefined;
  const newer = rollout.state === 'superseded' ? rollout.newer : undefined;
  const { ref, revisions } = planned;
  const pushed = pushesOf(planned, record);
  const keys = revisions.map(({ podRevision }) => objectKey(ref.namespace, podRevision));
  const steps = {
    configMap: worst(keys.map((key) => stateIn(record.objects.configMaps, key))),
    filterResource: worst(
      keys.map((key) => record.pushes.get(key)?.step ?? stateIn(record.objects.filterResources, key)),
    ),
    template: write.result.state,
    rollout: rolloutStep(rollout),
  };
  const problem =
    failure.problem ?? pushed.find((push) => push.problems.has(workloadKey(ref)))?.problems.get(workloadKey(ref));
  const { ready, wanted } = problem?.kind === 'deleted' ? NO_PODS : (ended ?? readinessOf(ref, planned.observed));
  const back = withPushes(rollback, pushRollback(planned, record), pushed);
  const shownVerification =
    verification ??
    pushed.find((push) => push.verifications.has(workloadKey(ref)))?.verifications.get(workloadKey(ref));
  const takenOver =
    write.result.state === 'done' && problem === undefined && back === undefined ? takenOverFrom(planned) : [];
  return withPhase({
    ref,
    outcome: outcomeOf(rollout, steps, problem !== undefined, back !== undefined),
    revisions: revisionsOf(planned, record),
    steps,
    pods: { ready, wanted },
    ...wave,
    ...defined({ times }),
    ...(ended !== undefined && newer === undefined && { durationMs: ended.durationMs }),
    // What was verified and then taken away is no evidence of what runs now.
    ...(shownVerification !== undefined &&
      problem === undefined &&
      back === undefined && { verification: shownVerification }),
    ...defined({ rollback: back, newer }),
    drift: driftOf(planned, record.plan),
    ...(takenOver.length > 0 && { takenOver }),
    ...(planned.alsoRuns.length > 0 && { alsoRuns: planned.alsoRuns }),
    ...(reached.state === 'not-ready-as-before' && { unready: reached.words }),
    ...(rollout.state === 'not-ready-before' && { unready: rollout.problem.message }),
    ...(rollout.state === 'waiting' && { waiting: rollout.end.message }),
    ...defined({ problem }),
    diagnosis: problem === undefined ? [] : diagnosisLines(failure.diagnosis),
  });
}

/** A target of a plan that nothing was written of: what is known of it, also what others have changed of the objects that it needs. */
export function untouchedTarget(planned: PlannedWorkload, plan: Plan): TargetReport {
  const objects = { configMaps: new Map(), filterResources: new Map() };
  return concludeTarget(pendingRollout(planned), { plan, objects, pushes: new Map() });
}

function revisionsOf({ ref, revisions, removals, before }: PlannedWorkload, { pushes }: RunRecord): TargetRevision[] {
  const earlier = (filter: string): { before?: string } => {
    const id = before.get(filter);
    return id === undefined ? {} : { before: id };
  };
  return [
    ...revisions.map(({ revision, podRevision, earlier: keeps }) => {
      const { digest, source } = revision.module;
      const push = pushes.get(objectKey(ref.namespace, podRevision));
      return {
        filter: revision.filter,
        revision: revision.id,
        ...(push !== undefined ? { before: push.before, pushed: true as const } : earlier(revision.filter)),
        ...(keeps && { earlier: { digest, ...(source?.kind === 'image' && { image: source.pinned }) } }),
      };
    }),
    ...removals.map((filter) => ({ filter, ...earlier(filter) })),
  ];
}

/** The rollback of a workload's template, with what was put back of settings that were pushed into its proxies. */
function withPushes(
  rollback: Rollback | undefined,
  putBack: Rollback | undefined,
  pushes: readonly PushResult[],
): Rollback | undefined {
  if (rollback === undefined || putBack === undefined) return rollback ?? putBack;
  const before = pushes.flatMap((push) => (push.rollback === undefined ? [] : Object.entries(push.rollback.to)));
  const { state, unconfirmed } = rollback;
  const worse = state === 'rolled-back' ? { ...putBack, ...defined({ unconfirmed }) } : rollback;
  return { ...worse, to: { ...rollback.to, ...Object.fromEntries(before) } };
}

/** What was put back of settings that were pushed, with what a workload runs of all its filters then: no template was touched. */
function pushRollback(planned: PlannedWorkload, record: RunRecord): Rollback | undefined {
  const backs = pushesOf(planned, record).flatMap((push) => push.rollback ?? []);
  const rollback = backs.find(({ state }) => state !== 'rolled-back') ?? backs[0];
  if (rollback === undefined) return undefined;
  const { ref, revisions, removals, before } = planned;
  const now = revisions.map(({ revision, podRevision }): [string, string | null] => {
    const push = record.pushes.get(objectKey(ref.namespace, podRevision));
    const keeps = push?.step === 'done' && push.rollback === undefined;
    return [revision.filter, keeps ? revision.id : (push?.before ?? before.get(revision.filter) ?? null)];
  });
  const to = [...now, ...removals.map((filter): [string, string | null] => [filter, before.get(filter) ?? null])];
  return { ...rollback, to: Object.fromEntries(to) };
}

function pushesOf({ ref, revisions }: PlannedWorkload, { pushes }: RunRecord): PushResult[] {
  return revisions.flatMap(({ podRevision }) => pushes.get(objectKey(ref.namespace, podRevision)) ?? []);
}

/** An object that the run did not come to was skipped. */
function stateIn(results: ReadonlyMap<string, WriteResult>, key: string): StepState {
  return results.get(key)?.state ?? 'skipped';
}

const NO_PODS = { ready: 0, wanted: 0 };

const SEVERITY: readonly StepState[] = ['failed', 'skipped', 'done', 'unchanged'];

function worst(states: readonly StepState[]): StepState {
  return SEVERITY.find((state) => states.includes(state)) ?? 'unchanged';
}

function rolloutStep(rollout: WorkloadRollout): StepState {
  if (rollout.state === 'superseded' || reachedBy(rollout).state === 'not-ready-as-before') return 'skipped';
  const { state } = writeOf(rollout).result;
  const ended = resultOf(rollout);
  if (ended === undefined) return state === 'unchanged' ? 'unchanged' : 'skipped';
  if (ended.state === 'ready') return state === 'done' && changesPods(rollout.planned) ? 'done' : 'unchanged';
  return ended.state === 'cancelled' || ended.state === 'waiting' ? 'skipped' : 'failed';
}

function outcomeOf(
  { state, planned: { revisions, removals } }: WorkloadRollout,
  steps: TargetReport['steps'],
  failed: boolean,
  rolledBack: boolean,
): TargetOutcome {
  if (state === 'superseded') return 'superseded';
  if (failed) return 'failed';
  if (rolledBack) return 'rolled-back';
  if (state === 'waiting') return 'waiting';
  // The rollout, which comes last, may be skipped; a shared object may have failed under a template that stays as it is.
  const writes = [steps.configMap, steps.filterResource, steps.template];
  if (writes.some((step) => step === 'skipped' || step === 'failed')) return 'untouched';
  if (!Object.values(steps).includes('done')) return 'unchanged';
  return revisions.length === 0 && removals.length > 0 ? 'removed' : 'deployed';
}

/** The EnvoyFilters that ours runs in the place of on a workload, once a run has brought it there. */
function takenOverFrom({ adopted, patch }: PlannedWorkload): string[] {
  if (patch?.spec === undefined) return [];
  return [...new Set(adopted.map(({ envoyFilter }) => envoyFilterKey(envoyFilter)))];
}
