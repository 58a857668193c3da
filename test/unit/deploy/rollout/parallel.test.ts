import { expect, test } from '@jest/globals';
import type { Share } from '../../../../src/base/share.ts';
import { inWindow, parallelRollouts } from '../../../../src/deploy/rollout/parallel.ts';

test.each<[string, Share | undefined, number, number]>([
  ['few, all at once', undefined, 3, 5],
  ['as many as the minimum', undefined, 20, 5],
  ['a quarter of more', undefined, 50, 13],
  ['a quarter of many', undefined, 500, 125],
  ['a number', { count: 2 }, 50, 2],
  ['a number of more than there are', { count: 100 }, 50, 50],
  ['a share, without a minimum', { percent: 10 }, 20, 2],
  ['a small share is one', { percent: 1 }, 20, 1],
  ['all', { percent: 100 }, 50, 50],
  ['of none', { percent: 100 }, 0, 1],
])('%s', (_, maxParallel, changing, parallel) => {
  expect(parallelRollouts(maxParallel, changing)).toBe(parallel);
});

const isEmpty = (pods: number): boolean => pods === 0;

test('workloads without pods wait for no others', () => {
  expect(inWindow(undefined, [2, 0, 1], isEmpty)).toEqual({ free: [0], windowed: [2, 1] });
  expect(inWindow(undefined, [], isEmpty)).toEqual({ free: [], windowed: [] });
});

test('but where somebody has set how many may, all count', () => {
  expect(inWindow({ count: 1 }, [2, 0, 1], isEmpty)).toEqual({ free: [], windowed: [2, 0, 1] });
});
