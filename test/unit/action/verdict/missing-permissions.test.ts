import { expect, test } from '@jest/globals';
import { groupPermissions, isPermissionProblem } from '../../../../src/action/verdict/missing-permissions.ts';
import type { Problem } from '../../../../src/base/problem.ts';
import { permission } from '../report-builder.ts';

const lacking = (what: string, parts: Partial<Problem> = {}): Problem => ({
  kind: 'permission',
  message: `The kubeconfig user cannot ${what}.`,
  permission: permission(what),
  ...parts,
});
const grouped = (...problems: readonly Problem[]) => groupPermissions(problems.filter(isPermissionProblem));

test('one permission is a sentence', () => {
  expect(grouped(lacking('list pods in namespace "shop"', { user: 'jane' }))).toEqual({
    users: [{ message: 'The kubeconfig user "jane" cannot list pods in namespace "shop".', items: [] }],
    doubts: '',
    notes: '',
  });
});

test('what to rule out first is told once', () => {
  const doubt = { permissionDoubt: 'Does namespace "bokshop" exist?' };
  const { doubts } = grouped(
    lacking('list configmaps in namespace "bokshop"', doubt),
    lacking('list deployments.apps in namespace "bokshop"', doubt),
  );
  expect(doubts).toBe('Does namespace "bokshop" exist?');
});

test('several are one list, in which verbs and namespaces share a line', () => {
  const { users } = grouped(
    ...['shop', 'edge'].flatMap((namespace) =>
      ['patch', 'create'].map((verb) => lacking(`${verb} configmaps in namespace "${namespace}"`)),
    ),
    lacking('patch deployments.apps in namespace "shop"'),
    lacking('get pods/exec in namespace "shop"'),
    { ...lacking('list pods in namespace "shop"'), permission: { verb: 'list', group: '', resource: 'namespaces' } },
  );
  expect(users).toEqual([
    {
      message: 'The kubeconfig user cannot',
      items: [
        'create and patch configmaps in namespaces "shop" and "edge"',
        'patch deployments.apps in namespace "shop"',
        'get pods/exec in namespace "shop"',
        'list namespaces in the whole cluster',
      ],
    },
  ]);
});

test('each cluster and each user has a list of its own', () => {
  const what = 'list pods in namespace "shop"';
  const { users } = grouped(
    lacking(what, { subject: 'cluster staging', user: 'a' }),
    lacking(what, { subject: 'cluster prod', user: 'b' }),
  );
  expect(users.map(({ subject, message }) => [subject, message])).toEqual([
    ['cluster staging', 'The kubeconfig user "a" cannot list pods in namespace "shop".'],
    ['cluster prod', 'The kubeconfig user "b" cannot list pods in namespace "shop".'],
  ]);
});

test('each note is told once', () => {
  const note = { permissionNote: 'Without "probe", no pod is sent a request.' };
  expect(
    grouped(
      lacking('get pods/proxy in namespace "a"', note),
      lacking('get pods/proxy in namespace "b"', note),
      lacking('delete pods in namespace "b"', { permissionNote: 'Pods are deleted.' }),
    ).notes,
  ).toBe('Without "probe", no pod is sent a request. Pods are deleted.');
});

test.each<[string, Problem, boolean]>([
  ['a permission', lacking('list pods in namespace "shop"'), true],
  ['a refusal that names none', { kind: 'permission', message: 'exceeded quota: q' }, false],
  [
    'a rollout of which the cause could not be seen',
    { ...lacking('list pods in namespace "a"'), kind: 'rollout' },
    false,
  ],
])('%s', (_, problem, expected) => {
  expect(isPermissionProblem(problem)).toBe(expected);
});
