import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { APPS, configMap, eventually, startBed, type TestBed, workload } from './support.ts';

let bed: TestBed;
beforeAll(async () => {
  bed = await startBed({ kubelet: true });
});
afterAll(() => bed.stop());

test('a new namespace gets its service account and the root certificates', async () => {
  await bed.admin.post('/api/v1/namespaces', { metadata: { name: 'fresh' } });
  const account = await eventually(
    'the account',
    () => bed.admin.get('/api/v1/namespaces/fresh/serviceaccounts/default'),
    (answer) => answer.status === 200,
  );
  expect(account.body.metadata.name).toBe('default');
  const roots = await eventually(
    'the roots',
    () => bed.admin.get('/api/v1/namespaces/fresh/configmaps/kube-root-ca.crt'),
    (answer) => answer.status === 200,
  );
  expect(roots.body.data?.['ca.crt']).toBe(bed.cluster.caPem);
  const { body } = await bed.admin.get('/api/v1/namespaces/fresh');
  expect([body.status.phase, body.metadata.labels]).toEqual(['Active', { 'kubernetes.io/metadata.name': 'fresh' }]);
});

test('a deleted namespace takes its content along, and takes nothing new meanwhile', async () => {
  await bed.admin.post('/api/v1/namespaces', { metadata: { name: 'doomed' } });
  const base = '/api/v1/namespaces/doomed';
  await bed.admin.post(`${base}/configmaps`, {
    ...configMap('held'),
    metadata: { name: 'held', finalizers: ['example.com/hold'] },
  });
  await bed.admin.post(
    APPS.replace('shop', 'doomed').concat('/deployments'),
    workload('Deployment', 'web', { replicas: 1 }),
  );
  await eventually(
    'the pod',
    () => bed.admin.get(`${base}/pods`),
    (answer) => answer.body.items.length === 1,
  );
  const deleted = await bed.admin.delete(base);
  expect(deleted.body.status.phase).toBe('Terminating');
  const refused = await bed.admin.post(`${base}/configmaps`, configMap('late'));
  expect([refused.status, refused.body.message]).toEqual([
    403,
    'configmaps "late" is forbidden: unable to create new content in namespace doomed because it is being terminated',
  ]);
  await eventually(
    'the pods to end',
    () => bed.admin.get(`${base}/pods`),
    (answer) => answer.body.items.length === 0,
  );
  expect((await bed.admin.get(base)).status).toBe(200);
  await bed.admin.merge(`${base}/configmaps/held`, { metadata: { finalizers: null } });
  await eventually(
    'the end',
    () => bed.admin.get(base),
    (answer) => answer.status === 404,
  );
});
