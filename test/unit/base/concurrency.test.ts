import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mapLimited, pause } from '../../../src/base/concurrency.ts';

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('mapLimited', () => {
  test('gives the results in order, with never more at work than the limit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 3 })),
        fc.integer({ min: 1, max: 5 }),
        async (ticks, limit) => {
          let active = 0;
          let most = 0;
          const results = await mapLimited(ticks, limit, async (n, index) => {
            most = Math.max(most, ++active);
            for (let i = 0; i < n; i++) await tick();
            active--;
            return [n, index];
          });
          expect(results).toEqual(ticks.map((n, index) => [n, index]));
          expect(most).toBe(Math.min(limit, ticks.length));
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
