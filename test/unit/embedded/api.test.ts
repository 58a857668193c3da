import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Agent, request } from 'undici';
import { startEmbeddedCluster } from '../../embedded/index.ts';
import { configMap, FILTERS, SHOP, startBed, type TestBed } from './support.ts';

let bed: TestBed;
beforeAll(async () => {
  bed = await startBed();
});
afterAll(() => bed.stop());

const path = (name: string, query = ''): string => `${SHOP}/configmaps/${name}${query}`;

describe('create, read, update, delete', () => {
  test('a created object has what the server gives it', async () => {
    const made = await bed.admin.post(`${SHOP}/configmaps`, configMap('new', { a: '1' }));
    expect(made.status).toBe(201);
    expect(made.body.metadata).toMatchObject({
      name: 'new',
      namespace: 'shop',
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      resourceVersion: expect.stringMatching(/^\d+$/),
      creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
    expect(made.body.metadata.generation).toBeUndefined();
    expect((await bed.admin.get(path('new'))).body).toEqual(made.body);
  });

  test('what exists cannot be created again', async () => {
    await bed.admin.post(`${SHOP}/configmaps`, configMap('twice'));
    const again = await bed.admin.post(`${SHOP}/configmaps`, configMap('twice'));
    expect(again.status).toBe(409);
    expect(again.body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'configmaps "twice" already exists',
      reason: 'AlreadyExists',
      details: { name: 'twice', kind: 'configmaps' },
      code: 409,
    });
  });

  test('generateName adds five characters', async () => {
    const made = await bed.admin.post(`${SHOP}/configmaps`, { metadata: { generateName: 'g-' } });
    expect(made.body.metadata.name).toMatch(/^g-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  test('what is absent is not found', async () => {
    const missing = await bed.admin.get('/apis/apps/v1/namespaces/shop/deployments/none');
    expect([missing.status, missing.body.message, missing.body.details]).toEqual([
      404,
      'deployments.apps "none" not found',
      { name: 'none', group: 'apps', kind: 'deployments' },
    ]);
  });

  test('a namespace that is absent cannot be written to, and lists nothing', async () => {
    const refused = await bed.admin.post('/api/v1/namespaces/none/configmaps', configMap('a'));
    expect([refused.status, refused.body.message]).toEqual([404, 'namespaces "none" not found']);
    const listed = await bed.admin.get('/api/v1/namespaces/none/configmaps');
    expect([listed.status, listed.body.items]).toEqual([200, []]);
  });

  test('an update needs the present resource version when it names one', async () => {
    const made = await bed.admin.post(`${SHOP}/configmaps`, configMap('lock', { a: '1' }));
    const changed = await bed.admin.call('PUT', path('lock'), { ...made.body, data: { a: '2' } });
    expect([changed.status, changed.body.data]).toEqual([200, { a: '2' }]);
    const late = await bed.admin.call('PUT', path('lock'), { ...made.body, data: { a: '3' } });
    expect(late.status).toBe(409);
    expect(late.body).toMatchObject({
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on configmaps "lock": the object has been modified; please apply your changes to the latest version and try again',
      details: { name: 'lock', kind: 'configmaps' },
    });
    const blind = await bed.admin.call('PUT', path('lock'), configMap('lock', { a: '4' }));
    expect([blind.status, blind.body.data]).toEqual([200, { a: '4' }]);
  });

  test('a merge patch with a resource version is an optimistic lock too', async () => {
    const made = await bed.admin.post(`${SHOP}/configmaps`, configMap('merge', { a: '1', b: '2' }));
    const version = made.body.metadata.resourceVersion;
    const first = await bed.admin.merge(path('merge'), { metadata: { resourceVersion: version }, data: { a: null } });
    expect([first.status, first.body.data]).toEqual([200, { b: '2' }]);
    const second = await bed.admin.merge(path('merge'), { metadata: { resourceVersion: version }, data: { c: '3' } });
    expect([second.status, second.body.reason]).toEqual([409, 'Conflict']);
  });

  test('a write that changes nothing keeps the resource version', async () => {
    const made = await bed.admin.post(`${SHOP}/configmaps`, configMap('still', { a: '1' }));
    const same = await bed.admin.merge(path('still'), { data: { a: '1' } });
    expect(same.body).toEqual(made.body);
  });

  test('delete answers a Status with the uid, and honours preconditions', async () => {
    const made = await bed.admin.post(`${SHOP}/configmaps`, configMap('end'));
    const refused = await bed.admin.delete(path('end'), { preconditions: { uid: 'other' } });
    expect([refused.status, refused.body.reason]).toEqual([409, 'Conflict']);
    expect(refused.body.message).toMatch(
      /^Operation cannot be fulfilled on ConfigMap "end": the UID in the precondition \(other\) does not match the UID in record \(\S+\)\. The object might have been deleted and then recreated$/,
    );
    const stale = await bed.admin.delete(path('end'), {
      preconditions: { resourceVersion: '1' },
      propagationPolicy: 'Background',
    });
    expect([stale.status, stale.body.reason]).toEqual([409, 'Conflict']);
    expect(stale.body.message).toMatch(
      /: the ResourceVersion in the precondition \(1\) does not match the ResourceVersion in record \(\d+\)\. The object might have been modified$/,
    );
    const gone = await bed.admin.delete(path('end'));
    expect(gone.body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'end', kind: 'configmaps', uid: made.body.metadata.uid },
    });
    expect((await bed.admin.delete(path('end'))).status).toBe(404);
  });

  test('a finalizer keeps a deleted object until it is taken off', async () => {
    await bed.admin.post(`${SHOP}/configmaps`, {
      ...configMap('held'),
      metadata: { name: 'held', finalizers: ['example.com/hold'] },
    });
    const marked = await bed.admin.delete(path('held'));
    expect(marked.body.metadata.deletionTimestamp).toBeDefined();
    expect((await bed.admin.get(path('held'))).status).toBe(200);
    await bed.admin.merge(path('held'), { metadata: { finalizers: null } });
    expect((await bed.admin.get(path('held'))).status).toBe(404);
  });

  test('deletecollection removes what its selector matches', async () => {
    for (const name of ['c1', 'c2'])
      await bed.admin.post(`${SHOP}/configmaps`, { ...configMap(name), metadata: { name, labels: { sweep: 'yes' } } });
    const swept = await bed.admin.delete(`${SHOP}/configmaps?labelSelector=sweep%3Dyes`);
    expect([swept.status, swept.body.items.length]).toEqual([200, 2]);
    expect((await bed.admin.get(`${SHOP}/configmaps?labelSelector=sweep`)).body.items).toEqual([]);
  });

  test('patch types the server does not know are refused', async () => {
    await bed.admin.post(`${SHOP}/configmaps`, configMap('types'));
    const refused = await bed.admin.call('PATCH', path('types'), {}, { type: 'application/json' });
    expect([refused.status, refused.body.reason]).toEqual([415, 'UnsupportedMediaType']);
  });

  test('a strategic merge patch merges containers by name, and is refused for custom resources', async () => {
    const type = 'application/strategic-merge-patch+json';
    const pod = {
      metadata: { name: 'smp' },
      spec: {
        containers: [
          { name: 'a', image: 'a:1' },
          { name: 'b', image: 'b:1' },
        ],
      },
    };
    await bed.admin.post(`${SHOP}/pods`, pod);
    const patched = await bed.admin.call(
      'PATCH',
      `${SHOP}/pods/smp`,
      { spec: { containers: [{ name: 'b', image: 'b:2' }] } },
      { type },
    );
    expect(patched.body.spec.containers.map(({ image }: { image: string }) => image)).toEqual(['a:1', 'b:2']);
    expect((await bed.admin.call('PATCH', `${FILTERS}/none`, {}, { type })).status).toBe(415);
  });

  test('a body above 3 MiB is refused', async () => {
    const refused = await bed.admin.post(`${SHOP}/configmaps`, configMap('big', { a: 'x'.repeat(3 * 1024 * 1024) }));
    expect([refused.status, refused.body.reason]).toEqual([413, 'RequestEntityTooLarge']);
  });
});

describe('the server', () => {
  test('only TLS with its own authority, only with a token', async () => {
    await expect(request(`${bed.cluster.server}/version`)).rejects.toThrow(/certificate/);
    const agent = new Agent({ connect: { ca: bed.cluster.caPem } });
    for (const headers of [{}, { authorization: 'Bearer wrong' }]) {
      const answer = await request(`${bed.cluster.server}/version`, { dispatcher: agent, headers });
      expect(answer.statusCode).toBe(401);
      expect(await answer.body.json()).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'Unauthorized',
        reason: 'Unauthorized',
        code: 401,
      });
    }
    await agent.destroy();
  });

  test('without Istio its path is not found, in plain text', async () => {
    const plain = await startBed({ istio: false });
    const answer = await plain.admin.get(FILTERS);
    expect([answer.status, answer.body]).toEqual([404, '404 page not found\n']);
    const definition = await plain.admin.get(
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/envoyfilters.networking.istio.io',
    );
    expect(definition.status).toBe(404);
    await plain.stop();
    const present = await bed.admin.get(
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/envoyfilters.networking.istio.io',
    );
    expect(present.body.spec.names.kind).toBe('EnvoyFilter');
  });

  test('discovery, version and health', async () => {
    expect((await bed.admin.get('/version')).body).toMatchObject({ major: '1', minor: '34' });
    expect((await bed.admin.get('/readyz')).body).toBe('ok');
    const groups = (await bed.admin.get('/apis')).body.groups.map((group: { name: string }) => group.name);
    expect(groups).toEqual(expect.arrayContaining(['apps', 'networking.istio.io', 'rbac.authorization.k8s.io']));
    expect((await bed.admin.get('/apis/apps/v1')).body.resources.map((item: { name: string }) => item.name)).toContain(
      'deployments/status',
    );
  });

  test('two clusters run side by side', async () => {
    const other = await startEmbeddedCluster();
    expect(other.server).not.toBe(bed.cluster.server);
    expect(other.caPem).not.toBe(bed.cluster.caPem);
    await other.stop();
  });
});
