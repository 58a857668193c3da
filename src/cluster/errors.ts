import { errorCode, rootMessage } from '../base/causes.ts';
import { internalProblem, type Problem } from '../base/problem.ts';

/** The part of a Kubernetes `Status` body that is looked at. */
export interface StatusBody {
  readonly status?: string;
  readonly code?: number;
  readonly message?: string;
  readonly reason?: string;
  readonly details?: {
    readonly name?: string;
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

  constructor(verb: string, path: string, status: number, body: StatusBody) {
    super(body.message || `the API server answered ${status}`);
    this.name = 'ApiError';
    this.status = status;
    this.reason = body.reason ?? '';
    this.body = body;
    this.verb = verb;
    this.path = path;
  }
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

/** The credentials of the kubeconfig could not be made (an exec plugin that fails or is missing, a key file that is not there). */
export class CredentialsError extends Error {
  constructor(cause: unknown) {
    super(rootMessage(cause), { cause });
    this.name = 'CredentialsError';
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
 * The problem behind a failed call, or undefined for an error that is none of the API client's.
 * `action` completes "while …": "listing Deployments in namespace shop".
 */
export function apiProblem(error: unknown, action: string): Problem | undefined {
  if (error instanceof ConnectionError) return connectionProblem(error);
  if (error instanceof CredentialsError) {
    return {
      kind: 'kubeconfig',
      message: `The credentials of the kubeconfig cannot be used: ${error.message}.`,
      remedy:
        'Files and exec plugins that it names have to be on the runner: write the files into the kubeconfig (kubectl config view --raw --flatten), install the plugin in a step before this one.',
      cause: error,
    };
  }
  if (Error.isError(error) && error.name === 'AbortError') {
    return {
      kind: 'cancelled',
      message: `The run was cancelled while ${action}.`,
      remedy: 'Whether that took effect is not known; run again to finish.',
      cause: error,
    };
  }
  if (error instanceof ExecError) {
    return { kind: 'cluster', message: `${capital(action)} failed: ${error.message}.`, cause: error };
  }
  if (!(error instanceof ApiError)) return undefined;
  const cause = error;
  if (error.status === 401) {
    return {
      kind: 'permission',
      message: 'The API server does not accept the credentials of the kubeconfig (401 Unauthorized).',
      remedy:
        'The token or certificate has probably expired or belongs to another cluster; renew the kubeconfig secret.',
      cause,
    };
  }
  if (error.status === 403 && !/being terminated/.test(error.message)) {
    const right = missingRight(error.message);
    return {
      kind: 'permission',
      message: `Not allowed while ${action}: ${error.message}.`,
      remedy:
        right === undefined
          ? 'An admission webhook, a quota or a policy refuses it; the message says which. Change the rule, or what it refuses.'
          : `Grant the user of the kubeconfig the right to ${right} (a Role and RoleBinding).`,
      cause,
    };
  }
  return {
    kind: 'cluster',
    message: `${capital(action)} failed: ${error.message} (${[error.status, error.reason].join(' ').trim()}).`,
    cause,
  };
}

/** As `apiProblem`, for callers that report whatever went wrong: an error that nobody expected is an internal problem. */
export function callProblem(error: unknown, action: string): Problem {
  return apiProblem(error, action) ?? internalProblem(error);
}

/** `list deployments.apps in namespace "shop"`, read from the API server's sentence. */
export function missingRight(message: string): string | undefined {
  const match = /cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)")?/.exec(message);
  if (match === null) return undefined;
  const [, verb, resource, group, namespace] = match;
  const where = namespace === undefined ? 'in the whole cluster' : `in namespace "${namespace}"`;
  return `${verb} ${resource}${group ? `.${group}` : ''} ${where}`;
}

function connectionProblem(error: ConnectionError): Problem {
  const code = errorCode(error);
  const hints: Readonly<Record<string, string>> = {
    ECONNREFUSED:
      'Nothing listens there. Check the server address in the kubeconfig, and that the runner may reach it.',
    ENOTFOUND: 'The name does not resolve from the runner. A private cluster needs a runner inside its network.',
    EAI_AGAIN: 'The name does not resolve from the runner. A private cluster needs a runner inside its network.',
    UND_ERR_CONNECT_TIMEOUT:
      'No connection within the time limit; a firewall or a private network is the usual reason.',
    ETIMEDOUT: 'No connection within the time limit; a firewall or a private network is the usual reason.',
    UND_ERR_HEADERS_TIMEOUT: 'It accepted the connection but did not answer in time.',
    ERR_TLS_CERT_ALTNAME_INVALID: 'Its certificate is for another name; set "tls-server-name" in the kubeconfig.',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'Its certificate is not signed by the authority in the kubeconfig.',
    SELF_SIGNED_CERT_IN_CHAIN: 'Its certificate is not signed by the authority in the kubeconfig.',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'Its certificate is not signed by the authority in the kubeconfig.',
    CERT_SIGNATURE_FAILURE: 'Its certificate is not signed by the authority in the kubeconfig.',
    CERT_HAS_EXPIRED: 'Its certificate has expired.',
  };
  return {
    kind: 'connection',
    message: `The API server ${error.server} does not answer: ${rootMessage(error.cause)}.`,
    remedy: hints[code] ?? 'Check the server address in the kubeconfig, and that the runner may reach it.',
    cause: error,
  };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
