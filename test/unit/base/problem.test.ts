import { expect, test } from '@jest/globals';
import { Diagnostics, describeProblem, fail, internalProblem, ok, type Problem } from '../../../src/base/problem.ts';

const first: Problem = { kind: 'input', subject: 'input "port"', message: 'is "x".', remedy: 'Give a number.' };
const second: Problem = { kind: 'cluster', message: 'The server is on fire.' };

test('describeProblem says subject, message and remedy, as far as they are there', () => {
  expect(describeProblem(first)).toBe('input "port" is "x". Give a number.');
  expect(describeProblem(second)).toBe('The server is on fire.');
});

test('Diagnostics gathers the problems of every check, in order', () => {
  const diagnostics = new Diagnostics();
  expect(diagnostics.ok).toBe(true);
  expect(diagnostics.unwrap(ok(1))).toBe(1);
  expect(diagnostics.unwrap(fail(first))).toBeUndefined();
  diagnostics.add(second);
  expect(diagnostics.ok).toBe(false);
  expect(diagnostics.problems).toEqual([first, second]);
});

test.each([
  [new TypeError('x is not a function'), 'Unexpected error: x is not a function.'],
  ['just a text', 'Unexpected error: just a text.'],
])('internalProblem makes a problem of %p that keeps it as its cause', (thrown, message) => {
  expect(internalProblem(thrown)).toEqual(expect.objectContaining({ kind: 'internal', message, cause: thrown }));
});
