import { expect, test } from '@jest/globals';
import {
  aboutSubject,
  Diagnostics,
  describeProblem,
  fail,
  internalProblem,
  ok,
  type Problem,
  problemKey,
} from '../../../src/base/problem.ts';

const first: Problem = { kind: 'input', subject: 'input "port"', message: 'is "x".', remedy: 'Give a number.' };
const second: Problem = { kind: 'cluster', message: 'The server is on fire.' };

test('describeProblem says subject, message and remedy, as far as they are there', () => {
  expect(describeProblem(first)).toBe('input "port" is "x". Give a number.');
  expect(describeProblem(second)).toBe('The server is on fire.');
});

test.each<[Problem['form'], string, string]>([
  [undefined, 'is "x".', 'a is "x".'],
  ['clause', 'its pods are not ready.', 'a: its pods are not ready.'],
  ['sentence', 'The server is on fire.', 'a: The server is on fire.'],
])('a message of the form %s stands beside its subject', (form, message, read) => {
  expect(describeProblem({ kind: 'cluster', subject: 'a', message, ...(form !== undefined && { form }) })).toBe(read);
});

test('what is about nothing becomes a sentence beside the subject that it is given; another subject stays', () => {
  expect(describeProblem(aboutSubject(second, 'cluster a'))).toBe('cluster a: The server is on fire.');
  expect(aboutSubject(first, 'cluster a')).toBe(first);
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

test('problemKey tells problems apart by all that is told of them, and by nothing else', () => {
  expect(problemKey({ ...first, cause: new Error('a') })).toBe(problemKey(first));
  expect(problemKey({ ...first, remedy: 'Give another.' })).not.toBe(problemKey(first));
});
