import { defined } from '../../base/defined.ts';
import type { Problem } from '../../base/problem.ts';
import type { Workload } from '../../cluster/objects.ts';
import { describeWorkload } from '../../targets/target.ts';
import type { WorkloadWrite } from '../apply/workload.ts';
import { readinessOf, targetKind } from '../kinds/kinds.ts';
import type { Newer } from '../observe/superseded.ts';
import { type PlannedWorkload, placementsOf } from '../plan/plan.ts';
import type { Rollback } from '../report/report.ts';
import type { ProofResult } from '../verify/verifier.ts';
import type { Diagnosis } from '../wait/diagnose.ts';
import { rolloutProblem } from '../wait/rollout-problem.ts';
import type { Followed, RolloutResult } from '../wait/rollout-watch.ts';
import type { Condition } from './ready-before.ts';

/** What a run has done with one workload so far, and what came of it. */
export interface Course {
  readonly planned: PlannedWorkload;
  /** From 1; absent where the run has one wave only. */
  readonly wave?: number;
  /** Why it was not touched: it was not ready before the run. */
  unready?: Problem;
  /** In what condition it was, where it was changed although it was not ready. */
  before?: Condition;
  /** Set where it is no worse than that now: what keeps it from being ready, as before. */
  asBefore?: string;
  write: WorkloadWrite;
  rollout?: RolloutResult;
  proof?: ProofResult;
  diagnosis?: Diagnosis;
  rollback?: Rollback;
  /** An error that nobody expected, in whatever was done with it. */
  broken?: Problem;
  /** What another run has put there meanwhile; then nothing of this run counts any more. */
  newer?: Newer;
}

/** A workload that the run has not come to. */
export function newCourse(planned: PlannedWorkload, wave?: number): Course {
  return { planned, write: { result: { state: 'skipped' } }, ...defined({ wave }) };
}

/** What its pods shall carry, to follow its rollout by. */
export function followedOf(planned: PlannedWorkload): Followed {
  return { ref: planned.ref, placements: placementsOf(planned), removals: planned.removals };
}

/** The workload as the run last wrote or saw it. */
export function lastSeen({ planned, write }: Course): Workload {
  return write.workload ?? planned.observed;
}

/** What is wrong with a workload; undefined while nothing is. */
export function failureOf(course: Course, timeoutMs: number): Problem | undefined {
  const { planned, write, rollout, proof, diagnosis, unready, asBefore, broken, newer } = course;
  if (newer !== undefined) return undefined;
  if (broken !== undefined) return broken;
  if (unready !== undefined) return unready;
  if (write.result.state === 'failed') return write.result.problem;
  if (asBefore !== undefined) return undefined;
  return rolloutProblem(describeWorkload(planned.ref), rollout, diagnosis, timeoutMs) ?? proof?.problem;
}

/** Whether its pods are still being replaced, which those that take a change as they run never are for our sake. */
export function rolls(planned: PlannedWorkload): boolean {
  return !targetKind(planned.ref).binding.inPlace && !isSettled(planned);
}

/** Whether it was ready when it was observed. */
export function isSettled({ ref, observed }: PlannedWorkload): boolean {
  return readinessOf(ref, observed).state === 'ready';
}

/** Whether the workload is as it should be, as far as anybody looked. */
export function succeeded(course: Course, timeoutMs: number): boolean {
  const { write, rollout, asBefore, newer } = course;
  if (newer !== undefined) return false;
  const written = write.result.state === 'done' || write.result.state === 'unchanged';
  const asWanted = rollout === undefined || rollout.state === 'ready' || asBefore !== undefined;
  return written && asWanted && failureOf(course, timeoutMs) === undefined;
}
