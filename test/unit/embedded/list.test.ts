import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { APPS, configMap, FILTERS, SHOP, startBed, type TestBed, workload } from './support.ts';

let bed: TestBed;
beforeAll(async () => {
  bed = await startBed();
});
afterAll(() => bed.stop());

const path = (name: string): string => `${SHOP}/configmaps/${name}`;

describe('lists', () => {
  test('items of built-in kinds have no type, items of custom resources have one', async () => {
    await bed.admin.post(`${SHOP}/configmaps`, configMap('typed'));
    const maps = await bed.admin.get(`${SHOP}/configmaps?fieldSelector=metadata.name%3Dtyped`);
    expect(maps.body).toMatchObject({
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion: expect.stringMatching(/^\d+$/) },
    });
    expect(maps.body.items).toHaveLength(1);
    expect(maps.body.items[0].kind).toBeUndefined();
    await bed.admin.post(FILTERS, {
      apiVersion: 'networking.istio.io/v1alpha3',
      kind: 'EnvoyFilter',
      metadata: { name: 'typed' },
      spec: {},
    });
    const filters = await bed.admin.get(FILTERS);
    expect(filters.body.items[0]).toMatchObject({ apiVersion: 'networking.istio.io/v1alpha3', kind: 'EnvoyFilter' });
  });

  test('pages go on from where they were, on the state of the first page', async () => {
    for (const name of ['p1', 'p2', 'p3', 'p4', 'p5']) await bed.admin.post(`${SHOP}/secrets`, { metadata: { name } });
    const first = await bed.admin.get(`${SHOP}/secrets?limit=2`);
    expect(first.body.metadata.remainingItemCount).toBe(3);
    await bed.admin.post(`${SHOP}/secrets`, { metadata: { name: 'p25' } });
    const second = await bed.admin.get(`${SHOP}/secrets?limit=2&continue=${first.body.metadata.continue}`);
    const third = await bed.admin.get(`${SHOP}/secrets?limit=2&continue=${second.body.metadata.continue}`);
    const names = [first, second, third].flatMap((page) =>
      page.body.items.map((item: { metadata: { name: string } }) => item.metadata.name),
    );
    expect(names).toEqual(['p1', 'p2', 'p3', 'p4', 'p5']);
    expect(third.body.metadata.continue).toBeUndefined();
    expect(third.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
  });

  test('a continue token from before a compaction is expired, and the answer has one to go on with', async () => {
    const first = await bed.admin.get(`/api/v1/namespaces?limit=1`);
    await bed.admin.post('/api/v1/namespaces', { metadata: { name: 'later' } });
    bed.cluster.compact();
    const late = await bed.admin.get(`/api/v1/namespaces?limit=1&continue=${first.body.metadata.continue}`);
    expect([late.status, late.body.reason]).toEqual([410, 'Expired']);
    const rest = await bed.admin.get(`/api/v1/namespaces?continue=${late.body.metadata.continue}`);
    expect(rest.body.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual([
      'kube-system',
      'later',
      'shop',
    ]);
  });

  test.each([
    ['pods', `${SHOP}/pods`, { spec: { containers: [{ name: 'app', image: 'app:1' }] } }],
    ['deployments', `${APPS}/deployments`, workload('Deployment', 'x')],
    ['statefulsets', `${APPS}/statefulsets`, workload('StatefulSet', 'x')],
    ['daemonsets', `${APPS}/daemonsets`, workload('DaemonSet', 'x')],
  ])('%s are chosen by sets of label values, and come as metadata only', async (_plural, collection, body) => {
    const label = (name: string, labels: object): object => ({ ...body, metadata: { name, labels } });
    await bed.admin.post(collection, label('one', { tier: 'web', old: 'yes' }));
    await bed.admin.post(collection, label('two', { tier: 'api' }));
    await bed.admin.post(collection, label('three', { tier: 'db' }));
    const names = async (selector: string): Promise<string[]> => {
      const accept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
      const query = `labelSelector=${encodeURIComponent(`tier,${selector}`)}`;
      const { body: list } = await bed.admin.get(`${collection}?${query}`, { headers: { accept } });
      expect(list.kind).toBe('PartialObjectMetadataList');
      for (const item of list.items) expect(Object.keys(item).sort()).toEqual(['apiVersion', 'kind', 'metadata']);
      return list.items.map(({ metadata }) => metadata.name).sort();
    };
    expect(await names('tier in (web, api)')).toEqual(['one', 'two']);
    expect(await names('tier notin (web,db)')).toEqual(['two']);
    expect(await names('old')).toEqual(['one']);
    expect(await names('!old')).toEqual(['three', 'two']);
    expect(await names('tier in (web,api),!old')).toEqual(['two']);
  });

  test('metadata only, as a list and as one object', async () => {
    await bed.admin.post(`${SHOP}/configmaps`, configMap('meta', { a: '1' }));
    const accept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
    const list = await bed.admin.get(`${SHOP}/configmaps?fieldSelector=metadata.name%3Dmeta`, { headers: { accept } });
    expect(list.body).toMatchObject({
      kind: 'PartialObjectMetadataList',
      apiVersion: 'meta.k8s.io/v1',
      items: [{ kind: 'PartialObjectMetadata', metadata: { name: 'meta' } }],
    });
    expect(list.body.items[0].data).toBeUndefined();
    const one = await bed.admin.get(path('meta'), {
      headers: { accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' },
    });
    expect(Object.keys(one.body).sort()).toEqual(['apiVersion', 'kind', 'metadata']);
    const neither = await bed.admin.get(path('meta'), { headers: { accept: 'application/vnd.kubernetes.protobuf' } });
    expect([neither.status, neither.body.reason]).toEqual([406, 'NotAcceptable']);
  });

  test('a resource version from the future times out', async () => {
    const answer = await bed.admin.get(`${SHOP}/configmaps?resourceVersion=999999`);
    expect([answer.status, answer.body.reason]).toEqual([504, 'Timeout']);
    expect(answer.headers['retry-after']).toBe('1');
  });
});
