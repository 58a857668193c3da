import { internalProblem, type Problem } from '../base/problem.ts';
import { formatDuration, sentence } from '../base/text.ts';
import { PlainTextError, UnreachableError, UnusableAnswerError } from '../http/errors.ts';

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
  readonly remedy: string | undefined;

  constructor(message: string, remedy?: string) {
    super(message);
    this.name = 'ContentError';
    this.remedy = remedy;
  }
}

/** No credentials could be made. */
export class LoginError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LoginError';
  }
}

/** Who a server was told is asking, for messages: `anonymous`, or where the credentials came from. */
export type Asker = string;
export const ANONYMOUS: Asker = 'nobody';

const ASK_FOR_LOGIN =
  'Set the inputs "registry-username" and "registry-password", or log in in a step before this one (docker/login-action).';

/**
 * The problem behind a failed call to a registry or web server. `subject` is the image or address, `asker` who it was told is
 * asking. Credentials are in none of these errors.
 */
export function registryProblem(error: unknown, subject: string, asker: Asker): Problem {
  const kind = 'registry';
  if (error instanceof AnswerError) return { kind, subject, ...answered(error, asker), cause: error };
  if (error instanceof UnreachableError) {
    return {
      kind,
      subject,
      message: sentence(error.message),
      remedy:
        'Check the host, and that the runner may reach it. Proxies are taken from HTTPS_PROXY and NO_PROXY; a registry that speaks plain HTTP has to stand in "insecure-registries".',
      cause: error,
    };
  }
  if (error instanceof LoginError) {
    return { kind, subject, message: sentence(error.message), remedy: ASK_FOR_LOGIN, cause: error };
  }
  if (error instanceof PlainTextError) {
    const remedy = 'Name the host in "insecure-registries" if that is meant.';
    return { kind, subject, message: sentence(error.message), remedy, cause: error };
  }
  if (error instanceof UnusableAnswerError) return { kind, subject, message: sentence(error.message), cause: error };
  if (error instanceof ContentError) {
    const { message, remedy } = error;
    return { kind, subject, message: sentence(message), ...(remedy === undefined ? {} : { remedy }), cause: error };
  }
  return { ...internalProblem(error), subject };
}

function answered(
  { host, status, message, retryAfterMs }: AnswerError,
  asker: Asker,
): Pick<Problem, 'message' | 'remedy'> {
  const said = `${host} answers ${status}: ${sentence(message)}`;
  if (status === 401 || status === 403) {
    return asker === ANONYMOUS
      ? { message: `cannot be used without a login: ${said}`, remedy: ASK_FOR_LOGIN }
      : {
          message: `cannot be used with the credentials of ${asker}: ${said}`,
          remedy: 'Renew them, or grant their user the right to this repository.',
        };
  }
  if (status === 404) {
    return {
      message: `is not there: ${said}`,
      remedy: 'Check repository and tag. Some registries say so, too, of what one may not read.',
    };
  }
  if (status === 429) {
    return {
      message: `cannot be had now: ${said}`,
      remedy: `Run again ${retryAfterMs === undefined ? 'later' : `in ${formatDuration(retryAfterMs)}`}; with a login the limits are wider.`,
    };
  }
  return { message: said, remedy: 'Run again later; if it stays, ask who runs the server.' };
}
