import { expect, test } from '@jest/globals';
import { kindNames } from '../../../src/deploy/kinds/kinds.ts';
import { describeWorkload, parseKind, workloadKey } from '../../../src/targets/target.ts';
import { refOf } from '../builders.ts';

test.each([
  ['deployment', 'Deployment'],
  ['Deployment', 'Deployment'],
  ['deployments', 'Deployment'],
  ['deploy', 'Deployment'],
  ['deployment.apps', 'Deployment'],
  ['deployments.apps', 'Deployment'],
  ['statefulset', 'StatefulSet'],
  ['StatefulSets', 'StatefulSet'],
  ['sts', 'StatefulSet'],
  ['STS', 'StatefulSet'],
  ['daemonset', 'DaemonSet'],
  ['DaemonSets.apps', 'DaemonSet'],
  ['ds', 'DaemonSet'],
  ['gateway', 'Gateway'],
  ['gtw', 'Gateway'],
  ['Gateways.gateway.networking.k8s.io', 'Gateway'],
  ['gateway.networking.istio.io', undefined],
  ['gateway.apps', undefined],
  ['deployment.gateway.networking.k8s.io', undefined],
  ['pod', undefined],
  ['deployment.batch', undefined],
  ['deployment ', undefined],
  ['constructor', undefined],
  ['', undefined],
])('the kind "%s" is %s', (word, kind) => {
  expect(parseKind(word, kindNames())).toBe(kind);
});

test('a workload has a name for people and a key that tells it from others', () => {
  const refs = ['shop/deploy/a', 'shop/sts/a', 'test/deploy/a', 'shop/deploy/b'].map(refOf);
  expect(refs.map(describeWorkload)).toEqual([
    'Deployment shop/a',
    'StatefulSet shop/a',
    'Deployment test/a',
    'Deployment shop/b',
  ]);
  expect(new Set(refs.map(workloadKey)).size).toBe(refs.length);
});
