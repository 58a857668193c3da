import { afterEach, describe, expect, test } from '@jest/globals';
import type { AccessRequest, ApplyOptions, Client } from '../../../src/cluster/client.ts';
import { ApiError } from '../../../src/cluster/errors.ts';
import { CONFIG_MAP, ENVOY_FILTER, POD } from '../../../src/cluster/resources.ts';
import { WORKLOADS } from '../../harness/kinds.ts';
import { type ApiServer, type Outcome, refusal, startApiServer } from './api-server.ts';

let server: ApiServer | undefined;
afterEach(() => server?.close());

const start = async (answer: (count: number) => Outcome): Promise<ApiServer> => {
  server = await startApiServer({ answer: (_, count) => answer(count) });
  return server;
};
const replies = (value: object): Outcome => ({ status: 200, body: JSON.stringify(value) });
const bodyOf = (api: ApiServer): unknown => JSON.parse(api.seen.at(-1)?.body ?? '');

describe('a write and its rehearsal', () => {
  const object = { metadata: { name: 'add-header' }, data: { a: 'b' } };
  const apply = (options?: ApplyOptions) => (client: Client) =>
    client.apply(CONFIG_MAP, 'shop', object, ...(options === undefined ? [] : [options]));
  const patch = (options?: { dryRun?: boolean }) => (client: Client) =>
    client.mergePatch(WORKLOADS.Deployment, 'shop', 'web', { a: 1 }, ...(options === undefined ? [] : [options]));
  const APPLY = '/api/v1/namespaces/shop/configmaps/add-header?fieldManager=deploy-wasm-filter';
  const PATCH = '/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=deploy-wasm-filter';

  test.each<[string, (client: Client) => Promise<unknown>, string, object]>([
    ['apply', apply(), `${APPLY}&force=false`, { reads: 0, writes: 1 }],
    ['apply with force', apply({ force: true }), `${APPLY}&force=true`, { reads: 0, writes: 1 }],
    ['apply, dry', apply({ dryRun: true }), `${APPLY}&force=false&dryRun=All`, { reads: 1, writes: 0 }],
    [
      'apply with force, dry',
      apply({ dryRun: true, force: true }),
      `${APPLY}&force=true&dryRun=All`,
      { reads: 1, writes: 0 },
    ],
    ['patch', patch(), PATCH, { reads: 0, writes: 1 }],
    ['patch, wet', patch({ dryRun: false }), PATCH, { reads: 0, writes: 1 }],
    ['patch, dry', patch({ dryRun: true }), `${PATCH}&dryRun=All`, { reads: 1, writes: 0 }],
  ])('%s', async (_, write, path, requests) => {
    const written = { metadata: { name: 'x', resourceVersion: '2' } };
    const api = await start(() => ({
      status: 200,
      headers: { warning: '299 - "mind the gap"' },
      body: JSON.stringify(written),
    }));
    const client = api.client();
    expect(await write(client)).toEqual({ object: written, warnings: ['mind the gap'] });
    expect(api.seen).toMatchObject([{ method: 'PATCH', path }]);
    expect(client.requests).toEqual(requests);
  });
});

describe('delete', () => {
  test.each<[string, object | undefined, { dryRun?: boolean } | undefined, object, object]>([
    ['whatever it is', undefined, undefined, { preconditions: {} }, { reads: 0, writes: 1 }],
    [
      'one version of one object',
      { resourceVersion: '7', uid: 'u' },
      {},
      { preconditions: { resourceVersion: '7', uid: 'u' } },
      { reads: 0, writes: 1 },
    ],
    ['dry', { uid: 'u' }, { dryRun: true }, { preconditions: { uid: 'u' }, dryRun: ['All'] }, { reads: 1, writes: 0 }],
  ])('%s', async (_, preconditions, options, body, requests) => {
    const api = await start(() => replies({ kind: 'Status', status: 'Success' }));
    const client = api.client();
    expect(await client.delete(ENVOY_FILTER, 'shop', 'add-header', preconditions, options)).toBe(true);
    expect(api.seen).toMatchObject([
      {
        method: 'DELETE',
        path: '/apis/networking.istio.io/v1alpha3/namespaces/shop/envoyfilters/add-header',
        headers: { 'content-type': 'application/json' },
      },
    ]);
    expect(bodyOf(api)).toEqual({ apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background', ...body });
    expect(client.requests).toEqual(requests);
  });

  test('what is not there', async () => {
    const api = await start(() => refusal(404, 'NotFound', 'configmaps "a" not found'));
    expect(await api.client().delete(CONFIG_MAP, 'shop', 'a')).toBe(false);
  });

  test.each([
    refusal(409, 'Conflict', 'Precondition failed: UID in precondition: a, UID in object meta: b'),
    refusal(403, 'Forbidden', 'configmaps "a" is forbidden'),
  ])('a refusal is an ApiError: %j', async (reply) => {
    const api = await start(() => reply);
    const error = await api
      .client()
      .delete(CONFIG_MAP, 'shop', 'a', { uid: 'a' })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: reply.status, verb: 'delete' });
    expect(api.seen).toHaveLength(1);
  });

  test('goes again after a passing failure', async () => {
    const api = await start((count) => (count === 1 ? { status: 503 } : replies({})));
    expect(await api.client().delete(CONFIG_MAP, 'shop', 'a')).toBe(true);
    expect(api.seen).toHaveLength(2);
  });
});

test.each<[AccessRequest, object]>([
  [
    { verb: 'patch', resource: WORKLOADS.Deployment, namespace: 'shop' },
    { verb: 'patch', group: 'apps', resource: 'deployments', namespace: 'shop' },
  ],
  [
    { verb: 'create', resource: POD, subresource: 'exec', namespace: 'shop', name: 'web-1' },
    { verb: 'create', group: '', resource: 'pods', subresource: 'exec', namespace: 'shop', name: 'web-1' },
  ],
])('the permission to %j is asked for until the answer is yes', async (permission, resourceAttributes) => {
  const api = await start((count) => replies({ status: { allowed: count === 2 } }));
  const client = api.client();
  expect(await client.isAllowed(permission)).toBe(false);
  expect(bodyOf(api)).toMatchObject({ kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } });
  expect(bodyOf(api)).toHaveProperty('spec.resourceAttributes', resourceAttributes);
  expect(await client.isAllowed(permission)).toBe(true);
  expect(await client.during('cleaning up').isAllowed(permission)).toBe(true);
  expect(client.requests).toEqual({ reads: 2, writes: 0 });
});
