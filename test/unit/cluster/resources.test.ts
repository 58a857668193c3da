import { expect, test } from '@jest/globals';
import {
  CONFIG_MAP,
  DEPLOYMENT,
  describePath,
  ENVOY_FILTER,
  NAMESPACE,
  POD,
  resourceName,
  resourcePath,
} from '../../../src/cluster/resources.ts';
import { WORKLOADS } from '../../harness/kinds.ts';

test.each([
  [resourcePath(CONFIG_MAP, 'shop'), '/api/v1/namespaces/shop/configmaps'],
  [resourcePath(CONFIG_MAP, 'shop', 'a.b'), '/api/v1/namespaces/shop/configmaps/a.b'],
  [resourcePath(NAMESPACE, undefined, 'shop'), '/api/v1/namespaces/shop'],
  [resourcePath(WORKLOADS.StatefulSet, 'shop', 'db'), '/apis/apps/v1/namespaces/shop/statefulsets/db'],
  [resourcePath(ENVOY_FILTER, 'shop'), '/apis/networking.istio.io/v1alpha3/namespaces/shop/envoyfilters'],
  [resourcePath(CONFIG_MAP, 'a/../b', '?x'), '/api/v1/namespaces/a%2F..%2Fb/configmaps/%3Fx'],
])('%s', (path, expected) => {
  expect(path).toBe(expected);
});

test('a resource has the name that RBAC gives it', () => {
  expect([CONFIG_MAP, WORKLOADS.DaemonSet, ENVOY_FILTER].map(resourceName)).toEqual([
    'configmaps',
    'daemonsets.apps',
    'envoyfilters.networking.istio.io',
  ]);
});

test.each([
  [resourcePath(DEPLOYMENT, 'shop', 'reviews'), 'deployments shop/reviews'],
  [`${resourcePath(DEPLOYMENT, 'shop', 'reviews')}?fieldManager=x`, 'deployments shop/reviews'],
  [`${resourcePath(POD, 'shop', 'reviews-0')}/exec?command=x`, 'pods shop/reviews-0'],
  [`${resourcePath(POD, 'shop')}?fieldManager=x`, 'pods in namespace shop'],
  [resourcePath(NAMESPACE, undefined, 'shop'), '/api/v1/namespaces/shop'],
  ['/version', '/version'],
])('%s is %s', (path, words) => {
  expect(describePath(path)).toBe(words);
});
