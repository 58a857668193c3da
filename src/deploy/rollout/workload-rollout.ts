import { defined } from '../../base/defined.ts';
import type { Problem } from '../../base/problem.ts';
import type { Workload } from '../../cluster/objects.ts';
import { knownByName } from '../../mesh/proxy/refused-filter.ts';
import type { WorkloadWrite } from '../apply/workload.ts';
import { readinessOf, targetKind } from '../kinds/kinds.ts';
import type { Newer } from '../observe/superseded.ts';
import { type PlannedWorkload, podRevisionsOf } from '../plan/plan.ts';
import type { Verification } from '../report/evidence-level.ts';
import type { Rollback } from '../report/report.ts';
import type { RolloutTimes } from '../report/rollout-times.ts';
import type { WaveMark } from '../report/wave-mark.ts';
import type { VerificationResult } from '../verify/verifier.ts';
import type { Diagnosis } from '../wait/diagnose.ts';
import type { RolloutGoal } from '../wait/rollout-goal.ts';
import type { RolloutResult } from '../wait/rollout-result.ts';
import type { UnreadyState } from './ready-before.ts';

interface OfWorkload {
  readonly planned: PlannedWorkload;
  /** Omitted where the run has one wave only. */
  readonly wave?: WaveMark;
  /** Set by `RolloutStates`, once its patch is written. */
  readonly times?: RolloutTimes;
}

/** The run has not come to it. */
export interface PendingRollout extends OfWorkload {
  readonly state: 'pending';
}

/** It was not ready before the run, and was left as it is. */
export interface NotReadyBefore extends OfWorkload {
  readonly state: 'not-ready-before';
  readonly problem: Problem;
  readonly diagnosis: Diagnosis;
}

interface WithWrite extends OfWorkload {
  readonly write: WorkloadWrite;
  /** The condition that it was in, where it was changed although it was not ready. */
  readonly before?: UnreadyState;
}

/** Its template has what was planned, or the write failed; nobody has seen its pods yet. */
export interface WrittenRollout extends WithWrite {
  readonly state: 'written';
}

interface WithResult extends WithWrite {
  readonly end: RolloutResult;
}

/** Its rollout came to its end, with ready pods or without. */
export interface EndedRollout extends WithResult {
  readonly state: 'ended';
}

/** Its pods are not ready, and no worse than before the run: nothing is verified. */
export interface NotReadyAsBefore extends WithResult {
  readonly state: 'not-ready-as-before';
  /** What keeps them from being ready. */
  readonly words: string;
}

/** Its proxies were seen to run what they should. */
export interface VerifiedRollout extends WithResult {
  readonly state: 'verified';
  /** Omitted where there was nothing to see. */
  readonly verification?: Verification;
}

/** It stays where it is until somebody promotes it; those of its pods that run what was written were looked at. */
export interface WaitingRollout extends WithResult {
  readonly state: 'waiting';
  /** Of the pods that have the change so far; omitted where there was nothing to see. */
  readonly verification?: Verification;
}

/** How far a workload was brought, whatever became of it then. */
export type ReachedRollout =
  | PendingRollout
  | WrittenRollout
  | EndedRollout
  | NotReadyAsBefore
  | WaitingRollout
  | VerifiedRollout;

/** Something is wrong with it. */
export interface FailedRollout extends OfWorkload {
  readonly state: 'failed';
  readonly reached: ReachedRollout;
  readonly problem: Problem;
  /** Omitted until the evidence is there, and where none is looked for. */
  readonly diagnosis?: Diagnosis;
}

/** It was rolled back, with or without success. */
export interface RolledBack extends OfWorkload {
  readonly state: 'rolled-back';
  readonly reached: ReachedRollout;
  /** Omitted where nothing was wrong with it, but with others. */
  readonly problem?: Problem;
  readonly diagnosis?: Diagnosis;
  readonly rollback: Rollback;
}

/** Another run has put something newer there, or removed the filter, so nothing of this run counts any more. */
export interface SupersededRollout extends OfWorkload {
  readonly state: 'superseded';
  readonly reached: ReachedRollout;
  readonly newer: Newer;
}

/** What a run has done with one workload so far, and what came of it. The runner alone holds the current state of each. */
export type WorkloadRollout = ReachedRollout | NotReadyBefore | FailedRollout | RolledBack | SupersededRollout;

/** Returns the rollout of a workload that the run has not come to. */
export function pendingRollout(planned: PlannedWorkload, wave?: WaveMark): PendingRollout {
  return { state: 'pending', planned, ...defined({ wave }) };
}

/** Returns the rollout of a workload that is left as it is. */
export function notReadyBefore({ planned, wave }: OfWorkload, problem: Problem, diagnosis: Diagnosis): NotReadyBefore {
  return { state: 'not-ready-before', planned, ...defined({ wave }), problem, diagnosis };
}

/** Returns the rollout after its write: still pending where that was not started any more. */
export function writtenRollout(
  pending: PendingRollout,
  write: WorkloadWrite,
  before?: UnreadyState,
): PendingRollout | WrittenRollout | FailedRollout {
  if (write.result.state === 'skipped') return pending;
  const written: WrittenRollout = { ...pending, state: 'written', write, ...defined({ before }) };
  return write.result.state === 'failed' ? failedRollout(written, write.result.problem) : written;
}

