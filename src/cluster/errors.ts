import { errorCode, NO_PROTOCOL, rootMessage } from '../base/causes.ts';
import { defined } from '../base/defined.ts';
import { describePermission, type Permission } from '../base/permission.ts';
import { internalProblem, type Problem } from '../base/problem.ts';
import { type ProxyServer, shownAddress } from '../base/proxy.ts';
import { capital } from '../base/text.ts';
import { type AnswerHints, statusAdvice } from './answer-remedy.ts';
import { TooLongError } from './body.ts';
import { CERTIFICATE_REMEDIES, ROUTE_REMEDIES } from './connection-remedies.ts';
import { namespaceProblem } from './missing-namespace.ts';
import { isGrantable, isRead, missingPermission, refusalRemedy } from './missing-permission.ts';
import { StalledError, UNWRITTEN } from './patience.ts';
import { admissionProblem } from './refusal-remedy.ts';
import { anonymousProblem, isAnonymous, unauthorizedProblem } from './unknown-caller.ts';

/** The part of a Kubernetes `Status` body that is looked at. */
export interface StatusBody {
  readonly status?: string;
  readonly code?: number;
  readonly message?: string;
  readonly reason?: string;
  readonly details?: {
    readonly name?: string;
    /** The resource: `namespaces`. */
    readonly kind?: string;
    readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
  };
}

/** The API server answered with an error status. */
export class ApiError extends Error {
  readonly status: number;
  readonly reason: string;
  readonly body: StatusBody;
  readonly verb: string;
  readonly path: string;
  readonly hints: AnswerHints;

  constructor(verb: string, path: string, status: number, body: StatusBody, hints: AnswerHints = {}) {
    super(body.message || `the API server answered ${status}`);
    this.name = 'ApiError';
    this.status = status;
    this.reason = body.reason ?? '';
    this.body = body;
    this.verb = verb;
    this.path = path;
    this.hints = hints;
  }
}

/** Returns whether the API server answered with one of these statuses. */
export function isApiError(error: unknown, ...statuses: readonly number[]): error is ApiError {
  return error instanceof ApiError && statuses.includes(error.status);
}

/** The API server could not be reached, or stopped answering. */
export class ConnectionError extends Error {
  readonly server: string;

  constructor(server: string, cause: unknown) {
    super(`${server}: ${rootMessage(cause)}`, { cause });
    this.name = 'ConnectionError';
    this.server = server;
  }
}

/** The credentials of the kubeconfig could not be made (an exec plugin that fails or is missing, a token file that is gone). */
export class CredentialsError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message, { cause: problem.cause });
    this.name = 'CredentialsError';
    this.problem = problem;
  }
}

/** A proxy on the way to the API server could not be reached, or did not make the connection. Its credentials are no part of this. */
export class ProxyError extends Error {
  readonly proxy: ProxyServer;
  /** What it answered instead of making the connection. */
  readonly status: number | undefined;

  constructor(proxy: ProxyServer, cause: unknown) {
    const status = typeof cause === 'number' ? cause : undefined;
    super(status === undefined ? rootMessage(cause) : `it answers ${status}`, { cause });
    this.name = 'ProxyError';
    this.proxy = proxy;
    this.status = status;
  }
}

/** A request and the answer to it that is not what an API server says. */
export interface InvalidAnswer {
  readonly server: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** What the answer is, for the end of a sentence: `an HTML page, "Sign in"`. */
  readonly found: string;
  /** What was expected: `DeploymentList`. */
  readonly wanted: string;
}

/** Something answered with success that is no Kubernetes API server, or does not do what one does. */
export class InvalidAnswerError extends Error {
  readonly answer: InvalidAnswer;

  constructor(answer: InvalidAnswer) {
    const { method, path, status, found, wanted } = answer;
    super(
      `the answer to ${method} ${path} is not a Kubernetes API server's: it is ${found}, where a ${wanted} was expected (status ${status})`,
    );
    this.name = 'InvalidAnswerError';
    this.answer = answer;
  }
}

/** What a command in a container came to is not known: it passed a limit of time or output, or was cut off. */
export class ExecError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ExecError';
  }
}

/**
 * The problem behind a failed call, or `undefined` for an error that is none of the API client's. `action` completes "while …":
 * "listing Deployments in namespace shop".
 */
