import { defined } from '../../base/defined.ts';
import { describeProblem, type Problem } from '../../base/problem.ts';
import { listWords, sentence } from '../../base/text.ts';
import { permissionOf } from '../../cluster/access.ts';
import { ApiError } from '../../cluster/errors.ts';
import { POD } from '../../cluster/resources.ts';
import { describeWorkload, type WorkloadRef } from '../../targets/target.ts';
import type { ManualRollback } from '../kinds/kind.ts';
import { targetKind } from '../kinds/kinds.ts';
import type { PlannedWorkload } from '../plan/plan.ts';
import { mayHaveArrived } from '../report/may-have-arrived.ts';
import type { Rollback } from '../report/report.ts';
import type { RolloutResult } from '../wait/rollout-result.ts';

/**
 * How far a rollback came that did not succeed. `template`: what the pod template has now: what it goes back to, still what the
 * run wrote, or nobody knows which. Advice that is right for one of them undoes the rollback in another.
 */
export interface RollbackFailure {
  readonly template: NonNullable<Rollback['template']>;
  /** Whether this run has written the template, and no killed one before it. */
  readonly isOurs: boolean;
  /** Whether the revision before in the cluster's own history is what the workload goes back to. */
  readonly undoReverts: boolean;
  /** Pods that have to be deleted and may not be. */
  readonly pods?: readonly string[];
  /** What to do about pods that are not ready, where that is known. */
  readonly remedy?: string;
  /** Why the template is not what the run found, where it is rolled back. */
  readonly differs?: Rollback['differs'];
  /** The call that failed, where one did. */
  readonly call?: Problem;
}

/** What the pod template has after a write of the rollback that failed like this. */
export function templateAfter(problem: Problem): RollbackFailure['template'] {
  // A server that gives up on a write may have stored it.
  return mayHaveArrived(problem) || isUnanswered(problem) ? 'unknown' : 'new';
}

/** Whether the API server has given no answer to what it was asked, or given up on it. */
export function isUnanswered({ kind, cause }: Problem): boolean {
  return kind === 'connection' || (cause instanceof ApiError && cause.status >= 500);
}

/** Why a workload is not back where it was, and what helps from where it is now. */
export function rollbackProblem(
  planned: Pick<PlannedWorkload, 'ref' | 'observed' | 'revisions' | 'removals'>,
  why: string,
  failure: RollbackFailure,
): Problem {
  const { ref, observed } = planned;
  const isBack = failure.template === 'before';
  const said = isBack ? 'was rolled back, but' : 'could not be rolled back:';
  const manual = targetKind(ref).manualRollback(ref, observed);
  const { pods = [], call } = failure;
  const permission =
    pods.length > 0 ? permissionOf({ verb: 'delete', resource: POD, namespace: ref.namespace }) : call?.permission;
  return {
    kind: isBack ? 'rolled-back-not-ready' : 'rollback',
    subject: describeWorkload(ref),
    message: `${said} ${sentence(why)}`,
    ...defined({ permission, user: call?.user }),
    remedy:
      manual.does === 'inspect'
        ? `Inspect it: \`${manual.command}\` shows the plugins that name it. Re-run to try again.`
        : remedyOf(planned, failure, manual),
  };
}

function remedyOf(
  planned: Pick<PlannedWorkload, 'ref' | 'revisions' | 'removals'>,
  { template, isOurs, undoReverts, pods = [], remedy, differs }: RollbackFailure,
  { command, needs }: ManualRollback,
): string {
  const { kind, namespace } = planned.ref;
  switch (template) {
    case 'before': {
      const help =
        pods.length > 0
          ? `Delete the pods that the ${kind} waits for: \`kubectl delete pod -n ${namespace} ${pods.join(' ')}\`. Or grant the permission to delete pods in namespace "${namespace}".`
          : (remedy ?? `Find out why its pods are not ready: \`kubectl describe pods -n ${namespace}\`.`);
      // What others have changed may be what is wrong with it.
      return differs === 'changed-by-others' ? help : `${help} The pod template is rolled back already.`;
    }
    case 'new': {
      const manually = undoReverts
        ? `, or roll back manually: \`${command}\`${needs === undefined ? '' : ` (needs ${needs})`}`
        : '';
      const from = isOurs ? 'what this run wrote' : 'what this run found';
      return `Re-run to try again${manually}. Its pod template still has ${from}: ${templateWords(planned)}.`;
    }
    case 'unknown':
      return 'Re-run: the next run finds out whether the pod template is rolled back, and finishes the rollback.';
  }
}

/** What the run brings to a pod template: `revision 0123456789`, of several filters with their names. */
function templateWords({ revisions, removals }: Pick<PlannedWorkload, 'revisions' | 'removals'>): string {
  const ids = revisions.map(({ podRevision }) => podRevision);
  const isOne = ids.length + removals.length === 1;
  const brought = ids.map(({ filter, id }) => (isOne ? `revision ${id}` : `revision ${id} of ${filter}`));
  return listWords([...brought, ...removals.map((filter) => `no filter ${filter}`)], 'and');
}

/** That somebody has undone a rollback that was waited for: by what, as a clause, and what helps against it. */
export function undoneProblem(
  ref: WorkloadRef,
  { message, remedy }: Pick<RolloutResult, 'message' | 'remedy'>,
): Problem {
  return {
    kind: 'conflict',
    subject: describeWorkload(ref),
    message: `was rolled back, and then ${message}; it was left alone.`,
    ...defined({ remedy }),
  };
}

/** The same for a call that failed, which says itself which permission is missing. */
export function failedCallWords(problem: Problem): string {
  const { subject: _, ...rest } = problem;
  return describeProblem(rest);
}

/** That pods may not be deleted which a controller waits for. */
export function stuckPodsWords({ kind, namespace }: WorkloadRef, pods: readonly string[]): string {
  return `the ${kind} waits for ${listWords(pods, 'and')}, and the kubeconfig user is not allowed to delete pods in namespace "${namespace}"`;
}
