import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type SidecarBed, startSidecarBed } from './bed.ts';

let bed: SidecarBed;
beforeAll(async () => {
  bed = await startSidecarBed();
});
afterAll(() => bed.stop());
beforeEach(() => bed.cluster.recorder.reset());

describe('permissions', () => {
  let pod: string;
  beforeAll(async () => {
    pod = await bed.startPod('guarded');
    await grant('reader', [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }]);
    await grant('half', [{ apiGroups: [''], resources: ['pods/exec'], verbs: ['get'] }]);
    await grant('prover', [
      { apiGroups: [''], resources: ['pods/exec'], verbs: ['get', 'create'] },
      { apiGroups: [''], resources: ['pods/proxy'], verbs: ['get'] },
    ]);
  });

  const grant = async (user: string, rules: readonly object[]): Promise<void> => {
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${bed.namespace}`;
    await bed.cluster.api.create(`${rbac}/roles`, { metadata: { name: user }, rules } as never);
    await bed.cluster.api.create(`${rbac}/rolebindings`, {
      metadata: { name: user },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: user },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
    } as never);
  };

  test.each([
    ['reader', 'get'],
    ['half', 'create'],
  ])('%s may not exec: %s is missing', async (user, verb) => {
    const answer = await bed.exec(pod, { client: await bed.connectAs(user) });
    expect([answer.httpStatus, JSON.parse(answer.body)]).toEqual([
      403,
      {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: `pods "${pod}" is forbidden: User "${user}" cannot ${verb} resource "pods/exec" in API group "" in the namespace "${bed.namespace}"`,
        reason: 'Forbidden',
        details: { name: pod, kind: 'pods' },
        code: 403,
      },
    ]);
    expect(bed.cluster.recorder.requests.map(({ status }) => status)).toEqual([403]);
  });

  test('a port of a pod needs the permission that fits the method', async () => {
    const [reader, verifier] = [await bed.connectAs('reader'), await bed.connectAs('prover')];
    const refused = await bed.fetch(`${pod}:15090`, '/stats/prometheus', { client: reader });
    expect([refused.status, JSON.parse(refused.body).message]).toEqual([
      403,
      `pods "${pod}:15090" is forbidden: User "reader" cannot get resource "pods/proxy" in API group "" in the namespace "${bed.namespace}"`,
    ]);
    expect((await bed.fetch(`${pod}:9080`, '/', { client: verifier })).status).toBe(200);
    expect((await bed.fetch(`${pod}:9080`, '/', { method: 'POST', client: verifier })).status).toBe(403);
  });

  test('whoever has them may exec, and without credentials that count nobody may', async () => {
    expect((await bed.exec(pod, { client: await bed.connectAs('prover') })).httpStatus).toBe(101);
    const stranger = { ...bed.api, headers: { authorization: 'Bearer expired' } };
    expect((await bed.exec(pod, { client: stranger })).httpStatus).toBe(401);
    expect((await bed.fetch(`${pod}:9080`, '/', { client: stranger })).status).toBe(401);
  });
});

describe('faults', () => {
  let pod: string;
  beforeAll(async () => {
    pod = await bed.startPod('struck');
  });
  const isExec = ({ path }: { path: string }): boolean => path.includes('/exec?');

  test('an answer in place of a WebSocket', async () => {
    bed.cluster.recorder.inject((request) =>
      isExec(request) ? { answer: { status: 502, headers: { 'content-type': 'text/html' }, body: '<p>' } } : undefined,
    );
    const answer = await bed.exec(pod);
    expect([answer.httpStatus, answer.body]).toEqual([502, '<p>']);
    expect(bed.cluster.recorder.requests.map(({ status }) => status)).toEqual([502]);
  });

  test.each([
    ['before', 0],
    ['after', 101],
  ] as const)('a connection that breaks %s', async (disconnect, status) => {
    bed.cluster.recorder.inject((request) => (isExec(request) ? { disconnect } : undefined));
    await expect(bed.exec(pod)).rejects.toThrow(/hang up|ECONNRESET/);
    expect(bed.cluster.recorder.requests.map((request) => request.status)).toEqual([status]);
  });

  test('what somebody else does at that moment', async () => {
    let done = false;
    bed.cluster.recorder.inject((request) =>
      isExec(request)
        ? {
            meanwhile: async () => {
              done = true;
            },
          }
        : undefined,
    );
    expect([(await bed.exec(pod)).httpStatus, done]).toEqual([101, true]);
  });

  test('they strike requests to ports as well', async () => {
    bed.cluster.recorder.inject(({ path }) => (path.includes('/proxy/') ? { answer: { status: 500 } } : undefined));
    expect((await bed.fetch(`${pod}:9080`)).status).toBe(500);
  });
});

test('dry runs and questions about permissions are no writes', async () => {
  const configMaps = `/api/v1/namespaces/${bed.namespace}/configmaps`;
  await bed.api.create(`${configMaps}?dryRun=All`, { metadata: { name: 'x' } });
  await bed.api.create('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
    spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
  } as never);
  expect(bed.cluster.recorder.writes).toEqual([]);
  await bed.api.create(configMaps, { metadata: { name: 'x' } });
  expect(bed.cluster.recorder.writes).toHaveLength(1);
});
