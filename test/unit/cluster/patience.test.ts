import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { type ApiPhase, Patience, StalledError } from '../../../src/cluster/patience.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const make = (): Patience => new Patience(() => Date.now());
/** Asks what is answered only after a time, and gives the seconds until it is answered or given up. */
const ask = async (patience: Patience, phase: ApiPhase, answerMs = Number.POSITIVE_INFINITY): Promise<number> => {
  const started = Date.now();
  let over = false;
  const work = (): Promise<void> =>
    new Promise((resolve) => {
      if (Number.isFinite(answerMs)) setTimeout(resolve, answerMs);
    });
  const asked = patience
    .during(phase)
    .ask('GET /x', work)
    .catch((error: unknown) => expect(error).toBeInstanceOf(StalledError))
    .finally(() => {
      over = true;
    });
  while (!over) await jest.advanceTimersByTimeAsync(50);
  await asked;
  return (Date.now() - started) / 1000;
};
const PHASES: readonly ApiPhase[] = ['reading the cluster', 'writing', 'verifying the filter', 'collecting evidence'];

describe('a server that never answers', () => {
  test.each<[ApiPhase, number]>([
    ['inspecting what runs', 10.5],
    ['reading the cluster', 18.5],
    ['writing', 18.5],
    ['collecting evidence', 7.5],
    ['rolling back', 30.5],
    ['cleaning up', 8.5],
  ])('ends "%s" after %d s', async (phase, seconds) => {
    expect(await ask(make(), phase)).toBeCloseTo(seconds, 0);
  });

  test('leaves the rollback 8 s at least, and takes 36 s with all phases together', async () => {
    const patience = make();
    const started = Date.now();
    for (const phase of PHASES) await ask(patience, phase);
    expect(await ask(patience, 'rolling back')).toBeGreaterThan(7.9);
    await ask(patience, 'cleaning up');
    expect((Date.now() - started) / 1000).toBeLessThan(36.5);
  });

  test('is asked no more in a phase that it has ended, until the next wave', async () => {
    const patience = make();
    await ask(patience, 'writing');
    expect(await ask(patience, 'writing', 10)).toBeLessThan(0.1);
    let calls = 0;
    const again = patience.during('writing').ask('GET /y', async () => calls++);
    await expect(again).rejects.toThrow(/^no answer to GET \/x for 19 s while writing$/);
    expect(calls).toBe(0);
    patience.renew();
    expect(await patience.during('writing').ask('GET /y', async () => 'there')).toBe('there');
  });
});

describe('a server that answers', () => {
  test('slowly is asked for as long as it takes', async () => {
    const patience = make();
    for (let pages = 0; pages < 100; pages++)
      expect(await ask(patience, 'reading the cluster', 2_000)).toBeCloseTo(2, 1);
    expect(patience.during('reading the cluster').leftMs()).toBe(16_000);
  });

  test('to others keeps the clock still for one that hangs', async () => {
    const patience = make();
    const hanging = ask(patience, 'writing');
    for (let at = 0; at < 30; at++) await ask(patience, 'verifying the filter', 1_000);
    expect(patience.during('writing').leftMs()).toBe(16_000);
    expect(await hanging).toBeGreaterThan(45);
  });

  test('only to say that it does not is like one that does not answer', async () => {
    const patience = make();
    const { ask: busy } = patience.during('writing');
    const asked = busy(
      'PATCH /x',
      async () => 503,
      (status) => status < 500,
    );
    expect(await asked).toBe(503);
    const waited = busy('PATCH /x', async ({ note, signal }) => {
      note('status 503');
      await new Promise((resolve) => signal?.addEventListener('abort', resolve));
    });
    const failed = expect(waited).rejects.toThrow(
      'no useful answer (last: status 503) to PATCH /x for 19 s while writing',
    );
    await jest.advanceTimersByTimeAsync(19_000);
    await failed;
  });
});

test('while pods are waited for, nothing is lost', async () => {
  const patience = make();
  expect(await ask(patience, 'waiting for pods', 300_000)).toBeCloseTo(300, 0);
  expect(patience.during('rolling back').leftMs()).toBe(28_000);
});

test('whatever is asked when, and however long it takes, no phase takes what is kept for the rollback', async () => {
  const step = fc.record({ phase: fc.constantFrom(...PHASES), answerMs: fc.constantFrom(10, 2_000, 5_000, 60_000) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      const patience = make();
      for (const { phase, answerMs } of steps) await ask(patience, phase, answerMs);
      expect(patience.during('rolling back').leftMs()).toBeGreaterThanOrEqual(7_900);
    }),
    { numRuns: 20 },
  );
});