export function apiProblem(error: unknown, action: string): Problem | undefined {
  if (error instanceof ConnectionError) return connectionProblem(error);
  if (error instanceof CredentialsError) return { ...error.problem, cause: error };
  if (Error.isError(error) && error.name === 'AbortError') {
    return {
      kind: 'cancelled',
      message: `The run was cancelled while ${action}.`,
      remedy: 'It is not known whether that took effect; re-run the job to finish.',
      cause: error,
    };
  }
  if (error instanceof ExecError) {
    return { kind: 'cluster', message: `${capital(action)} failed: ${error.message}.`, cause: error };
  }
  if (error instanceof InvalidAnswerError) {
    const { server, method, path } = error.answer;
    const again = method === 'GET' ? `: \`kubectl get --raw '${path}'\` shows the same answer` : '';
    return {
      // Whether a write was done that was answered so is as open as after a connection that broke.
      kind: 'connection',
      message: `${capital(action)} failed: ${error.message}.`,
      remedy: `Check that ${server} ("server" in the kubeconfig) is the API server, and check what is in front of it, such as a proxy that requires a sign-in${again}.`,
      cause: error,
    };
  }
  if (!(error instanceof ApiError)) return undefined;
  const cause = error;
  if (error.status === 401) return unauthorizedProblem(error);
  const refused = isRead(error.verb) ? undefined : admissionProblem(error, action);
  if (refused !== undefined) return { ...refused, cause };
  const ending = isRead(error.verb) ? undefined : namespaceProblem(error, action);
  if (ending !== undefined) return { ...ending, cause };
  if (error.status === 403) {
    const { permission, user } = missingPermission(error.message) ?? {};
    if (isAnonymous(user)) return anonymousProblem(error);
    const grantable = permission === undefined || isGrantable(permission);
    return {
      kind: 'permission',
      message: refusalMessage(permission, error.message, action),
      remedy: refusalRemedy(error.verb, permission),
      ...(grantable && defined({ permission, user })),
      cause,
    };
  }
  const { message, remedy } = statusAdvice(error);
  // Without words of its own, the message names the status already.
  const status = error.body.message ? ` (${[error.status, error.reason].join(' ').trim()})` : '';
  return {
    kind: 'cluster',
    message: `${capital(action)} failed: ${message ?? `${error.message}${status}`}.`,
    ...defined({ remedy }),
    cause,
  };
}

/** As `apiProblem`, for callers that report whatever went wrong: an error that nobody expected is an internal problem. */
export function callProblem(error: unknown, action: string): Problem {
  return apiProblem(error, action) ?? internalProblem(error);
}

/** Returns who may not do what. Whatever is asked fails alike where nobody may be impersonated: that is one problem, whose action is not told. */
function refusalMessage(permission: Permission | undefined, said: string, action: string): string {
  if (permission === undefined) return `${capital(action)} was rejected: ${said}.`;
  return isGrantable(permission)
    ? `The kubeconfig user cannot ${describePermission(permission)}.`
    : `The kubeconfig user cannot impersonate another user: ${said}.`;
}

function connectionProblem(error: ConnectionError): Problem {
  const proxyError = findProxyError(error);
  if (proxyError !== undefined) return proxyProblem(proxyError, error);
  if (error.cause instanceof StalledError) return stallProblem(error.cause, error);
  if (error.cause instanceof TooLongError) {
    return {
      kind: 'connection',
      message: `The API server ${error.server} sends an answer that does not end: ${error.cause.message}.`,
      remedy: 'Check that "server" in the kubeconfig is the API server: no list or object of Kubernetes is that long.',
      cause: error,
    };
  }
  const code = errorCode(error);
  const untrusted = CERTIFICATE_REMEDIES[code];
  if (untrusted !== undefined) {
    return {
      kind: 'connection',
      message: `The certificate of the API server ${error.server} is not accepted: ${rootMessage(error.cause)}.`,
      remedy: untrusted,
      cause: error,
    };
  }
  if (code.startsWith('UND_ERR_SOCKS5')) {
    return {
      kind: 'connection',
      message: `The SOCKS proxy does not connect to the API server ${error.server}: ${rootMessage(error.cause)}.`,
      remedy:
        'Check its user name and password, and that it is allowed to connect to the host and port of the API server.',
      cause: error,
    };
  }
  // A server says so in TLS, before any HTTP.
  if (code.startsWith('ERR_SSL_') && code.includes('ALERT') && code !== NO_PROTOCOL) {
    return {
      kind: 'connection',
      message: `The API server ${error.server} rejects the TLS connection: ${rootMessage(error.cause)}.`,
      remedy:
        'Renew the client certificate of the kubeconfig: it has probably expired, or another authority issued it.',
      cause: error,
    };
  }
  return {
    kind: 'connection',
    message: `The API server ${error.server} does not answer: ${rootMessage(error.cause)}.`,
    remedy: ROUTE_REMEDIES[code] ?? 'Check the server address in the kubeconfig, and that the runner can reach it.',
    cause: error,
  };
}

function stallProblem({ message, phase }: StalledError, cause: ConnectionError): Problem {
  const remedy = 'Check the API server (`kubectl get --raw /readyz`), then re-run the job';
  return {
    kind: 'connection',
    message: `The API server ${cause.server} does not answer: ${message}.`,
    remedy: UNWRITTEN.has(phase)
      ? `${remedy}.`
      : `${remedy}. It is not known whether the last write took effect; the next run finds out, and finishes it or rolls it back.`,
    cause,
  };
}

function findProxyError(error: unknown): ProxyError | undefined {
  for (let at = error, depth = 0; Error.isError(at) && depth < 6; at = at.cause, depth++) {
    if (at instanceof ProxyError) return at;
  }
  return undefined;
}

function proxyProblem({ proxy, status, message }: ProxyError, cause: ConnectionError): Problem {
  const name = `${shownAddress(proxy.url)} (${proxy.origin})`;
  if (status === undefined) {
    return {
      kind: 'connection',
      message: `The proxy ${name} does not answer: ${message}.`,
      remedy: `Check ${proxy.origin}, and that the runner can reach the proxy. List what needs no proxy in NO_PROXY.`,
      cause,
    };
  }
  return {
    kind: 'connection',
    message: `The proxy ${name} does not connect to the API server ${cause.server}: ${message}.`,
    remedy:
      status === 407
        ? 'The proxy requires a user name and a password. Put them into its address: http://USER:PASSWORD@HOST:PORT.'
        : 'Let the proxy allow connections to the host and port of the API server.',
    cause,
  };
}
