import { headerOf } from '../base/answer.ts';
import { defined } from '../base/defined.ts';
import type { AnswerOutcome } from '../base/retry.ts';
import { type HttpAnswer, retryAfterSeconds } from '../http/messages.ts';
import { saidIn } from './said.ts';

type Answer = Pick<HttpAnswer, 'status' | 'headers' | 'body'>;

/** A refusal for a while, because too much was asked. */
export interface RateLimit {
  /** How long GitHub wants to be left alone; omitted where it does not say. */
  readonly seconds?: number;
}

/** How GitHub calls it, in lower case; "abuse detection" is its older name, and the last one is of what is written. */
const LIMIT_WORDS = ['rate limit', 'abuse detection', 'submitted too quickly'];
/** How long to wait where GitHub does not say it. */
const DEFAULT_SECONDS = 60;

/**
 * How many seconds GitHub wants to be left alone, by `Retry-After`, else until the hour's questions are given anew; `undefined`
 * if it does not say (https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api).
 */
function secondsToWait(answer: Pick<HttpAnswer, 'headers'>): number | undefined {
  const seconds = retryAfterSeconds(answer);
  if (seconds !== undefined || headerOf(answer, 'x-ratelimit-remaining') !== '0') return seconds;
  const reset = Number(headerOf(answer, 'x-ratelimit-reset'));
  return Number.isNaN(reset) ? undefined : Math.max(0, reset - Date.now() / 1000);
}

/**
 * Returns the limit for which an answer is a refusal; `undefined` if it is none, or one for another reason. A refusal with 403 may be
 * either: headers tell, or, for the secondary limits, only its words.
 */
export function rateLimitOf(answer: Answer): RateLimit | undefined {
  const { status } = answer;
  if (status !== 429 && status !== 403 && status !== 422) return undefined;
  const seconds = status === 422 ? undefined : secondsToWait(answer);
  if (seconds !== undefined) return { seconds };
  return status === 429 || saysLimit(answer) ? {} : undefined;
}

function saysLimit({ body }: Answer): boolean {
  const said = saidIn(body).toLowerCase();
  return LIMIT_WORDS.some((words) => said.includes(words));
}

/**
 * What an answer of GitHub means for a further attempt: a limit is waited for as long as GitHub says, or a minute; one that ends only
 * after `maxSeconds` is not waited for.
 */
export function githubOutcome(answer: Answer, maxSeconds = Number.POSITIVE_INFINITY): AnswerOutcome {
  const { status } = answer;
  const limit = rateLimitOf(answer);
  const asked = limit === undefined ? secondsToWait(answer) : (limit.seconds ?? DEFAULT_SECONDS);
  const seconds = asked !== undefined && asked > maxSeconds ? Number.POSITIVE_INFINITY : asked;
  return { status: limit === undefined ? status : 429, ...defined({ retryAfterSeconds: seconds }) };
}
