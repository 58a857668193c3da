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

/**
 * How far a rollback came that did not succeed. `template`: what the pod template has now: what it goes back to, still what the
 * run wrote, or nobody knows which. Advice that is right for one of them undoes the rollback in another.
 */
export interface RollbackFailure {
  readonly template: NonNullable<Rollback['template']>;
  /** Whether the revision before in the cluster's own history is what the workload goes back to. */
  readonly undoReverts: boolean;
  /** Pods that have to be deleted and may not be. */
  readonly pods?: readonly string[];
  /** The call that failed, where one did. */
  readonly call?: Problem;
}

/** What the pod template has after a write of the rollback that failed like this. */
export function templateAfter(problem: Problem): RollbackFailure['template'] {
  // A server that gives up on a write may have stored it.
  const gaveUp = problem.cause instanceof ApiError && problem.cause.status >= 500;
  return mayHaveArrived(problem) || gaveUp ? 'unknown' : 'new';
}

/** Why a workload is not back where it was, and what helps from where it is now. */
export function rollbackProblem(
  { ref, observed }: Pick<PlannedWorkload, 'ref' | 'observed'>,
  why: string,
  failure: RollbackFailure,
): Problem {
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
        ? `Inspect it: \`${manual.command}\` shows what names it. Re-running tries again.`
        : remedyOf({ ref }, failure, manual),
  };
}

function remedyOf(
  { ref: { kind, namespace } }: Pick<PlannedWorkload, 'ref'>,
  { template, undoReverts, pods = [] }: RollbackFailure,
  { command, needs }: ManualRollback,
): string {
  switch (template) {
    case 'before':
      return pods.length > 0
        ? `Delete the pods that the ${kind} waits for: \`kubectl delete pod -n ${namespace} ${pods.join(' ')}\`. Or grant the permission to delete pods in namespace "${namespace}". Its pod template is as before.`
        : `Find out what its pods lack: \`kubectl describe pods -n ${namespace}\`. Its pod template is as before, so nothing is left to undo.`;
    case 'new':
      return undoReverts
        ? `Re-run to try again, or roll back manually: \`${command}\`${needs === undefined ? '' : ` (needs ${needs})`}. Its pod template still has what this run wrote.`
        : 'Re-run to try again. Its pod template is as this run found it.';
    case 'unknown':
      return 'Re-run: the run finds out whether its pod template is back, and finishes it.';
  }
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
