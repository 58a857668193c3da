import { expect, test } from '@jest/globals';
import type { Problem, ProblemKind } from '../../../../src/base/problem.ts';
import {
  type RollbackFailure,
  rollbackProblem,
  templateAfter,
} from '../../../../src/deploy/rollout/rollback-problem.ts';
import type { WorkloadKind } from '../../../harness/kinds.ts';
import { revision } from '../../builders.ts';
import { plannedFor } from '../planned.ts';

const REFUSED: Problem = {
  kind: 'permission',
  message: 'm',
  permission: { verb: 'patch', group: 'apps', resource: 'statefulsets', namespace: 'shop' },
  user: 'ci',
};
/** Advice that would put back what the run wrote, where its template is back already or may be. */
const UNDO = /rollout undo/;

test.each<[WorkloadKind, Omit<RollbackFailure, 'isOurs'>, RegExp, RegExp]>([
  [
    'Deployment',
    { template: 'before', undoReverts: true },
    /^was rolled back, but /,
    /pod template is rolled back already/,
  ],
  [
    'Deployment',
    { template: 'before', undoReverts: true, remedy: 'Resume it.' },
    /^was rolled back, but /,
    /^Resume it\. The pod template is rolled back already\.$/,
  ],
  ['DaemonSet', { template: 'before', undoReverts: false }, /^was rolled back, but /, /kubectl describe pods -n shop/],
  [
    'StatefulSet',
    { template: 'before', undoReverts: true, pods: ['db-1', 'db-0'] },
    /^was rolled back, but /,
    /`kubectl delete pod -n shop db-1 db-0`\. Or grant the permission to delete pods in namespace "shop"/,
  ],
  [
    'Deployment',
    { template: 'new', undoReverts: true },
    /^could not be rolled back: /,
    /Re-run to try again, or roll back manually: `kubectl rollout undo -n shop deployment\/db`\./,
  ],
  ['StatefulSet', { template: 'new', undoReverts: true }, /^could not/, /undo -n shop statefulset\/db`\./],
  ['DaemonSet', { template: 'new', undoReverts: true }, /^could not/, /undo -n shop daemonset\/db`\./],
  // What a killed run has left is not undone by the step before in the history.
  [
    'Deployment',
    { template: 'new', undoReverts: false },
    /^could not/,
    /^Re-run to try again\. Its pod template still has what this run wrote: revision [0-9a-f]{10}\.$/,
  ],
  [
    'Deployment',
    { template: 'unknown', undoReverts: true },
    /^could not/,
    /^Re-run: .* whether the pod template is rolled back/,
  ],
])('a %s with %j', (kind, failure, message, remedy) => {
  const planned = { ...plannedFor('shop/deploy/db'), ref: { kind, namespace: 'shop', name: 'db' } };
  const problem = rollbackProblem(planned, 'why', { isOurs: true, ...failure });
  expect(problem.message).toMatch(message);
  expect(problem.remedy).toMatch(remedy);
  if (failure.template !== 'new') expect(problem.remedy).not.toMatch(UNDO);
});

const [ADD, REMOVE] = ['add-header', 'old-header'];
test.each<[string, boolean, { readonly removals?: string[]; readonly revisions?: [] }, RegExp]>([
  ['what this run wrote', true, {}, /still has what this run wrote: revision [0-9a-f]{10}\.$/],
  ['what a killed run wrote', false, {}, /still has what this run found: revision [0-9a-f]{10}\.$/],
  ['a removal', true, { revisions: [], removals: [REMOVE] }, /still has what this run wrote: no filter old-header\.$/],
  [
    'several filters',
    true,
    { removals: [REMOVE] },
    new RegExp(`wrote: revision [0-9a-f]{10} of ${ADD} and no filter old-header\\.$`),
  ],
])('names what the pod template still has: %s', (_, isOurs, parts, remedy) => {
  const planned = plannedFor('shop/deploy/db', { revisions: [revision()], ...parts });
  for (const undoReverts of [true, false]) {
    const failure = { template: 'new', isOurs, undoReverts } as const;
    expect(rollbackProblem(planned, 'why', failure).remedy).toMatch(remedy);
  }
});

test.each<[string, Pick<RollbackFailure, 'template' | 'pods' | 'call'>, object]>([
  [
    'pods that may not be deleted',
    { template: 'before', pods: ['db-1'] },
    { permission: { verb: 'delete', group: '', resource: 'pods', namespace: 'shop' } },
  ],
  ['a call that is refused', { template: 'new', call: REFUSED }, { permission: REFUSED.permission, user: 'ci' }],
])('carries the permission that is missing: %s', (_, failure, lacks) => {
  expect(
    rollbackProblem(plannedFor('shop/sts/db'), 'why', { isOurs: true, undoReverts: true, ...failure }),
  ).toMatchObject(lacks);
});

test.each<[ProblemKind, RollbackFailure['template']]>([
  ['permission', 'new'],
  ['cluster', 'new'],
  ['connection', 'unknown'],
  ['cancelled', 'unknown'],
  ['internal', 'unknown'],
])('after a write that failed with the kind %s the template is %s', (kind, template) => {
  expect(templateAfter({ kind, message: 'm' })).toBe(template);
});
