import { expect, test } from '@jest/globals';
import { silentLog } from '../../../../src/base/log.ts';
import type { Permission } from '../../../../src/base/permission.ts';
import type { Client } from '../../../../src/cluster/client.ts';
import { ApiError } from '../../../../src/cluster/errors.ts';
import type { Pod } from '../../../../src/cluster/objects.ts';
import type { DeployContext } from '../../../../src/deploy/context.ts';
import type { Probe } from '../../../../src/deploy/probe.ts';
import { probePods } from '../../../../src/deploy/verify/probe-pods.ts';
import { Verifier } from '../../../../src/deploy/verify/verifier.ts';
import { mountedRevision } from '../../../../src/mesh/identity/revision.ts';
import { refOf, revision, workload } from '../../builders.ts';

const REF = refOf('shop/deploy/reviews');
const REVISION = revision();
const USER = 'system:serviceaccount:ci:deployer';
const PROBE: Probe = { port: 80, method: 'POST', path: '/', headers: {}, expect: { status: [200], headers: {} } };
/** A ready pod with the filter in it. */
const POD: Pod = {
  metadata: {
    name: 'reviews-0',
    labels: { 'deploy-wasm-filter/add-header': REVISION.id, 'pod-template-hash': '7f' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'reviews-7f', controller: true }],
  } as Pod['metadata'],
  spec: {
    containers: [{ name: 'istio-proxy', volumeMounts: [{ name: 'wasm-filter-add-header', mountPath: '/x' }] }],
  } as NonNullable<Pod['spec']>,
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
};

const onPods = (verb: string, subresource = ''): Permission => ({
  verb,
  group: '',
  resource: `pods${subresource}`,
  namespace: 'shop',
});

/** A run whose user may list pods, if `lists`, and nothing else. */
function context(lists = true): DeployContext {
  const refuse = async (): Promise<never> => {
    const message = `pods is forbidden: User "${USER}" cannot create resource "pods/proxy" in API group "" in the namespace "shop"`;
    throw new ApiError('create', '/', 403, { reason: 'Forbidden', message });
  };
  const client: Client = {
    during: () => client,
    list: lists ? async () => ({ items: [POD] }) : refuse,
    ...Object.fromEntries(['exec', 'requestPod', 'podLog', 'get'].map((call) => [call, refuse])),
    patience: { waited: () => undefined },
  } as unknown as Client;
  return { client, log: silentLog, signal: new AbortController().signal, now: () => 0, date: () => new Date(0) };
}

test('a probe that may not be sent carries the permission, and who lacks it', async () => {
  expect(await probePods(PROBE, [POD], REF, context())).toMatchObject({
    kind: 'permission',
    permission: onPods('create', '/proxy'),
    user: USER,
  });
});

test.each<[string, boolean, Permission]>([
  ['pods may not be listed', false, onPods('list')],
  ['proxies may not be looked into', true, onPods('create', '/exec')],
])('what cannot be verified because %s carries the permission', async (_, lists, permission) => {
  const verifier = new Verifier(context(lists), { verify: 'required' });
  const target = {
    ref: REF,
    observed: workload('reviews'),
    revisions: [{ revision: REVISION, podRevision: mountedRevision(REVISION) }],
  };
  const { problem } = await verifier.verify(target, 1);
  expect(problem).toMatchObject({ kind: 'verification', permission });
});
