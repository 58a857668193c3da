import { describe, expect, test } from '@jest/globals';
import type { Problem } from '../../../../src/base/problem.ts';
import type { Pod } from '../../../../src/cluster/objects.ts';
import { readinessOf } from '../../../../src/deploy/kinds/kinds.ts';
import type { RolloutPolicy } from '../../../../src/deploy/policy.ts';
import { progressLine, type Tally, tally, waveLine } from '../../../../src/deploy/rollout/progress.ts';
import { type Course, newCourse } from '../../../../src/deploy/rollout/workload-rollout.ts';
import type { Pending, RolloutResult } from '../../../../src/deploy/wait/rollout-watch.ts';
import { workloadKey } from '../../../../src/targets/target.ts';
import { READY_STATUS, refOf, workload } from '../../builders.ts';
import { plannedFor } from '../planned.ts';

const POLICY: RolloutPolicy = {
  wait: true,
  timeoutMs: 60_000,
  verify: 'auto',
  onFailure: 'rollback',
  unready: 'fail',
  maxFailures: { count: 0 },
  soakMs: 0,
};

function pending(path: string, ready = false): Pending {
  const ref = refOf(path);
  const observed = workload(ref.name, ready ? {} : { status: { ...READY_STATUS, updatedReplicas: 0 } });
  return { followed: { ref, placements: [], removals: [] }, readiness: readinessOf(ref, observed) };
}
const counts = (all: number, ready: number, failed = 0): Tally => ({ all, ready, failed });
const pod = (status: Pod['status']): Pod => ({ metadata: { name: 'p' }, ...(status === undefined ? {} : { status }) });
const waitingFor = (reason: string): Pod =>
  pod({ containerStatuses: [{ name: 'app', state: { waiting: { reason } } }] });
const podsOf = (pods: Readonly<Record<string, readonly Pod[]>>): ReadonlyMap<string, readonly Pod[]> =>
  new Map(Object.entries(pods).map(([path, of]) => [workloadKey(refOf(path)), of]));

test('one line says how many are ready and what the first ones wait for', () => {
  const names = ['a', 'b', 'c', 'd', 'e'].map((name) => pending(`shop/deploy/${name}`));
  const pods = podsOf({ 'shop/deploy/a': [waitingFor('ContainerCreating')] });
  expect(progressLine(names, counts(12, 7), pods)).toBe(
    '7/12 ready · a: ContainerCreating · b: 0 of 1 pods updated · c: 0 of 1 pods updated · 2 workloads more',
  );
});

test.each<[string, Pending[], string]>([
  ['nothing pending', [], '3/4 ready'],
  ['one too many to name', ['a', 'b', 'c', 'd'].map((name) => pending(`shop/deploy/${name}`)), ' · 1 workload more'],
  ['a state from before the change', [pending('shop/deploy/a', true)], '3/4 ready · a: rolling'],
])('%s', (_, workloads, text) => {
  expect(progressLine(workloads, counts(4, 3), new Map())).toContain(text);
});

test('a pod that says something goes before one that does not, and other workloads do not count', () => {
  const ready = pod({ conditions: [{ type: 'Ready', status: 'True' }] });
  const pods = podsOf({ 'shop/deploy/a': [ready, waitingFor('ErrImagePull')], 'shop/sts/a': [waitingFor('Other')] });
  expect(progressLine([pending('shop/deploy/a')], counts(1, 0), pods)).toBe('0/1 ready · a: ErrImagePull (app)');
});

test('failed ones are not called ready', () => {
  expect(progressLine([pending('shop/deploy/a')], counts(4, 2, 1), new Map())).toBe(
    '2/4 ready · 1 failed · a: 0 of 1 pods updated',
  );
});

describe('the workloads of a wave count once each', () => {
  const TIMEOUT = 60_000;
  const problem: Problem = { kind: 'workload', message: 'Not ready.' };
  const rollout = (state: RolloutResult['state'], durationMs = 2_000): RolloutResult => ({
    state,
    message: state === 'ready' ? '' : '0 of 1 pods ready',
    ready: state === 'ready' ? 1 : 0,
    wanted: 1,
    durationMs,
  });
  const course = (name: string, over: Partial<Course> = {}): Course => ({
    ...newCourse(plannedFor(`shop/deploy/${name}`)),
    write: { result: { state: 'done' } },
    ...over,
  });
  const back: Course['rollback'] = { state: 'restored', to: {}, durationMs: 1_000 };
  const newer = { filter: 'add-header', revision: '0123456789', run: 'o/r/1/1' };

  test.each<[string, Course[], string, string]>([
    ['ready at once', [course('a', { rollout: rollout('ready', 0) })], '1/1 ready', '1/1 verified.'],
    ['nothing came to its end', [course('a'), course('b'), course('c')], '0/3 ready', '0/3 verified.'],
    [
      'one was not ready before, one failed and went back, one is ready',
      [
        course('a', { unready: problem }),
        course('b', { rollout: rollout('failed'), rollback: back }),
        course('c', { rollout: rollout('ready') }),
      ],
      '1/3 ready · 2 failed',
      '1/3 verified, the slowest ready after 2.0 s.',
    ],
    [
      'ready and then not proven',
      [
        course('a', { rollout: rollout('ready'), proof: { problem } }),
        course('b', { rollout: rollout('ready', 5_000) }),
      ],
      '1/2 ready · 1 failed',
      '1/2 verified, the slowest ready after 5.0 s.',
    ],
    [
      'as little ready as before is not ready',
      [course('a', { rollout: rollout('timeout', 40_000), asBefore: 'not ready before either' })],
      '0/1 ready',
      '0/1 verified, 1 not ready as before.',
    ],
    [
      'another run has it',
      [course('a', { rollout: rollout('ready'), newer }), course('b')],
      '0/2 ready',
      '0/1 verified.',
    ],
  ])('%s', (_, courses, live, end) => {
    expect(progressLine([], tally(courses, TIMEOUT), new Map())).toBe(live);
    expect(waveLine(courses, { ...POLICY, timeoutMs: TIMEOUT })).toBe(end);
  });
});
