import { defined } from '../../base/defined.ts';
import type { Problem } from '../../base/problem.ts';
import { sentence } from '../../base/text.ts';
import type { Workload } from '../../cluster/objects.ts';
import type { WorkloadWrite } from '../apply/workload.ts';
import type { Met } from '../observe/superseded.ts';
import { changesPods, type PlannedWorkload } from '../plan/plan.ts';
import { revisionAfterRollback } from '../plan/rollback-target.ts';
import type { Rollback } from '../report/report.ts';
import type { RolloutResult } from '../wait/rollout-result.ts';
import type { UnreadyState } from './ready-before.ts';
import { returnsToObserved, whyDiffers } from './rollback-patch.ts';
import { isUnanswered, type RollbackFailure, rollbackProblem } from './rollback-problem.ts';
import { rolloutGoalOf } from './workload-rollout.ts';

/** What is known of a workload when it is to be rolled back. */
export interface RollbackFacts {
  readonly planned: PlannedWorkload;
  /** How the write went that is to be undone. */
  readonly write: WorkloadWrite;
  /** The condition that it was changed in although it was not ready. */
  readonly before: UnreadyState | undefined;
  /** What is wrong with it; `undefined` where others failed. */
  readonly problem: Problem | undefined;
  /** How its rollout ended; `undefined` where nobody has seen that. */
  readonly result: RolloutResult | undefined;
}

/** How the rollback of a workload ended. */
export type RollbackEnd =
  /** The change, whose write was not answered, has never come there. */
  | { readonly state: 'not-needed' }
  /** Another run has put something newer there, which stays. */
  | { readonly state: 'superseded'; readonly met: Met }
  /** `unready`: what kept its pods from being ready before the run already; `waiting`: where it waits for promotion again. */
  | { readonly state: 'rolled-back'; readonly unready?: string; readonly waiting?: string }
  /** Its template is, and the run was cancelled before its pods were ready. */
  | { readonly state: 'unconfirmed' }
  /** The run was cancelled before its template was written. */
  | { readonly state: 'skipped' }
  /** It was changed so that undoing the change would undo more, or it was deleted. */
  | { readonly state: 'refused'; readonly problem: Problem }
  /** `seen`: the workload as it was seen last, where that was after its template was written. */
  | ({ readonly state: 'failed'; readonly why: string; readonly seen?: Workload } & Omit<
      RollbackFailure,
      'isOurs' | 'undoReverts' | 'differs'
    >);

/**
 * Returns what the report says of a rollback; what another run has put there, or `undefined`, if nothing was to be rolled back.
 * `restored`: the workload as writing its template left it, where that was done.
 */
export function concludeRollback(
  end: RollbackEnd,
  facts: RollbackFacts,
  durationMs: number,
  restored?: Workload,
): Rollback | { readonly met: Met } | undefined {
  const { planned, write, before } = facts;
  const filters = [...rolloutGoalOf(planned).podRevisions.map(({ filter }) => filter), ...planned.removals];
  const to = Object.fromEntries(filters.map((filter) => [filter, revisionAfterRollback(planned, filter)]));
  switch (end.state) {
    case 'not-needed':
      return undefined;
    case 'superseded':
      return { met: end.met };
    case 'rolled-back':
      return { state: 'rolled-back', to, durationMs, ...defined({ unready: end.unready, waiting: end.waiting }) };
    case 'unconfirmed':
      return { state: 'rolled-back', to, durationMs, unconfirmed: true };
    case 'skipped':
      return { state: 'skipped', to, durationMs };
    case 'refused':
      return { state: 'failed', to, durationMs, problem: end.problem };
    case 'failed': {
      const { state, why, seen = restored, ...failure } = end;
      const differs = seen && whyDiffers(planned, seen);
      const isOurs = write.result.state !== 'unchanged' && changesPods(planned);
      const undoReverts = write.result.state === 'done' && returnsToObserved(planned);
      const unready = failure.template === 'before' ? before?.words : undefined;
      // The API server answered neither: that is one trouble.
      const tellsFailure = [failure.call, facts.problem].every((one) => one !== undefined && isUnanswered(one));
      const said = tellsFailure ? [sentence(why), ...lostWords(facts)].join(' ') : why;
      const problem = rollbackProblem(planned, said, { ...failure, isOurs, undoReverts, ...defined({ differs }) });
      return {
        state,
        to,
        durationMs,
        template: failure.template,
        ...defined({ differs, unready }),
        problem,
        ...(tellsFailure && { tellsFailure }),
      };
    }
  }
}

/** What the API server did not show or answer before the rollback. */
function lostWords({ write, result }: RollbackFacts): string[] {
  if (write.result.state === 'failed') return ['Nor was its patch answered.'];
  if (result?.state !== 'unseen') return [];
  return [
    sentence(`Before that, this run had lost sight of it. Seen last: ${result.message || 'nothing of its new state'}`),
  ];
}
