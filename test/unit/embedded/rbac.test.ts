import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Client, configMap, FILTERS, SHOP, startBed, type TestBed } from './support.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const REVIEW = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

let bed: TestBed;
let bob: Client;
beforeAll(async () => {
  bed = await startBed();
  bob = bed.as('bob');
  const rules = [
    { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'patch', 'watch', 'list'] },
    { apiGroups: [''], resources: ['configmaps'], verbs: ['create'], resourceNames: [] },
    { apiGroups: [''], resources: ['secrets'], resourceNames: ['mine'], verbs: ['*'] },
    { apiGroups: [''], resources: ['pods/log', 'pods/proxy'], verbs: ['get'] },
    { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
  ];
  await bed.admin.post(`${RBAC}/namespaces/shop/roles`, { metadata: { name: 'writer' }, rules });
  await bind('rolebindings', 'writer', { kind: 'Role', name: 'writer' }, [{ kind: 'User', name: 'bob' }]);
  await bind('rolebindings', 'admins', { kind: 'ClusterRole', name: 'cluster-admin' }, [
    { kind: 'Group', name: 'ops' },
  ]);
  await bind('rolebindings', 'robot', { kind: 'Role', name: 'writer' }, [
    { kind: 'ServiceAccount', name: 'robot', namespace: 'shop' },
  ]);
  await bind('rolebindings', 'broken', { kind: 'Role', name: 'absent' }, [{ kind: 'User', name: 'eve' }]);
});
afterAll(() => bed.stop());

async function bind(
  plural: string,
  name: string,
  role: { kind: string; name: string },
  subjects: object[],
): Promise<void> {
  const made = await bed.admin.post(`${RBAC}/namespaces/shop/${plural}`, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', ...role },
    subjects,
  });
  expect(made.status).toBe(201);
}

describe('authorization', () => {
  test.each([
    ['get', `${SHOP}/configmaps/x`, 404],
    ['list', `${SHOP}/configmaps`, 200],
    ['secret by name', `${SHOP}/secrets/mine`, 404],
    ['list of one secret by name', `${SHOP}/secrets?fieldSelector=metadata.name%3Dmine`, 200],
    ['all secrets', `${SHOP}/secrets`, 403],
    ['other secret', `${SHOP}/secrets/other`, 403],
    ['its own namespace', SHOP, 200],
    ['another namespace', '/api/v1/namespaces/default', 403],
    ['all namespaces', '/api/v1/configmaps', 403],
    ['log of a pod', `${SHOP}/pods/p/log`, 404],
    ['pod', `${SHOP}/pods/p`, 403],
    ['a port of a pod', `${SHOP}/pods/p:15090/proxy/stats`, 404],
    ['exec in a pod', `${SHOP}/pods/p/exec?container=app&command=ls`, 403],
    ['version', '/version', 200],
    ['readyz', '/readyz', 200],
    ['metrics', '/metrics', 403],
  ])('reading %s answers %s %i', async (_what, path, status) => {
    expect((await bob.get(path)).status).toBe(status);
  });

  test.each([
    [
      'GET',
      `${SHOP}/pods`,
      'pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "shop"',
    ],
    [
      'GET',
      `${SHOP}/pods?watch=true`,
      'pods is forbidden: User "bob" cannot watch resource "pods" in API group "" in the namespace "shop"',
    ],
    [
      'DELETE',
      `${SHOP}/configmaps/a`,
      'configmaps "a" is forbidden: User "bob" cannot delete resource "configmaps" in API group "" in the namespace "shop"',
    ],
    [
      'PATCH',
      '/apis/apps/v1/namespaces/shop/deployments/web',
      'deployments.apps "web" is forbidden: User "bob" cannot patch resource "deployments" in API group "apps" in the namespace "shop"',
    ],
    [
      'GET',
      FILTERS,
      'envoyfilters.networking.istio.io is forbidden: User "bob" cannot list resource "envoyfilters" in API group "networking.istio.io" in the namespace "shop"',
    ],
    [
      'GET',
      '/api/v1/nodes',
      'nodes is forbidden: User "bob" cannot list resource "nodes" in API group "" at the cluster scope',
    ],
    [
      'GET',
      `${SHOP}/pods/p/exec?command=ls`,
      'pods "p" is forbidden: User "bob" cannot get resource "pods/exec" in API group "" in the namespace "shop"',
    ],
    [
      'POST',
      `${SHOP}/pods/p:9080/proxy/orders`,
      'pods "p:9080" is forbidden: User "bob" cannot create resource "pods/proxy" in API group "" in the namespace "shop"',
    ],
    ['GET', '/metrics', 'forbidden: User "bob" cannot get path "/metrics"'],
  ] as const)('%s %s says why', async (method, path, message) => {
    const answer = await bob.call(method, path);
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ reason: 'Forbidden', message, code: 403 });
  });

  test('an apply that would create needs create as well', async () => {
    const patcher = bed.as('patcher');
    await bed.admin.post(`${RBAC}/namespaces/shop/roles`, {
      metadata: { name: 'patch-only' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['patch'] }],
    });
    await bind('rolebindings', 'patch-only', { kind: 'Role', name: 'patch-only' }, [{ kind: 'User', name: 'patcher' }]);
    const refused = await patcher.apply(`${SHOP}/configmaps/fresh?fieldManager=x`, configMap('fresh'));
    expect(refused.body.message).toBe(
      'configmaps "fresh" is forbidden: User "patcher" cannot create resource "configmaps" in API group "" in the namespace "shop"',
    );
    expect((await bob.apply(`${SHOP}/configmaps/fresh?fieldManager=x`, configMap('fresh'))).status).toBe(201);
    expect(
      (await patcher.apply(`${SHOP}/configmaps/fresh?fieldManager=x`, configMap('fresh', { a: '1' }))).status,
    ).toBe(200);
  });

  test('a service account and an impersonated group have what is bound to them', async () => {
    const robot = bed.as('system:serviceaccount:shop:robot');
    expect((await robot.get(`${SHOP}/configmaps`)).status).toBe(200);
    const impersonate = { headers: { 'impersonate-user': 'carol', 'impersonate-group': 'ops' } };
    expect((await bed.admin.get(`${SHOP}/pods`, impersonate)).status).toBe(200);
    expect((await bed.admin.get('/api/v1/pods', impersonate)).status).toBe(403);
    const refused = await bob.get(`${SHOP}/configmaps`, impersonate);
    expect(refused.body.message).toBe(
      'users "carol" is forbidden: User "bob" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
  });

  test('a binding to a role that is not there is named', async () => {
    const refused = await bed.as('eve').get(`${SHOP}/pods`);
    expect(refused.body.message).toMatch(/: RBAC: role\.rbac\.authorization\.k8s\.io "absent" not found$/);
  });
});

