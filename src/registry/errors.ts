import { aboutSubject, type Explanation, internalProblem, type Problem } from '../base/problem.ts';
import { formatDuration, sentence } from '../base/text.ts';
import { PlainTextError, RefusedDestinationError, UnreachableError, UnusableAnswerError } from '../http/errors.ts';

/** A server answered with an error status. */
export class AnswerError extends Error {
  readonly host: string;
  readonly status: number;
  /** What it asks to be left alone for. */
  readonly retryAfterMs: number | undefined;

  constructor(host: string, status: number, message: string, retryAfterMs?: number) {
    super(message || `status ${status}`);
    this.name = 'AnswerError';
    this.host = host;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What a server gave is not what it should be, or not what this action reads; a sentence without a full stop. */
export class ContentError extends Error {
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.name = 'ContentError';
    this.remedy = remedy;
  }
}

/** No credentials could be made; a sentence without a full stop. */
export class LoginError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LoginError';
  }
}

/** Who a registry was told is asking, for messages: `anonymous`, or where the credentials came from. */
export type RegistryIdentity = string;
export const ANONYMOUS: RegistryIdentity = 'anonymous';

type ProblemText = Explanation & Pick<Problem, 'form'>;

const ASK_FOR_LOGIN =
  'Set the inputs "registry-username" and "registry-password", or log in in an earlier step (docker/login-action).';
const CHECK_HOST = 'Check the host, and that the runner can reach it. Proxies are taken from HTTPS_PROXY and NO_PROXY';

/**
 * The problem behind a failed call to a registry. `subject` is the image, `identity` who the registry was told is asking.
 * Credentials are in none of these errors.
 */
export function registryProblem(error: unknown, subject: string, identity: RegistryIdentity): Problem {
  if (error instanceof AnswerError) return problem(error, subject, refusedBy(error, identity));
  if (error instanceof LoginError) return problem(error, subject, said(error, ASK_FOR_LOGIN));
  if (error instanceof UnreachableError) {
    const remedy = `${CHECK_HOST}; a registry that speaks plain HTTP must be listed in "insecure-registries".`;
    return problem(error, subject, said(error, remedy));
  }
  return otherProblem(error, subject);
}

/** The problem behind a failed download from a web server, to which no login is sent. `subject` is the address as it is shown. */
export function downloadProblem(error: unknown, subject: string): Problem {
  if (error instanceof AnswerError) return problem(error, subject, unservedBy(error));
  if (error instanceof UnreachableError) {
    return problem(error, subject, said(error, `${CHECK_HOST}.`));
  }
  return otherProblem(error, subject);
}

function otherProblem(error: unknown, subject: string): Problem {
  if (error instanceof ContentError || error instanceof RefusedDestinationError) {
    return problem(error, subject, said(error, error.remedy));
  }
  if (error instanceof PlainTextError) {
    const remedy = 'If that is intended, add the host to "insecure-registries".';
    return problem(error, subject, said(error, remedy));
  }
  if (error instanceof UnusableAnswerError) {
    const remedy = 'Check that this is where the filter is; if so, contact the operator of the server.';
    return problem(error, subject, said(error, remedy));
  }
  return aboutSubject(internalProblem(error), subject);
}

/** The errors of registries and web servers say who did what, in a clause. */
function said({ message }: Error, remedy: string): ProblemText {
  return { form: 'clause', message, remedy };
}

function problem(cause: Error, subject: string, { message, ...text }: ProblemText): Problem {
  return { kind: 'registry', subject, ...text, message: sentence(message), cause };
}

function refusedBy(error: AnswerError, identity: RegistryIdentity): ProblemText {
  const { status } = error;
  const answer = quote(error);
  if (status === 401 || status === 403) {
    return identity === ANONYMOUS
      ? { message: `requires authentication: ${answer}`, remedy: ASK_FOR_LOGIN }
      : {
          message: `is not accessible with the credentials of ${identity}: ${answer}`,
          remedy: 'Renew them, or give their user access to this repository.',
        };
  }
  if (status === 404) {
    return {
      message: `was not found: ${answer}`,
      remedy: 'Check the repository and the tag. Some registries answer 404 when access is denied.',
    };
  }
  if (status === 429) {
    return {
      message: `is unavailable: ${answer}`,
      remedy: `Re-run the job ${when(error)}; with a login the rate limit is higher.`,
    };
  }
  return { form: 'clause', message: answer, remedy: ASK_OPERATOR };
}

function unservedBy(error: AnswerError): ProblemText {
  const { status } = error;
  const answer = quote(error);
  if (status === 401 || status === 403) {
    return {
      message: `requires authentication: ${answer}`,
      remedy:
        'Give an address that needs no login, or download the file in an earlier step and give its path: no login is sent to web servers.',
    };
  }
  if (status === 404) return { message: `was not found: ${answer}`, remedy: 'Check the address.' };
  if (status === 429) return { message: `is unavailable: ${answer}`, remedy: `Re-run the job ${when(error)}.` };
  return { form: 'clause', message: answer, remedy: ASK_OPERATOR };
}

const ASK_OPERATOR = 'Re-run the job later; if the error persists, contact the operator of the server.';

function quote({ host, status, message }: AnswerError): string {
  return `${host} answers ${status}: ${message}`;
}

function when({ retryAfterMs }: AnswerError): string {
  return retryAfterMs === undefined ? 'later' : `in ${formatDuration(retryAfterMs)}`;
}
