import { expect, test } from '@jest/globals';
import type { Problem } from '../../../../src/base/problem.ts';
import { concludeRollback, type RollbackEnd } from '../../../../src/deploy/rollout/rollback-end.ts';
import { workload } from '../../builders.ts';
import { plannedFor } from '../planned.ts';

const planned = plannedFor('shop/deploy/reviews', { observed: workload('reviews') });
const before = { ready: 0, causes: new Set<string>(), words: 'app keeps crashing' };
const refusal: Problem = { kind: 'conflict', message: 'is changed.' };

function concluded(end: RollbackEnd, isUnready = false): ReturnType<typeof concludeRollback> {
  const write = { result: { state: 'done' } } as const;
  return concludeRollback(end, { planned, write, before: isUnready ? before : undefined }, 7);
}

test.each<[RollbackEnd, object | undefined]>([
  [{ state: 'not-needed' }, undefined],
  [{ state: 'skipped' }, { state: 'skipped', to: { 'add-header': null }, durationMs: 7 }],
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