describe('access review', () => {
  const review = (resourceAttributes: object) => ({
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes },
  });

  test.each([
    [{ namespace: 'shop', verb: 'patch', resource: 'configmaps' }, true],
    [{ namespace: 'shop', verb: 'delete', resource: 'configmaps' }, false],
    [{ namespace: 'default', verb: 'patch', resource: 'configmaps' }, false],
    [{ verb: 'patch', resource: 'configmaps' }, false],
    [{ namespace: 'shop', verb: 'patch', group: 'apps', resource: 'configmaps' }, false],
    [{ namespace: 'shop', verb: 'get', resource: 'secrets', name: 'mine' }, true],
    [{ namespace: 'shop', verb: 'get', resource: 'secrets' }, false],
    [{ namespace: 'shop', verb: 'get', resource: 'pods', subresource: 'log' }, true],
    [{ namespace: 'shop', verb: 'get', resource: 'pods', subresource: 'proxy', name: 'p:15090' }, true],
    [{ namespace: 'shop', verb: 'create', resource: 'pods', subresource: 'proxy' }, false],
    [{ namespace: 'shop', verb: 'create', resource: 'pods', subresource: 'exec' }, false],
  ])('bob may %j: %s', async (attributes, allowed) => {
    const answer = await bob.post(REVIEW, review(attributes));
    expect([answer.status, answer.body.status.allowed]).toEqual([201, allowed]);
  });

  test('the reason names the binding', async () => {
    const answer = await bob.post(REVIEW, review({ namespace: 'shop', verb: 'list', resource: 'configmaps' }));
    expect(answer.body.status.reason).toBe('RBAC: allowed by RoleBinding "writer/shop" of Role "writer" to User "bob"');
    expect((await bed.admin.post(REVIEW, review({ verb: '*', resource: '*', group: '*' }))).body.status).toEqual({
      allowed: true,
    });
  });

  describe('of somebody else', () => {
    const OTHERS = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    const patch = { namespace: 'shop', verb: 'patch', resource: 'configmaps' };

    test.each([
      [{ user: 'bob' }, true],
      [{ user: 'eve' }, false],
      [{ user: 'carol', groups: ['ops'] }, true],
      [{ groups: ['ops'] }, true],
    ])('%j may patch: %s', async (subject, allowed) => {
      const answer = await bed.admin.post(OTHERS, { spec: { ...subject, resourceAttributes: patch } });
      expect([answer.status, answer.body.status.allowed]).toEqual([201, allowed]);
    });

    test('is not for everybody to ask', async () => {
      const refused = await bob.post(OTHERS, { spec: { user: 'eve', resourceAttributes: patch } });
      expect([refused.status, refused.body.message]).toEqual([
        403,
        'subjectaccessreviews.authorization.k8s.io is forbidden: User "bob" cannot create resource "subjectaccessreviews" in API group "authorization.k8s.io" at the cluster scope',
      ]);
    });

    test('names somebody and something', async () => {
      const empty = await bed.admin.post(OTHERS, { spec: {} });
      expect([empty.status, empty.body.details.causes.map(({ field }) => field)]).toEqual([
        422,
        ['spec.resourceAttributes', 'spec.user'],
      ]);
    });
  });
});
