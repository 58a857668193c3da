import { expect, test } from '@jest/globals';
import { FULL } from '../../../../src/action/summary/parts/limits.ts';
import { groupChanges, renderChanges } from '../../../../src/action/summary/plan-changes.ts';
import type { PlannedChange } from '../../../../src/deploy/report/plan-report.ts';

const created = (namespace: string, priority = 0): PlannedChange => ({
  action: 'create',
  kind: 'EnvoyFilter',
  namespace,
  name: 'add-header-0123456789',
  reasons: [],
  diff: ['+metadata:', '+  name: add-header-0123456789', `+  namespace: ${namespace}`, `+  priority: ${priority}`],
  admission: { state: 'accepted', warnings: [] },
});

test('what is the same but for its namespace is shown once, what differs is shown for itself', () => {
  const groups = groupChanges([created('shop'), created('edge'), created('test', 7)]);
  expect(groups.map(({ objects, namespaces }) => [objects.length, namespaces])).toEqual([
    [2, 2],
    [1, 1],
  ]);
  const page = renderChanges(groups, FULL);
  expect(page).toContain('➕ create 2 objects:');
  expect(page).toContain(', the same in 2 namespaces');
  expect(page).not.toMatch(/namespace: (shop|edge)/);
  expect(page).toContain('+  namespace: test');
});
