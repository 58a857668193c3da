import { headerOf } from '../base/answer.ts';
import type { AnswerOutcome } from '../base/retry.ts';
import { type HttpAnswer, retryAfterSeconds } from '../http/messages.ts';

/**
 * How many seconds GitHub wants to be left alone, by `Retry-After`, else until the hour's questions are given anew; `undefined`
 * if it does not say (https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api).
 */
export function secondsToWait(answer: Pick<HttpAnswer, 'headers'>): number | undefined {
  const seconds = retryAfterSeconds(answer);
  if (seconds !== undefined || headerOf(answer, 'x-ratelimit-remaining') !== '0') return seconds;
  const reset = Number(headerOf(answer, 'x-ratelimit-reset'));
  return Number.isNaN(reset) ? undefined : Math.max(0, reset - Date.now() / 1000);
}

/** What an answer of GitHub means for a further attempt: it refuses for a while with 429 or with 403, where it says for how long. */
export function githubOutcome(answer: Pick<HttpAnswer, 'status' | 'headers'>): AnswerOutcome {
  const seconds = secondsToWait(answer);
  if (seconds === undefined) return { status: answer.status };
  return { status: answer.status === 403 ? 429 : answer.status, retryAfterSeconds: seconds };
}
