import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { makeLimiter, mapLimited, pause, untilAborted } from '../../../src/base/concurrency.ts';

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('mapLimited', () => {
  test('gives the results in order, with never more at work than the limit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 3 })),
        fc.integer({ min: 1, max: 5 }),
        async (ticks, limit) => {
          let active = 0;
          let max = 0;
          const results = await mapLimited(ticks, limit, async (n, index) => {
            max = Math.max(max, ++active);
            for (let i = 0; i < n; i++) await tick();
            active--;
            return [n, index];
          });
          expect(results).toEqual(ticks.map((n, index) => [n, index]));
          expect(max).toBe(Math.min(limit, ticks.length));
        },
      ),
      { numRuns: 30 },
    );
  });

  test('rejects with the first rejection and starts nothing after it', async () => {
    const started: number[] = [];
    const work = mapLimited([0, 1, 2, 3, 4, 5], 2, async (n) => {
      started.push(n);
      if (n === 0) throw new Error('no');
      await tick();
    });
    await expect(work).rejects.toThrow('no');
    await tick();
    await tick();
    expect(started).toEqual([0, 1]);
  });
});

describe('makeLimiter', () => {
  test('runs all that it is given, in the order of the calls, never more at once than the limit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ ticks: fc.integer({ min: 0, max: 3 }), fails: fc.boolean(), late: fc.boolean() })),
        fc.integer({ min: 1, max: 4 }),
        async (works, limit) => {
          const run = makeLimiter(limit);
          const started: number[] = [];
          let active = 0;
          let max = 0;
          const results: Promise<number>[] = [];
          for (const [index, { ticks, fails, late }] of works.entries()) {
            if (late) await tick();
            const result = run(async () => {
              started.push(index);
              max = Math.max(max, ++active);
              for (let i = 0; i < ticks; i++) await tick();
              active--;
              if (fails) throw new Error(String(index));
              return index;
            });
            result.catch(() => undefined);
            results.push(result);
          }
          const ended = await Promise.allSettled(results);
          expect(ended.map(({ status }) => status === 'rejected')).toEqual(works.map(({ fails }) => fails));
          expect(started).toEqual(works.map((_, index) => index));
          expect(max).toBeLessThanOrEqual(limit);
          if (works.every(({ ticks, late }) => ticks > 0 && !late)) expect(max).toBe(Math.min(limit, works.length));
        },
      ),
      { numRuns: 50 },
    );
  });

  test('a place is free again after a failure', async () => {
    const run = makeLimiter(1);
    await expect(run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(run(async () => 1)).resolves.toBe(1);
  });
});

describe('untilAborted', () => {
  const never = new Promise<never>(() => undefined);

  test('gives what the work comes to', async () => {
    const { signal } = new AbortController();
    await expect(untilAborted(Promise.resolve(1), signal)).resolves.toBe(1);
    await expect(untilAborted(Promise.resolve(1), undefined)).resolves.toBe(1);
    await expect(untilAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
  });

  test('rejects with the reason once the signal aborts, or when it has', async () => {
    await expect(untilAborted(never, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
    const controller = new AbortController();
    const waiting = untilAborted(never, controller.signal);
    controller.abort(new Error('meanwhile'));
    await expect(waiting).rejects.toThrow('meanwhile');
  });

  test("leaves no listener behind, and a late failure of the work is nobody's", async () => {
    const controller = new AbortController();
    const added = jest.spyOn(controller.signal, 'addEventListener');
    const removed = jest.spyOn(controller.signal, 'removeEventListener');
    await untilAborted(Promise.resolve(1), controller.signal);
    expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(
      added.mock.calls.map(([, listener]) => listener),
    );
    let fail: (error: Error) => void = () => undefined;
    const work = new Promise<never>((_, reject) => {
      fail = reject;
    });
    await expect(untilAborted(work, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
    fail(new Error('late'));
    await tick();
  });
});

describe('pause', () => {
  test('ends when its time is over', async () => {
    await expect(pause(1)).resolves.toBeUndefined();
  });

  test('ends at once when the signal has aborted or aborts', async () => {
    const hour = 3_600_000;
    await pause(hour, AbortSignal.abort());
    const controller = new AbortController();
    const paused = pause(hour, controller.signal);
    controller.abort();
    await expect(paused).resolves.toBeUndefined();
  });
});
