import { expect, test } from '@jest/globals';
import { DEPLOYMENT, describePath, NAMESPACE, POD, resourcePath } from '../../../src/cluster/resources.ts';

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
