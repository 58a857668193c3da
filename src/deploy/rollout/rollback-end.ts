import { defined } from '../../base/defined.ts';
import type { Problem } from '../../base/problem.ts';
import type { WorkloadWrite } from '../apply/workload.ts';
import type { OtherRevision } from '../observe/superseded.ts';
import type { PlannedWorkload } from '../plan/plan.ts';
import { revisionAfterRollback } from '../plan/rollback-target.ts';
import type { Rollback } from '../report/report.ts';
import type { UnreadyState } from './ready-before.ts';
import { returnsToObserved } from './rollback-patch.ts';
import { type RollbackFailure, rollbackProblem } from './rollback-problem.ts';
import { rolloutGoalOf } from './workload-rollout.ts';

/** What is known of a workload when it is to be rolled back. */
export interface RollbackFacts {
  readonly planned: PlannedWorkload;
  /** How the write went that is to be undone. */
  readonly write: WorkloadWrite;
  /** The condition that it was changed in although it was not ready. */
  readonly before: UnreadyState | undefined;
}

/** How the rollback of a workload ended. */
export type RollbackEnd =
  /** The change, whose write was not answered, has never come there. */
  | { readonly state: 'not-needed' }
  /** Another run has put something newer there, which stays. */
  | { readonly state: 'superseded'; readonly newer: OtherRevision }
  /** `unready`: what kept its pods from being ready before the run already. */
  | { readonly state: 'rolled-back'; readonly unready?: string }
  /** The run was cancelled. */
  | { readonly state: 'skipped' }
  /** It was changed so that undoing the change would undo more. */
  | { readonly state: 'refused'; readonly problem: Problem }
  | ({ readonly state: 'failed'; readonly why: string } & Omit<RollbackFailure, 'undoReverts'>);

/** Returns what the report says of a rollback; what another run has put there, or `undefined`, if nothing was to be rolled back. */
export function concludeRollback(
  end: RollbackEnd,
  { planned, write, before }: RollbackFacts,
  durationMs: number,
): Rollback | { readonly newer: OtherRevision } | undefined {
  const filters = [...rolloutGoalOf(planned).podRevisions.map(({ filter }) => filter), ...planned.removals];
  const to = Object.fromEntries(filters.map((filter) => [filter, revisionAfterRollback(planned, filter)]));
  switch (end.state) {
    case 'not-needed':
      return undefined;
    case 'superseded':
      return { newer: end.newer };
    case 'rolled-back':
      return { state: 'rolled-back', to, durationMs, ...defined({ unready: end.unready }) };
    case 'skipped':
      return { state: 'skipped', to, durationMs };
    case 'refused':
      return { state: 'failed', to, durationMs, problem: end.problem };
    case 'failed': {
      const { state, why, ...failure } = end;
      const undoReverts = write.result.state === 'done' && returnsToObserved(planned);
      const unready = failure.template === 'before' ? before?.words : undefined;
      const problem = rollbackProblem(planned, why, { ...failure, undoReverts });
      return { state, to, durationMs, template: failure.template, ...defined({ unready }), problem };
    }
  }
}
