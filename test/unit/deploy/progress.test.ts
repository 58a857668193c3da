import { expect, test } from '@jest/globals';
import type { Pod } from '../../../src/cluster/objects.ts';
import { readinessOf } from '../../../src/cluster/readiness.ts';
import { progressLine } from '../../../src/deploy/progress.ts';
import type { Pending, RolloutResult } from '../../../src/deploy/rollout-watch.ts';
import { workloadKey } from '../../../src/targets/target.ts';
import { READY_STATUS, refOf, workload } from '../builders.ts';

function pending(path: string, ready = false): Pending {
  const ref = refOf(path);
  const observed = workload(ref.name, ready ? {} : { status: { ...READY_STATUS, updatedReplicas: 0 } });
  return { followed: { ref, placements: [], removals: [] }, readiness: readinessOf(ref.kind, observed) };
}
const results = (ready: number, failed = 0): RolloutResult[] =>
  Array.from({ length: ready + failed }, (_, at) => ({
    state: at < ready ? 'ready' : 'failed',
    message: '',
    ready: 1,
    wanted: 1,
    durationMs: 1,
  }));
const pod = (status: Pod['status']): Pod => ({ metadata: { name: 'p' }, ...(status === undefined ? {} : { status }) });
const waitingFor = (reason: string): Pod =>
  pod({ containerStatuses: [{ name: 'app', state: { waiting: { reason } } }] });
const podsOf = (pods: Readonly<Record<string, readonly Pod[]>>): ReadonlyMap<string, readonly Pod[]> =>
  new Map(Object.entries(pods).map(([path, of]) => [workloadKey(refOf(path)), of]));

test('one line says how many are ready and what the first ones wait for', () => {
  const names = ['a', 'b', 'c', 'd', 'e'].map((name) => pending(`shop/deploy/${name}`));
  const pods = podsOf({ 'shop/deploy/a': [waitingFor('ContainerCreating')] });
  expect(progressLine(names, results(7), pods)).toBe(
    '7/12 ready · a: ContainerCreating · b: 0 of 1 pods updated · c: 0 of 1 pods updated · 2 workloads more',
  );
});

test.each<[string, Pending[], string]>([
  ['nothing pending', [], '3/3 ready'],
  ['one too many to name', ['a', 'b', 'c', 'd'].map((name) => pending(`shop/deploy/${name}`)), ' · 1 workload more'],
  ['a state from before the change', [pending('shop/deploy/a', true)], '3/4 ready · a: rolling'],
])('%s', (_, workloads, text) => {
  expect(progressLine(workloads, results(3), new Map())).toContain(text);
});

test('a pod that says something goes before one that does not, and other workloads do not count', () => {
  const ready = pod({ conditions: [{ type: 'Ready', status: 'True' }] });
  const pods = podsOf({ 'shop/deploy/a': [ready, waitingFor('ErrImagePull')], 'shop/sts/a': [waitingFor('Other')] });
  expect(progressLine([pending('shop/deploy/a')], [], pods)).toBe('0/1 ready · a: ErrImagePull (app)');
});

test('failed ones are not called ready', () => {
  expect(progressLine([pending('shop/deploy/a')], results(2, 1), new Map())).toBe(
    '2/4 ready · 1 failed · a: 0 of 1 pods updated',
  );
});
