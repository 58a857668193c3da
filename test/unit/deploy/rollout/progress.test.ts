import { describe, expect, test } from '@jest/globals';
import type { Problem } from '../../../../src/base/problem.ts';
import type { Pod } from '../../../../src/cluster/objects.ts';
import { readinessOf } from '../../../../src/deploy/kinds/kinds.ts';
import { judgedRollout } from '../../../../src/deploy/rollout/judged-rollout.ts';
import { progressLine, type Tally, tally, waveLine } from '../../../../src/deploy/rollout/progress.ts';
import {
  endedRollout,
  failedRollout,
  notReadyAsBefore,
  notReadyBefore,
  pendingRollout,
  rolledBack,
  supersededRollout,
  type WorkloadRollout,
  type WrittenRollout,
} from '../../../../src/deploy/rollout/workload-rollout.ts';
import type { RolloutResult } from '../../../../src/deploy/wait/rollout-result.ts';
import type { Pending } from '../../../../src/deploy/wait/rollout-watch.ts';
import { workloadKey } from '../../../../src/targets/target.ts';
import { READY_STATUS, refOf, workload } from '../../builders.ts';
import { plannedFor } from '../planned.ts';

function pending(path: string, ready = false): Pending {
  const ref = refOf(path);
  const observed = workload(ref.name, ready ? {} : { status: { ...READY_STATUS, updatedReplicas: 0 } });
  return { goal: { ref, podRevisions: [], removals: [] }, readiness: readinessOf(ref, observed) };
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
  const written = (name: string): WrittenRollout => ({
    ...pendingRollout(plannedFor(`shop/deploy/${name}`)),
    state: 'written',
    write: { result: { state: 'done' } },
  });
  const ended = (name: string, state: RolloutResult['state'], durationMs?: number): ReturnType<typeof endedRollout> =>
    endedRollout(written(name), rollout(state, durationMs));
  const back = { state: 'rolled-back', to: {}, durationMs: 1_000 } as const;
  const newer = { filter: 'add-header', revision: '0123456789', run: 'o/r/1/1' };

  test.each<[string, WorkloadRollout[], string, string]>([
    ['ready at once', [ended('a', 'ready', 0)], '1/1 ready', '1/1 verified.'],
    ['nothing came to its end', [written('a'), written('b'), written('c')], '0/3 ready', '0/3 verified.'],
    [
      'one was not ready before, one failed and went back, one is ready',
      [
        notReadyBefore(written('a'), problem, { pods: [] }),
        rolledBack(judgedRollout(ended('b', 'failed'), TIMEOUT), back),
        ended('c', 'ready'),
      ],
      '1/3 ready · 2 failed',
      '1/3 verified; the slowest ready after 2.0 s.',
    ],
    [
      'ready and then not verified',
      [failedRollout(ended('a', 'ready'), problem), ended('b', 'ready', 5_000)],
      '1/2 ready · 1 failed',
      '1/2 verified; the slowest ready after 5.0 s.',
    ],
    [
      'as little ready as before is not ready',
      [notReadyAsBefore(ended('a', 'timeout', 40_000), 'not ready before either')],
      '0/1 ready',
      '0/1 verified; 1 not ready, as before.',
    ],
    ['another run has it', [supersededRollout(ended('a', 'ready'), newer), written('b')], '0/2 ready', '0/1 verified.'],
  ])('%s', (_, rollouts, live, end) => {
    expect(progressLine([], tally(rollouts), new Map())).toBe(live);
    expect(waveLine(rollouts, { verify: 'auto' })).toBe(end);
  });
});
