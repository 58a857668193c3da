import { describe, expect, test } from '@jest/globals';
import { append, distinctBy, greatest, least } from '../../../src/base/lists.ts';
import { Diagnostics, fail, type Problem } from '../../../src/base/problem.ts';

/** More than a call can have arguments. */
const MANY = 1_000_000;
const numbers = Array.from({ length: MANY }, (_, index) => index);

describe('lists longer than a call can have arguments', () => {
  test('are appended', () => {
    const list = [-1];
    append(list, numbers);
    expect([list.length, list[0], list.at(-1)]).toEqual([MANY + 1, -1, MANY - 1]);
  });

  test('have a greatest and a least number', () => {
    expect([greatest(numbers), greatest(numbers, 2 * MANY), least(numbers)]).toEqual([MANY - 1, 2 * MANY, 0]);
    expect([greatest([], 0), least([])]).toEqual([0, Number.POSITIVE_INFINITY]);
  });

  test('of problems are gathered', () => {
    const problems = numbers.map((n): Problem => ({ kind: 'targets', message: String(n) }));
    const diagnostics = new Diagnostics();
    diagnostics.add(problems, { kind: 'targets', message: 'one more' });
    expect(diagnostics.problems).toHaveLength(MANY + 1);
    expect(fail(diagnostics.problems).problems.at(-1)?.message).toBe('one more');
  });
});

test('distinctBy keeps the first of those with the same key, in their order', () => {
  const all = ['b1', 'a1', 'b2', 'c1'];
  expect(distinctBy(all, ([letter = '']) => letter)).toEqual(['b1', 'a1', 'c1']);
});
