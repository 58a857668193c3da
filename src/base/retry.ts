/** An HTTP answer, as far as it decides whether and when to ask again. */
export interface AnswerOutcome {
  readonly status: number;
  readonly retryAfterSeconds?: number;
}

/** The result of one attempt: an answer, or the code of a failed connection. */
export type AttemptOutcome = AnswerOutcome | { readonly connectionCode: string };

const RETRIED_STATUSES = new Set([500, 502, 503, 504]);
const RETRIED_CONNECTION_CODES = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

/** Most attempts per reason: a throttling server is obeyed longer than a failing one is asked again. */
const ATTEMPTS = { throttled: 10, failing: 5, connection: 4 } as const;
/** Who asks for a longer wait will not answer better within this run. */
export const MAX_OBEYED_SECONDS = 60;

/**
 * How long to wait before the next attempt, in milliseconds, or `undefined` to give up. Only for what may be repeated. A
 * `Retry-After` is a lower bound, as in client-go (rest/with_retry.go); one of more than a minute is not waited for.
 * @param attempt how many attempts were made, from 1
 * @param random a number in [0, 1), for jitter
 */
export function retryDelay(attempt: number, outcome: AttemptOutcome, random: number): number | undefined {
  const backoff = Math.min(200 * 2 ** (attempt - 1), 5_000) * (0.75 + random / 2);
  if ('connectionCode' in outcome) {
    return RETRIED_CONNECTION_CODES.has(outcome.connectionCode) && attempt < ATTEMPTS.connection ? backoff : undefined;
  }
  const max = outcome.status === 429 ? ATTEMPTS.throttled : RETRIED_STATUSES.has(outcome.status) ? ATTEMPTS.failing : 1;
  const { retryAfterSeconds = 0 } = outcome;
  if (attempt >= max || retryAfterSeconds > MAX_OBEYED_SECONDS) return undefined;
  return Math.max(retryAfterSeconds * 1000, backoff);
}

/** Reads a `Retry-After` header: seconds, or an HTTP date (RFC 9110, 10.2.3). `undefined` if absent or unreadable. */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined || header.trim() === '') return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now) / 1000);
}
