import { expect, test } from '@jest/globals';
import { githubOutcome } from '../../../src/provenance/rate-limit.ts';

const inSeconds = (seconds: number): string => String(Math.ceil(Date.now() / 1000) + seconds);

test.each<[string, number, Record<string, string>, number, [number, number] | undefined]>([
  ['a refusal', 403, {}, 403, undefined],
  ['a refusal for a while', 403, { 'retry-after': '7' }, 429, [7, 7]],
  ['too many questions', 429, { 'retry-after': '7' }, 429, [7, 7]],
  ['too many, and nothing said', 429, {}, 429, undefined],
  ["none left of the hour's", 403, remaining('0', inSeconds(600)), 429, [598, 601]],
  ['none left, and the next hour has begun', 403, remaining('0', inSeconds(-5)), 429, [0, 0]],
  ['some left', 403, remaining('3', inSeconds(600)), 403, undefined],
  ['none left, and no time that can be read', 403, remaining('0', 'soon'), 403, undefined],
  ['both: what is told goes first', 403, { ...remaining('0', inSeconds(600)), 'retry-after': '7' }, 429, [7, 7]],
  ['the last answer of the hour', 200, remaining('0', inSeconds(600)), 200, [598, 601]],
])('%s', (_, status, headers, counted, wait) => {
  const outcome = githubOutcome({ status, headers });
  expect(outcome.status).toBe(counted);
  if (wait === undefined) return expect(outcome).not.toHaveProperty('retryAfterSeconds');
  expect(outcome.retryAfterSeconds).toBeGreaterThanOrEqual(wait[0]);
  expect(outcome.retryAfterSeconds).toBeLessThanOrEqual(wait[1]);
});

function remaining(left: string, reset: string): Record<string, string> {
  return { 'x-ratelimit-remaining': left, 'x-ratelimit-reset': reset };
}
