import { expect, test } from '@jest/globals';
import { bad, describeProblem, Findings, good, internalProblem, type Problem } from '../../../src/base/problem.ts';

const first: Problem = { kind: 'input', subject: 'input "port"', message: 'is "x".', remedy: 'Give a number.' };
const second: Problem = { kind: 'cluster', message: 'The server is on fire.' };

test('describeProblem says subject, message and remedy, as far as they are there', () => {
  expect(describeProblem(first)).toBe('input "port": is "x". Give a number.');
  expect(describeProblem(second)).toBe('The server is on fire.');
});

test('Findings gathers the problems of every check, in order', () => {
  const findings = new Findings();
  expect(findings.clean).toBe(true);
  expect(findings.take(good(1))).toBe(1);
  expect(findings.take(bad(first))).toBeUndefined();
  findings.add(second);
  expect(findings.clean).toBe(false);
  expect(findings.problems).toEqual([first, second]);
});

test.each([
  [new TypeError('x is not a function'), 'Unexpected error: x is not a function.'],
  ['just a text', 'Unexpected error: just a text.'],
])('internalProblem makes a problem of %p that keeps it as its cause', (thrown, message) => {
  expect(internalProblem(thrown)).toEqual(expect.objectContaining({ kind: 'internal', message, cause: thrown }));
});
