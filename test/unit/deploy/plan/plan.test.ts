import { expect, test } from '@jest/globals';
import { planObjects } from '../../../../src/deploy/plan/objects.ts';
import { countWrites, objectKey, type Plan, podRevisionsOf, restarts } from '../../../../src/deploy/plan/plan.ts';
import { patchedWith, revision, snapshotOf, workload } from '../../builders.ts';
import { plannedFor } from '../planned.ts';

const PATH = 'shop/deploy/reviews';
const ours = revision();
const first = plannedFor(PATH);
const settled = plannedFor('shop/deploy/ratings', {
  observed: patchedWith(workload('ratings'), plannedFor('shop/deploy/ratings').patch),
});
const stateOnly = plannedFor(PATH, {
  observed: patchedWith(patchedWith(first.observed, first.patch), { metadata: { annotations: null } }),
});

test('a plan counts what it writes and what it deletes', () => {
  const workloads = [first, settled, stateOnly];
  const objects = planObjects(workloads, snapshotOf({}));
  const garbage = [
    { kind: 'ConfigMap', namespace: 'shop', name: 'add-header-0', filter: 'add-header', revision: '0' },
  ] as const;
  const plan: Plan = { ...objects, workloads, garbage, warnings: [] };
  expect(countWrites(plan)).toBe(2 + 2 + 1);
  expect(countWrites({ ...plan, workloads: [settled], garbage: [], configMaps: [], filterResources: [] })).toBe(0);
});

test('only a change of the pod template restarts', () => {
  expect([first, settled, stateOnly].map(restarts)).toEqual([true, false, false]);
  expect(stateOnly.patch).toBeDefined();
});

test('the pods carry the pod revision, whose name the objects have', () => {
  const podRevision = { filter: 'add-header', id: '0123456789', mountPath: '/x' };
  expect(podRevisionsOf({ ...first, revisions: [{ revision: ours, podRevision }] })).toEqual([podRevision]);
  expect(objectKey('shop', podRevision)).toBe('shop/add-header-0123456789');
});
