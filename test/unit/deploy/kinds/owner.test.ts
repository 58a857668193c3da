import { expect, test } from '@jest/globals';
import type { Pod } from '../../../../src/cluster/objects.ts';
import { ownerOf } from '../../../../src/deploy/kinds/kinds.ts';

const owned = (kind: string, name: string, hash?: string, controller = true, apiVersion = 'apps/v1'): Pod => ({
  metadata: {
    name: 'pod',
    ownerReferences: [
      { kind: 'Something', name: 'else' },
      { apiVersion, kind, name, controller },
    ],
    ...(hash === undefined ? {} : { labels: { 'pod-template-hash': hash } }),
  },
});

test.each<[string, Pod, object | undefined]>([
  [
    'a ReplicaSet of a Deployment',
    owned('ReplicaSet', 'reviews-v1-7d4f', '7d4f'),
    { kind: 'Deployment', name: 'reviews-v1' },
  ],
  ['a StatefulSet', owned('StatefulSet', 'db'), { kind: 'StatefulSet', name: 'db' }],
  ['a DaemonSet', owned('DaemonSet', 'agent'), { kind: 'DaemonSet', name: 'agent' }],
  ['a ReplicaSet without the label', owned('ReplicaSet', 'reviews-7d4f'), undefined],
  ['a ReplicaSet of another name', owned('ReplicaSet', 'reviews', '7d4f'), undefined],
  ['a ReplicaSet named as the hash alone', owned('ReplicaSet', '7d4f', '7d4f'), undefined],
  ['a StatefulSet of another group', owned('StatefulSet', 'db', undefined, true, 'apps.kruise.io/v1beta1'), undefined],
  ['a Job', owned('Job', 'once'), undefined],
  ['an owner that does not control it', owned('StatefulSet', 'db', undefined, false), undefined],
  ['nobody', { metadata: { name: 'pod' } }, undefined],
])('a pod of %s', (_, pod, owner) => {
  expect(ownerOf(pod)).toEqual(owner);
});
