import type { Problem } from '../../base/problem.ts';
import { isApiError } from '../../cluster/errors.ts';
import { describeWorkload, type WorkloadRef } from '../../targets/target.ts';

/** Whether the API server answered that there is no such workload. */
export function isGone(error: unknown, { name }: WorkloadRef): boolean {
  return isApiError(error, 404) && error.body.details?.name === name;
}

/** Returns that others have deleted a workload during the run; `when`: `while this run waited for it`. */
export function deletedProblem(ref: WorkloadRef, when: string): Problem {
  return {
    kind: 'deleted',
    subject: describeWorkload(ref),
    message: `was deleted ${when}.`,
    remedy: `Find out who deleted it, or all of namespace "${ref.namespace}". Create it again or take it out of the target list, then re-run the job.`,
  };
}
