import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { APPLY, APPS, configMap, FILTERS, MERGE, SHOP, startBed, type TestBed, workload } from './support.ts';

let bed: TestBed;
beforeAll(async () => {
  bed = await startBed();
  await bed.admin.post(`${SHOP}/configmaps`, configMap('there', { a: '1' }));
  await bed.admin.post(`${SHOP}/pods`, {
    metadata: { name: 'there' },
    spec: { nodeName: 'somewhere', containers: [{ name: 'app', image: 'app:1' }] },
  });
});
afterAll(() => bed.stop());

/** It grows with everything that is stored, of whatever kind. */
const revision = async (): Promise<string> => (await bed.admin.get(`${SHOP}/configmaps`)).body.metadata.resourceVersion;

const filter = { apiVersion: 'networking.istio.io/v1alpha3', kind: 'EnvoyFilter', metadata: { name: 'new' }, spec: {} };
const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'there' }, data: { b: '2' } };

describe('dryRun=All stores nothing', () => {
  test.each([
    ['POST', `${SHOP}/configmaps`, configMap('new'), undefined, 201],
    ['POST', `${APPS}/deployments`, workload('Deployment', 'new'), undefined, 201],
    ['POST', FILTERS, filter, undefined, 201],
    ['PUT', `${SHOP}/configmaps/there`, configMap('there', { a: '2' }), undefined, 200],
    ['PATCH', `${SHOP}/configmaps/there`, { data: { a: null } }, MERGE, 200],
    ['PATCH', `${SHOP}/configmaps/there`, config, APPLY, 200],
    ['PATCH', `${FILTERS}/new`, filter, APPLY, 201],
    ['DELETE', `${SHOP}/configmaps/there`, undefined, undefined, 200],
    ['DELETE', `${SHOP}/pods/there`, undefined, undefined, 200],
    ['DELETE', `${SHOP}/configmaps`, undefined, undefined, 200],
  ] as const)('%s %s', async (method, path, body, type, status) => {
    const before = await revision();
    const answer = await bed.admin.call(
      method,
      `${path}?dryRun=All&fieldManager=tester`,
      body,
      type === undefined ? {} : { type },
    );
    expect(answer.status).toBe(status);
    expect(await revision()).toBe(before);
  });

  test('in the body of a DELETE as well', async () => {
    expect((await bed.admin.delete(`${SHOP}/configmaps/there`, { dryRun: ['All'] })).status).toBe(200);
    expect((await bed.admin.get(`${SHOP}/configmaps/there`)).status).toBe(200);
  });
});

describe('a dry run is refused like the real one', () => {
  test.each([
    ['POST', `${SHOP}/configmaps`, configMap('there'), undefined, 409],
    ['POST', `${SHOP}/configmaps`, configMap('Not_a_name'), undefined, 422],
    ['PATCH', `${APPS}/deployments/absent`, { spec: { replicas: 2 } }, MERGE, 404],
    ['PATCH', `${SHOP}/configmaps/there`, { metadata: { resourceVersion: '1' } }, MERGE, 409],
    ['DELETE', `${SHOP}/configmaps/there`, { preconditions: { resourceVersion: '1' } }, undefined, 409],
    ['DELETE', `${SHOP}/configmaps/absent`, undefined, undefined, 404],
  ] as const)('%s %s answers %#', async (method, path, body, type, status) => {
    const answer = await bed.admin.call(method, `${path}?dryRun=All`, body, type === undefined ? {} : { type });
    expect(answer.status).toBe(status);
  });

  test.each(['POST', 'DELETE'] as const)('%s knows only All', async (method) => {
    const path = method === 'POST' ? `${SHOP}/configmaps` : `${SHOP}/configmaps/there`;
    const answer = await bed.admin.call(method, `${path}?dryRun=some`, configMap('x'));
    expect([answer.status, answer.body.message]).toEqual([422, expect.stringContaining('supported values: "All"')]);
  });
});
