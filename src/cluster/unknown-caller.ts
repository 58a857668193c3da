import type { Problem } from '../base/problem.ts';
import type { AnswerHints } from './answer-remedy.ts';

/** The error that the API server has answered. */
type Refused = Error & { readonly hints: Pick<AnswerHints, 'withoutTls'> };

/** Whom an API server takes for a caller whose credentials it does not look at (k8s.io/apiserver pkg/authentication/user). */
const ANONYMOUS = 'system:anonymous';

/** Whether the API server has not taken any credential of a caller. */
export function isAnonymous(user: string | undefined): boolean {
  return user === ANONYMOUS;
}

/**
 * Returns that the API server knows nobody. Whatever is asked fails alike then, so it is not told what. A token or a certificate that
 * the API server does not know gets a 401: these credentials it did not see, or is not made to check.
 */
export function anonymousProblem(cause: Refused): Problem {
  if (cause.hints.withoutTls) return plainHttpProblem(cause);
  return {
    kind: 'credentials',
    message:
      'The API server did not accept the credentials of the kubeconfig: it treats this run as anonymous (system:anonymous), without permissions.',
    remedy:
      'Put a token, a client certificate or an exec plugin in the "user" of the kubeconfig. An API server ignores a username with a password (since Kubernetes 1.19). It never sees a client certificate if a proxy or load balancer in front of it terminates TLS. `kubectl auth whoami` with the same kubeconfig shows which user it sees.',
    cause,
  };
}

/** Returns that an API server knows no user by the credentials that it got. */
export function unauthorizedProblem(cause: Refused): Problem {
  if (cause.hints.withoutTls) return plainHttpProblem(cause);
  return {
    kind: 'credentials',
    message: 'The API server rejects the credentials of the kubeconfig (401 Unauthorized).',
    remedy:
      'Renew the kubeconfig secret: its token or certificate has probably expired, or belongs to another cluster. Where an exec plugin makes the credentials, let the cluster know its user, such as by an access entry of EKS.',
    cause,
  };
}

/** The API server was called over plain HTTP: whatever the kubeconfig has, it saw no credential. */
function plainHttpProblem(cause: Refused): Problem {
  return {
    kind: 'credentials',
    message:
      'The API server does not know who calls it: "server" in the kubeconfig starts with "http://", and without TLS no credentials are sent, by kubectl neither.',
    remedy:
      'Set "server" in the kubeconfig to the address of the API server that starts with "https://". Where a proxy such as `kubectl proxy` is to add credentials, check those of the proxy.',
    cause,
  };
}
