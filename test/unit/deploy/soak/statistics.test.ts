import { describe, expect, test } from '@jest/globals';
import {
  alphaOf,
  binomialExact,
  FALSE_ALARM,
  fisherExact,
  isWorthTesting,
} from '../../../../src/deploy/soak/statistics.ts';

describe("Fisher's exact test", () => {
  // Counted by hand; the first is Fisher's own, of the lady tasting tea.
  test.each([
    [{ all: 4, hits: 3 }, { all: 4, hits: 1 }, 17 / 70],
    [{ all: 10, hits: 10 }, { all: 10, hits: 0 }, 1 / 184_756],
    [{ all: 3, hits: 3 }, { all: 1000, hits: 0 }, 6 / (1003 * 1002 * 1001)],
  ])('%j against %j', (now, before, chance) => {
    expect(fisherExact(now, before)).toBeCloseTo(chance, 10);
  });

  test('is one where nothing has failed, or nothing is known', () => {
    expect(fisherExact({ all: 10, hits: 0 }, { all: 10, hits: 5 })).toBe(1);
    expect(fisherExact({ all: 0, hits: 0 }, { all: 10, hits: 5 })).toBe(1);
    expect(fisherExact({ all: 10, hits: 5 }, { all: 0, hits: 0 })).toBe(1);
  });

  test('agrees with adding up all tables', () => {
    for (let hits = 0; hits <= 12; hits++) {
      const exact = allTables(12, hits, 30, 3);
      expect(fisherExact({ all: 12, hits }, { all: 30, hits: 3 })).toBeCloseTo(exact, 10);
    }
  });

  test('stays exact for millions of requests', () => {
    const chance = fisherExact({ all: 1_000_000, hits: 1_000 }, { all: 1_000_000, hits: 1_000 });
    expect(chance).toBeGreaterThan(0.5);
    expect(chance).toBeLessThan(0.52);
    expect(fisherExact({ all: 1_000_000, hits: 1_300 }, { all: 1_000_000, hits: 1_000 })).toBeLessThan(1e-9);
  });
});

describe('the exact binomial test', () => {
  test.each([
    [{ all: 10, hits: 3 }, 0.5, 968 / 1024],
    [{ all: 3, hits: 3 }, 0.1, 0.001],
    [{ all: 100, hits: 0 }, 0.01, 1],
    [{ all: 5, hits: 1 }, 0, 0],
  ])('%j at %d', (counted, rate, chance) => {
    expect(binomialExact(counted, rate)).toBeCloseTo(chance, 10);
  });
});

test('what all looks may spend together is the chance of a false alarm', () => {
  let sum = 0;
  for (let look = 1; look <= 100_000; look++) sum += alphaOf(look);
  expect(sum).toBeLessThan(FALSE_ALARM);
  expect(sum).toBeGreaterThan(FALSE_ALARM * 0.9999);
});

test('a test is made again only where there is much more to judge', () => {
  expect([isWorthTesting(1, 0), isWorthTesting(100, 100), isWorthTesting(119, 100), isWorthTesting(120, 100)]).toEqual([
    true,
    false,
    false,
    true,
  ]);
});

/** The sum over all tables with the same sums of rows and columns and at least so many hits, by multiplication alone. */
function allTables(all: number, hits: number, allBefore: number, hitsBefore: number): number {
  const total = hits + hitsBefore;
  let sum = 0;
  for (let k = hits; k <= Math.min(total, all); k++) sum += choose(all, k) * choose(allBefore, total - k);
  return sum / choose(all + allBefore, total);
}

function choose(n: number, k: number): number {
  if (k < 0 || k > n) return 0;
  let ways = 1;
  for (let i = 1; i <= k; i++) ways = (ways * (n - k + i)) / i;
  return ways;
}
