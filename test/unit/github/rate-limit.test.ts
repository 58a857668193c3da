import { expect, test } from '@jest/globals';
import { githubOutcome } from '../../../src/github/rate-limit.ts';

const inSeconds = (seconds: number): string => String(Math.ceil(Date.now() / 1000) + seconds);

const SECONDARY = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';

test.each<[string, number, Record<string, string>, number, [number, number] | undefined, string?]>([
  ['a refusal', 403, {}, 403, undefined],
  ['a refusal for a while', 403, { 'retry-after': '7' }, 429, [7, 7]],
  ['too many questions', 429, { 'retry-after': '7' }, 429, [7, 7]],
  ['too many, and nothing said: a minute', 429, {}, 429, [60, 60]],
  ['a secondary limit that only its words tell', 403, {}, 429, [60, 60], SECONDARY],
  ['the same as it was called before', 403, {}, 429, [60, 60], 'You have triggered an abuse detection mechanism.'],
  ['the primary one, without headers', 403, {}, 429, [60, 60], 'API rate limit exceeded for installation ID 1.'],
  ['words and a time: the time counts', 403, { 'retry-after': '7' }, 429, [7, 7], SECONDARY],
  ['too many comments at once', 422, {}, 429, [60, 60], 'was submitted too quickly'],
  ['something that is not valid', 422, {}, 422, undefined, 'Validation Failed'],
  ['the same words with a success', 200, {}, 200, undefined, SECONDARY],
  ["none left of the hour's", 403, remaining('0', inSeconds(600)), 429, [500, 601]],
  ['none left, and the next hour has begun', 403, remaining('0', inSeconds(-5)), 429, [0, 0]],
  ['some left', 403, remaining('3', inSeconds(600)), 403, undefined],
  ['none left, and no time that can be read', 403, remaining('0', 'soon'), 403, undefined],
  ['both: what is told goes first', 403, { ...remaining('0', inSeconds(600)), 'retry-after': '7' }, 429, [7, 7]],
  ['the last answer of the hour', 200, remaining('0', inSeconds(600)), 200, [500, 601]],
])('%s', (_, status, headers, counted, wait, said = '') => {
  const outcome = githubOutcome({ status, headers, body: Buffer.from(JSON.stringify({ message: said })) });
  expect(outcome.status).toBe(counted);
  if (wait === undefined) return expect(outcome).not.toHaveProperty('retryAfterSeconds');
  expect(outcome.retryAfterSeconds).toBeGreaterThanOrEqual(wait[0]);
  expect(outcome.retryAfterSeconds).toBeLessThanOrEqual(wait[1]);
});

function remaining(left: string, reset: string): Record<string, string> {
  return { 'x-ratelimit-remaining': left, 'x-ratelimit-reset': reset };
}

test('what ends too late for the run is not waited for', () => {
  const headers = { 'retry-after': '31' };
  expect(githubOutcome({ status: 403, headers, body: Buffer.alloc(0) }, 30).retryAfterSeconds).toBe(Infinity);
  expect(githubOutcome({ status: 403, headers, body: Buffer.alloc(0) }, 32).retryAfterSeconds).toBe(31);
});
