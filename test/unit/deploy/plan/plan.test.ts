import { expect, test } from '@jest/globals';
import { planObjects } from '../../../../src/deploy/plan/objects.ts';
import { objectKey, type Plan, podRevisionsOf, restarts } from '../../../../src/deploy/plan/plan.ts';
import { actionsOf, describeChanges } from '../../../../src/deploy/preflight/changes.ts';
import { describeActions } from '../../../../src/deploy/report/plan-report.ts';
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
  const seen = snapshotOf({});
  const actions = actionsOf(plan, seen);
  expect(describeActions(actions)).toBe('2 to create, 2 to change, 1 to delete');
  expect(actions).toEqual(describeChanges(plan, seen).map(({ change }) => change.action));
  expect(describeActions(actionsOf(plan, seen, false))).toBe('2 to create, 2 to change, 0 to delete');
  expect(actionsOf({ ...plan, workloads: [settled], garbage: [], configMaps: [], filterResources: [] }, seen)).toEqual(
    [],
  );
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
