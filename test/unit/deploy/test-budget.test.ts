import { expect, test } from '@jest/globals';
import { withinBudget } from '../../../src/deploy/test-budget.ts';
import type { TestResult } from '../../../src/filter/tests/filter-test.ts';

const lines = (count: number, start: string): string[] =>
  Array.from({ length: count }, (_, index) => `${start}${index}`.padEnd(10, '.'));
const failed = (count: number): Extract<TestResult, { state: 'failed' }> => ({
  name: 'fails',
  log: lines(count, 'log'),
  trace: lines(count, 'call'),
  state: 'failed',
  differences: lines(count, 'at').map((where) => ({ where, expected: 'more', got: 'less' })),
});

test('results that are small enough stay as they are', () => {
  const results = [failed(3), { name: 'a', log: [], trace: [], state: 'passed' } as const];
  expect(withinBudget(results)).toBe(results);
  expect(withinBudget(results, 114)).toBe(results);
});

test('of too many lines each test keeps the last ones, and of differences the first', () => {
  const passed = { name: 'passes', log: lines(100, 'log'), trace: lines(100, 'call'), state: 'passed' } as const;
  const stopped = { ...passed, name: 'stops', state: 'stopped', why: 'a trap' } as const;
  const small = failed(1);
  const left = expect.stringMatching(/^\(lines are left out/);
  expect(withinBudget([failed(100), passed, stopped, small], 800)).toEqual([
    {
      ...failed(100),
      log: [left, ...lines(100, 'log').slice(95)],
      trace: [left, ...lines(100, 'call').slice(95)],
      differences: failed(5).differences,
    },
    { ...passed, log: [left], trace: [] },
    { ...stopped, log: [left, ...lines(100, 'log').slice(95)], trace: [left, ...lines(100, 'call').slice(95)] },
    small,
  ]);
});

test('a test that fails has a difference, however large', () => {
  expect(withinBudget([failed(100)], 10)).toMatchObject([{ differences: failed(1).differences }]);
});
