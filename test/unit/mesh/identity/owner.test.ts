import { describe, expect, test } from '@jest/globals';
import type { Workload } from '../../../../src/cluster/objects.ts';
import {
  describeTemplateKeeper,
  findOwner,
  keeperRemedy,
  templateManagers,
} from '../../../../src/mesh/identity/owner.ts';
import { workload } from '../../builders.ts';

const template = { 'f:spec': { 'f:template': { 'f:spec': {} } } };
const kept = (metadata: Partial<Workload['metadata']>): Workload => {
  const base = workload('hello');
  return { ...base, metadata: { ...base.metadata, ...metadata } };
};
const ownedBy = (apiVersion: string, kind: string, controller = true): Partial<Workload['metadata']> => ({
  ownerReferences: [{ apiVersion, kind, name: 'hello-00001', controller }],
});
const managedFields = [
  { manager: 'kubectl', time: '2026-01-01T00:00:00Z', fieldsV1: template },
  { manager: 'deploy-wasm-filter', time: '2026-01-03T00:00:00Z', fieldsV1: template },
  { manager: 'operator', time: '2026-01-02T00:00:00Z', fieldsV1: template },
  { manager: 'kube-controller-manager', time: '2026-01-04T00:00:00Z', fieldsV1: { 'f:status': {} } },
];

test.each<[string, Partial<Workload['metadata']>, object | undefined]>([
  ['nobody', {}, undefined],
  ['somebody who does not control it', ownedBy('v1', 'ConfigMap', false), undefined],
  ['any object', ownedBy('v1', 'ConfigMap'), { object: 'ConfigMap hello-00001', kind: 'ConfigMap' }],
  ['an operator', ownedBy('example.com/v1', 'Shop'), { object: 'Shop hello-00001', kind: 'Shop' }],
  [
    'Knative',
    ownedBy('serving.knative.dev/v1', 'Revision'),
    {
      object: 'Revision hello-00001',
      kind: 'Revision',
      controller: expect.objectContaining({ name: 'Knative Serving' }),
    },
  ],
])('the owner of a workload: %s', (_, metadata, owner) => {
  expect(findOwner(kept(metadata))).toEqual(owner);
});

test('the managers of a pod template, the latest first, without ours and those of the status', () => {
  expect(templateManagers(kept({ managedFields }))).toEqual(['operator', 'kubectl']);
  expect(templateManagers(kept({}))).toEqual([]);
});

/** The same, where the operator wrote once more, after this action. */
const since = managedFields.map((entry) =>
  entry.manager === 'operator' ? { ...entry, time: '2026-01-03T00:00:00Z' } : entry,
);
const byHand = [...managedFields, { manager: 'kubectl-rollout', time: '2026-01-03T00:00:00Z', fieldsV1: template }];

describe('who put a pod template back', () => {
  test.each<[string, Partial<Workload['metadata']>, string, RegExp]>([
    [
      'an owner',
      { ...ownedBy('v1', 'ConfigMap'), managedFields: since },
      'the field manager "operator" (its owner is ConfigMap hello-00001, whose controller may have done it)',
      /into the template that ConfigMap hello-00001 has \("command: render"/,
    ],
    [
      'nobody who has written since, beside an owner',
      { ...ownedBy('v1', 'ConfigMap'), managedFields },
      'an unknown client (its owner is ConfigMap hello-00001, whose controller may have done it)',
      /into the template that ConfigMap hello-00001 has/,
    ],
    [
      'an owner that is known to',
      { ...ownedBy('serving.knative.dev/v1', 'Revision'), managedFields },
      'Knative Serving, the controller of its owner, Revision hello-00001',
      /into spec\.template\.metadata of the Knative Service/,
    ],
    [
      'Argo CD',
      { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:shop/hello' }, managedFields: since },
      'Argo CD, application shop (field manager "operator")',
      /into Git, where Argo CD takes them from/,
    ],
    ['a field manager', { managedFields: since }, 'the field manager "operator"', /into what it writes/],
    ['somebody with kubectl', { managedFields: byHand }, 'the field manager "kubectl-rollout"', /re-run the job/],
    ['nobody who has written since', { managedFields }, 'another client', /into what it writes/],
    ['nobody who is known', {}, 'another client', /or take the workload out of the target list/],
  ])('%s', (_, metadata, who, remedy) => {
    expect(describeTemplateKeeper(kept(metadata))).toBe(who);
    expect(keeperRemedy(kept(metadata))).toMatch(remedy);
    expect(keeperRemedy(kept(metadata))).not.toContain('concurrency');
  });
});