/** Returns the rollout once it is known how it ended; nobody has judged that yet. */
export function endedRollout(
  { planned, wave, write, before }: WrittenRollout | EndedRollout | WaitingRollout | VerifiedRollout,
  end: RolloutResult,
): EndedRollout {
  return { state: 'ended', planned, ...defined({ wave, before }), write, end };
}

/** Returns the rollout of a workload that is not ready, as before the run; `words` say what keeps it from being ready. */
export function notReadyAsBefore(ended: EndedRollout, words: string): NotReadyAsBefore {
  return { ...ended, state: 'not-ready-as-before', words };
}

/** Returns the rollout after its proxies were looked into: of one that waits for promotion, those that have the change so far. */
export function verifiedRollout(
  { planned, wave, write, before, end }: EndedRollout | VerifiedRollout,
  { verification, problem }: Pick<VerificationResult, 'verification' | 'problem'>,
): WaitingRollout | VerifiedRollout | FailedRollout {
  const ended = endedRollout({ state: 'written', planned, ...defined({ wave, before }), write }, end);
  if (problem !== undefined) return failedRollout(ended, problem);
  return { ...ended, state: end.state === 'waiting' ? 'waiting' : 'verified', ...defined({ verification }) };
}

/** Returns the rollout of a workload whose proxies nobody has to look into. */
export function unverifiedRollout(ended: EndedRollout): EndedRollout | WaitingRollout {
  return ended.end.state === 'waiting' ? { ...ended, state: 'waiting' } : ended;
}

/** Returns the rollout as failed by this problem, which takes the place of an earlier one. */
export function failedRollout(rollout: WorkloadRollout, problem: Problem): FailedRollout {
  const { planned, wave } = rollout;
  return { state: 'failed', planned, ...defined({ wave }), reached: reachedBy(rollout), problem };
}

/** Returns the rollout of a workload that was rolled back. */
export function rolledBack(rollout: WorkloadRollout, rollback: Rollback): RolledBack {
  const { planned, wave } = rollout;
  const { problem, diagnosis } = failureOf(rollout);
  return {
    state: 'rolled-back',
    planned,
    ...defined({ wave, problem, diagnosis }),
    reached: reachedBy(rollout),
    rollback,
  };
}

/** Returns the rollout of a workload that another run has brought to something newer; a write that lost to it was none. */
export function supersededRollout(rollout: WorkloadRollout, newer: Newer): SupersededRollout {
  const { planned, wave } = rollout;
  const reached = reachedBy(rollout);
  const lost = writeOf(reached).result.state === 'failed';
  return {
    state: 'superseded',
    planned,
    ...defined({ wave }),
    reached: lost ? pendingRollout(planned, wave) : reached,
    newer,
  };
}

/** Returns how far a workload was brought, whatever became of it then. */
export function reachedBy(rollout: WorkloadRollout): ReachedRollout {
  switch (rollout.state) {
    case 'failed':
    case 'rolled-back':
    case 'superseded':
      return rollout.reached;
    case 'not-ready-before':
      return pendingRollout(rollout.planned, rollout.wave);
    default:
      return rollout;
  }
}

const NOT_WRITTEN: WorkloadWrite = { result: { state: 'skipped' } };

/** Returns the write of a workload; skipped where the run has not come to it. */
export function writeOf(rollout: WorkloadRollout): WorkloadWrite {
  const reached = reachedBy(rollout);
  return reached.state === 'pending' ? NOT_WRITTEN : reached.write;
}

/** Returns how the rollout of a workload ended; `undefined` where nobody has seen its end. */
export function resultOf(rollout: WorkloadRollout): RolloutResult | undefined {
  const reached = reachedBy(rollout);
  return reached.state === 'pending' || reached.state === 'written' ? undefined : reached.end;
}

/** Returns what is wrong with a workload, and the evidence of it; nothing where nothing is. */
export function failureOf(rollout: WorkloadRollout): {
  readonly problem?: Problem | undefined;
  readonly diagnosis?: Diagnosis | undefined;
} {
  return 'problem' in rollout ? rollout : {};
}

/** Returns the goal of a rollout: what the pods of the workload shall run. */
export function rolloutGoalOf(planned: PlannedWorkload): RolloutGoal {
  const { ref, revisions, removals } = planned;
  return { ref, podRevisions: podRevisionsOf(planned), removals, known: knownByName(revisions) };
}

/** Returns the workload as the run last wrote or saw it. */
export function latestWorkload(rollout: WorkloadRollout): Workload {
  return writeOf(rollout).workload ?? rollout.planned.observed;
}

/** Whether its pods are still being replaced, which those that take a change as they run never are for our sake. */
export function isRollingOut(planned: PlannedWorkload): boolean {
  return !targetKind(planned.ref).binding.inPlace && !isSettled(planned);
}

/** Whether it was ready when it was observed. */
export function isSettled({ ref, observed }: PlannedWorkload): boolean {
  return readinessOf(ref, observed).state === 'ready';
}

/** Whether the pods of a workload are ready, with nothing wrong. */
export function hasReadyPods(rollout: WorkloadRollout): boolean {
  return (
    rollout.state !== 'superseded' && failureOf(rollout).problem === undefined && resultOf(rollout)?.state === 'ready'
  );
}

/** Whether the workload is as it should be, as far as anybody looked. */
export function succeeded(rollout: WorkloadRollout): boolean {
  switch (rollout.state) {
    case 'written':
    case 'not-ready-as-before':
    case 'verified':
      return true;
    case 'ended':
      return rollout.end.state === 'ready';
    // Of one that waits for promotion, other pods still run what was there before.
    default:
      return false;
  }
}
