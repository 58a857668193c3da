import type { Problem } from '../base/problem.ts';
import { capital } from '../base/text.ts';

/** What is known of a write that failed. */
interface FailedWrite {
  readonly status: number;
  readonly body: {
    readonly details?: { readonly kind?: string; readonly causes?: readonly { readonly reason?: string }[] };
  };
  readonly path: string;
}

/**
 * Returns that a namespace takes no new objects, because it is being deleted (k8s.io/api core/v1 NamespaceTerminatingCause) or is not
 * there: nothing that permissions would help. `undefined` if something else is wrong.
 */
export function namespaceProblem({ status, body, path }: FailedWrite, action: string): Problem | undefined {
  const [, namespace = ''] = /\/namespaces\/([^/]+)\//.exec(path) ?? [];
  const isTerminating = (body.details?.causes ?? []).some(({ reason }) => reason === 'NamespaceTerminating');
  const isMissing = status === 404 && body.details?.kind === 'namespaces';
  if (!isTerminating && !isMissing) return undefined;
  const why = isTerminating ? 'is being deleted, so nothing can be created in it' : 'does not exist';
  return {
    kind: 'cluster',
    message: `${capital(action)} failed: namespace "${namespace}" ${why}.`,
    remedy: `${isTerminating ? 'Wait until it is gone and create it and its workloads again, or' : 'Create it and its workloads, or'} take them out of the target list; then re-run the job.`,
    causeIn: 'cluster',
  };
}
