import type { Problem } from '../../base/problem.ts';
import { changesPods } from '../plan/plan.ts';
import type { Diagnosis } from '../wait/diagnose.ts';
import { rolloutProblem } from '../wait/rollout-problem.ts';
import { type FailedRollout, failedRollout, type ReachedRollout, type WorkloadRollout } from './workload-rollout.ts';

/** Returns a rollout that ended without ready pods as failed, every other as it is. */
export function judgedRollout<T extends WorkloadRollout>(rollout: T, timeoutMs: number): T | FailedRollout {
  const problem = rollout.state === 'ended' ? endProblem(rollout, timeoutMs) : undefined;
  return problem === undefined ? rollout : failedRollout(rollout, problem);
}

/** Returns a failed rollout with the evidence of it, by which its problem says more; `goesBack`: it will be rolled back. */
export function diagnosedRollout(
  failed: FailedRollout,
  diagnosis: Diagnosis,
  timeoutMs: number,
  goesBack: boolean,
): FailedRollout {
  const { reached, problem } = failed;
  return { ...failed, diagnosis, problem: endProblem(reached, timeoutMs, diagnosis, goesBack) ?? problem };
}

/** Why a rollout ended without ready pods; what is said of it depends on what the run has done and will do to the workload. */
function endProblem(
  reached: ReachedRollout,
  timeoutMs: number,
  diagnosis?: Diagnosis,
  goesBack = false,
): Problem | undefined {
  if (reached.state !== 'ended') return undefined;
  const { planned, write, end } = reached;
  const kept = write.result.state === 'done' && changesPods(planned) ? 'filter-kept' : 'filter-there';
  const change = planned.revisions.length === 0 ? 'filter-removed' : goesBack ? 'filter-added' : kept;
  return rolloutProblem(planned, end, diagnosis, timeoutMs, change);
}
