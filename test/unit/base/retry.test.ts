import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type AttemptOutcome, parseRetryAfter, retryDelay } from '../../../src/base/retry.ts';

/** Jitter of 0: three quarters of the back-off; of 0.5: exactly it. */
const MIDDLE = 0.5;

describe('retryDelay', () => {
  test.each<[number, AttemptOutcome, number | undefined]>([
    [1, { status: 503 }, 200],
    [2, { status: 503 }, 400],
    [4, { status: 503 }, 1_600],
    [5, { status: 503 }, undefined],
    [1, { status: 500 }, 200],
    [1, { status: 502 }, 200],
    [1, { status: 504 }, 200],
    [1, { status: 429 }, 200],
    [6, { status: 429 }, 5_000],
    [9, { status: 429 }, 5_000],
    [10, { status: 429 }, undefined],
    [1, { status: 429, retryAfterSeconds: 0 }, 200],
    [1, { status: 429, retryAfterSeconds: 3 }, 3_000],
    [1, { status: 503, retryAfterSeconds: 1.5 }, 1_500],
    [1, { status: 429, retryAfterSeconds: 60 }, 60_000],
    [1, { status: 429, retryAfterSeconds: 61 }, undefined],
    [1, { status: 503, retryAfterSeconds: 99_999 }, undefined],
    [1, { status: 200 }, undefined],
    [1, { status: 200, retryAfterSeconds: 5 }, undefined],
    [1, { status: 401 }, undefined],
    [1, { status: 403 }, undefined],
    [1, { status: 404 }, undefined],
    [1, { status: 409 }, undefined],
    [1, { status: 422 }, undefined],
    [1, { status: 501 }, undefined],
    [1, { connectionCode: 'ECONNRESET' }, 200],
    [1, { connectionCode: 'ECONNREFUSED' }, 200],
    [3, { connectionCode: 'UND_ERR_SOCKET' }, 800],
    [4, { connectionCode: 'UND_ERR_SOCKET' }, undefined],
    [1, { connectionCode: 'ENOTFOUND' }, undefined],
    [1, { connectionCode: 'CERT_HAS_EXPIRED' }, undefined],
    [1, { connectionCode: '' }, undefined],
  ])('after attempt %i and %j: %j ms', (attempt, outcome, delay) => {
    expect(retryDelay(attempt, outcome, MIDDLE)).toBe(delay);
  });

  test('jitter is a quarter to either side', () => {
    expect(retryDelay(1, { status: 503 }, 0)).toBe(150);
    expect(retryDelay(1, { status: 503 }, 0.999_999)).toBeCloseTo(250, 3);
  });

  const outcome = fc.oneof(
    fc.record({ status: fc.constantFrom(200, 404, 409, 429, 500, 503) }),
    fc.record({
      status: fc.constantFrom(429, 500, 503),
      retryAfterSeconds: fc.double({ min: 0, max: 1e6, noNaN: true }),
    }),
    fc.record({ connectionCode: fc.constantFrom('ECONNRESET', 'ENOTFOUND', 'EPIPE') }),
  );
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  test('a wait is never negative, never shorter than Retry-After, never longer than a minute', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), outcome, random, (attempt, after, jitter) => {
        const delay = retryDelay(attempt, after, jitter);
        if (delay === undefined) return;
        const retryAfter = 'retryAfterSeconds' in after ? Number(after.retryAfterSeconds) * 1000 : 0;
        expect(delay).toBeGreaterThan(0);
        expect(delay).toBeGreaterThanOrEqual(retryAfter);
        expect(delay).toBeLessThanOrEqual(60_000);
      }),
    );
  });

  test('asking ends, and once it has ended it stays so', () => {
    fc.assert(
      fc.property(outcome, random, (after, jitter) => {
        const delays = Array.from({ length: 20 }, (_, at) => retryDelay(at + 1, after, jitter));
        const end = delays.indexOf(undefined);
        expect(end).toBeGreaterThanOrEqual(0);
        expect(end).toBeLessThan(10);
        expect(delays.slice(end).every((delay) => delay === undefined)).toBe(true);
      }),
    );
  });
});

describe('parseRetryAfter', () => {
  const now = Date.parse('2026-01-02T03:04:05Z');

  test.each([
    ['5', 5],
    [' 5 ', 5],
    ['0', 0],
    ['Fri, 02 Jan 2026 03:04:35 GMT', 30],
    ['Fri, 02 Jan 2026 03:04:05 GMT', 0],
    ['Thu, 01 Jan 2026 00:00:00 GMT', 0],
    [undefined, undefined],
    ['', undefined],
    ['  ', undefined],
    ['soon', undefined],
  ])('%j is %j seconds', (header, seconds) => {
    expect(parseRetryAfter(header, now)).toBe(seconds);
  });

  test('is never negative and never no number', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.nat().map(String),
          fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
        ),
        (header) => {
          const seconds = parseRetryAfter(header, now);
          if (seconds !== undefined) expect(seconds).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });
});
