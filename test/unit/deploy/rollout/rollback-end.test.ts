import { describe, expect, test } from '@jest/globals';
import type { Problem } from '../../../../src/base/problem.ts';
import { concludeRollback, type RollbackEnd, type RollbackFacts } from '../../../../src/deploy/rollout/rollback-end.ts';
import type { RolloutResult } from '../../../../src/deploy/wait/rollout-result.ts';
import { workload } from '../../builders.ts';
import { plannedFor } from '../planned.ts';

const planned = plannedFor('shop/deploy/reviews', { observed: workload('reviews') });
const before = { ready: 0, causes: new Set<string>(), words: 'app keeps crashing' };
const refusal: Problem = { kind: 'conflict', message: 'is changed.' };

const facts: RollbackFacts = {
  planned,
  write: { result: { state: 'done' } },
  before: undefined,
  problem: undefined,
  result: undefined,
};

function concluded(end: RollbackEnd, isUnready = false): ReturnType<typeof concludeRollback> {
  return concludeRollback(end, { ...facts, before: isUnready ? before : undefined }, 7);
}

test.each<[RollbackEnd, object | undefined]>([
  [{ state: 'not-needed' }, undefined],
  [{ state: 'skipped' }, { state: 'skipped', to: { 'add-header': null }, durationMs: 7 }],
  [{ state: 'unconfirmed' }, { state: 'rolled-back', to: { 'add-header': null }, durationMs: 7, unconfirmed: true }],
  [{ state: 'rolled-back' }, { state: 'rolled-back', to: { 'add-header': null }, durationMs: 7 }],
  [
    { state: 'rolled-back', unready: 'as before' },
    { state: 'rolled-back', to: { 'add-header': null }, durationMs: 7, unready: 'as before' },
  ],
  [
    { state: 'refused', problem: refusal },
    { state: 'failed', to: { 'add-header': null }, durationMs: 7, problem: refusal },
  ],
])('the report of %j', (end, told) => {
  expect(concluded(end)).toEqual(told);
});

test('a failure says what the template is, and of a workload that was not ready before what kept it from that', () => {
  const failed = (template: 'before' | 'new'): RollbackEnd => ({ state: 'failed', why: 'pods are stuck', template });
  expect(concluded(failed('new'), true)).toMatchObject({
    state: 'failed',
    template: 'new',
    problem: { kind: 'rollback' },
  });
  expect(concluded(failed('new'), true)).not.toHaveProperty('unready');
  expect(concluded(failed('before'), true)).toMatchObject({ template: 'before', unready: 'app keeps crashing' });
  expect(concluded(failed('before'))).not.toHaveProperty('unready');
});

test('a template that others changed after it was rolled back is compared as it was seen last', () => {
  const end: RollbackEnd = { state: 'failed', why: 'pods are stuck', template: 'before' };
  const { observed } = planned;
  const theirs = workload('reviews', { podAnnotations: { theirs: '1' } });
  const told = (seen: typeof observed): ReturnType<typeof concludeRollback> =>
    concludeRollback({ ...end, seen }, facts, 7, observed);
  expect(told(observed)).not.toHaveProperty('differs');
  expect(told(observed)).toMatchObject({ problem: { remedy: expect.stringMatching(/is rolled back already\.$/) } });
  expect(told(theirs)).toMatchObject({
    differs: 'changed-by-others',
    problem: { remedy: expect.not.stringMatching(/rolled back already/) },
  });
});

describe('where the API server did not answer', () => {
  const call: Problem = { kind: 'connection', message: 'm' };
  const end: RollbackEnd = { state: 'failed', why: 'it does not answer', template: 'new', call };
  const unseen: RolloutResult = {
    state: 'unseen',
    message: '0 of 1 new pods ready',
    ready: 0,
    wanted: 1,
    durationMs: 1,
  };
  test.each<[string, Partial<RollbackFacts>, boolean, RegExp]>([
    ['after it was lost from sight', { problem: call, result: unseen }, true, /Seen last: 0 of 1 new pods ready\.$/],
    [
      'to its patch either',
      { problem: call, write: { result: { state: 'failed', problem: call } } },
      true,
      /Nor was its patch answered\.$/,
    ],
    ['and its pods had failed', { problem: { kind: 'rollout', message: 'm' } }, false, /it does not answer\.$/],
    ['and others had failed', {}, false, /it does not answer\.$/],
  ])('a rollback that failed %s tells each trouble once', (_, known, tellsFailure, message) => {
    const back = concludeRollback(end, { ...facts, ...known }, 7);
    expect(back).toMatchObject({ state: 'failed', problem: { message: expect.stringMatching(message) } });
    expect(back !== undefined && 'tellsFailure' in back).toBe(tellsFailure);
  });
});
