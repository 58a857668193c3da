import { expect, test } from '@jest/globals';
import type { LabelSelector } from '../../../src/cluster/objects.ts';
import { selectorOf } from '../../../src/cluster/pod-selector.ts';

test.each<[LabelSelector, string]>([
  [{ matchLabels: { app: 'web' } }, 'app=web'],
  [{ matchLabels: { app: 'web', 'example.com/tier': '' } }, 'app=web,example.com/tier='],
  [{ matchExpressions: [{ key: 'tier', operator: 'In', values: ['api', 'web'] }] }, 'tier in (api,web)'],
  [{ matchExpressions: [{ key: 'tier', operator: 'In', values: ['api'] }] }, 'tier in (api)'],
  [{ matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['old', ''] }] }, 'tier notin (old,)'],
  [{ matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, 'tier'],
  [{ matchExpressions: [{ key: 'tier', operator: 'Exists', values: [] }] }, 'tier'],
  [{ matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }, '!tier'],
  [
    {
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'a', operator: 'Exists' },
        { key: 'b', operator: 'NotIn', values: ['c'] },
      ],
    },
    'app=web,a,b notin (c)',
  ],
])('%j', (selector, query) => {
  expect(selectorOf({ metadata: { name: 'web' }, spec: { selector } })).toBe(query);
});
