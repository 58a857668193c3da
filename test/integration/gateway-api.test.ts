import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pod } from '../../src/cluster/objects.ts';
import { resourcePath, WASM_PLUGIN } from '../../src/cluster/resources.ts';
import { type Api, connectApi, eventually } from '../harness/api.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { type Gateway, makeGateway } from '../harness/gateway-objects.ts';
import {
  askProxy,
  awaitGateway,
  deploymentOf,
  extensionsIn,
  gatewayPath,
  gatewayPluginsOf,
  gatewayPods,
  proxyLog,
  scaleGateway,
} from '../harness/gateways.ts';
import { UNREACHABLE_REGISTRY } from '../harness/sidecar/plugins.ts';
import { Scene } from './scene.ts';

// What stands in for istiod and its proxies where a filter is attached to a Gateway, on either cluster; no code of the product.

let cluster: TestCluster;
let through: Api;
beforeAll(async () => {
  cluster = await startTestCluster();
  through = await connectApi(cluster.recorder.kubeconfig());
});
afterAll(async () => {
  await through.close();
  await cluster.stop();
});

const LISTENERS = 'config_dump?resource=dynamic_listeners';
const IMAGE = 'oci://registry.example/a@sha256:';

/** Attaches a plugin to a Gateway, or changes it in place. */
async function attach(gateway: Gateway, spec: object = {}): Promise<string> {
  const { namespace = '', name: of } = gateway.metadata;
  const name = `add-header.${of}`;
  const plugin = {
    apiVersion: WASM_PLUGIN.apiVersion,
    kind: WASM_PLUGIN.kind,
    metadata: { name, namespace, labels: { 'deploy-wasm-filter/name': 'add-header' } },
    spec: {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: of }],
      match: [{ mode: 'CLIENT_AND_SERVER' }],
      url: `${IMAGE}1`,
      ...spec,
    },
  };
  await cluster.api.apply(resourcePath(WASM_PLUGIN, namespace, name), plugin, 'tester');
  return `extensions.istio.io/trafficextension/${namespace}.${name}~istio-translated-wasmplugin`;
}

const onlyPod = async (gateway: Gateway): Promise<Pod> => {
  const [pod, ...others] = await gatewayPods(cluster.api, gateway);
  if (pod === undefined || others.length > 0) throw new Error(`${others.length + 1} pods, not one`);
  return pod;
};
const get = async (gateway: Gateway, port = 80): Promise<[number, unknown]> => {
  const { namespace, name } = (await onlyPod(gateway)).metadata;
  const answer = await through.dispatcher.request({
    origin: through.server,
    path: `/api/v1/namespaces/${namespace}/pods/${name}:${port}/proxy/`,
    method: 'GET',
    headers: through.headers,
  });
  await answer.body.dump();
  return [answer.statusCode, answer.headers['x-filter-add-header']];
};

describe.each([
  ['istio', 'web-istio'],
  ['istio-waypoint', 'web'],
])('a Gateway of the class %s', (className, deployment) => {
  test.concurrent('gets pods, is scaled, and goes with all of them', async () => {
    const scene = await Scene.open(cluster);
    const gateway = await scene.gateway('web', { className, replicas: 2 });
    expect(gateway.status?.conditions?.map(({ type, status }) => [type, status])).toEqual([
      ['Accepted', 'True'],
      ['Programmed', 'True'],
      ['ResolvedRefs', 'True'],
    ]);
    expect(await deploymentOf(cluster.api, gateway)).toMatchObject({
      metadata: { name: deployment, ownerReferences: [{ kind: 'Gateway', name: 'web' }] },
      spec: { replicas: 2 },
    });
    const pods = await gatewayPods(cluster.api, gateway);
    expect(pods).toHaveLength(2);
    expect(pods[0]).toMatchObject({
      metadata: {
        labels: {
          'gateway.networking.k8s.io/gateway-name': 'web',
          'gateway.networking.k8s.io/gateway-class-name': className,
        },
        annotations: { 'istio.io/rev': 'default' },
      },
      spec: { containers: [{ name: 'istio-proxy', image: 'example.test/proxyv2:1.31.0' }] },
    });

    await scaleGateway(cluster.api, gateway, 3);
    await awaitGateway(cluster.api, gateway);
    expect(await gatewayPods(cluster.api, gateway)).toHaveLength(3);

    await cluster.api.delete(gatewayPath(scene.namespace, 'web'));
    await eventually('the pods to go', async () => (await gatewayPods(cluster.api, gateway)).length === 0 || undefined);
  });

  test.concurrent('has what is attached to it, and what that is replaced by', async () => {
    const scene = await Scene.open(cluster);
    const gateway = await scene.gateway('web', { className });
    const other = await scene.gateway('other', { className });
    const pod = await onlyPod(gateway);
    expect(await extensionsIn(through, pod)).toEqual([]);
    const name = await attach(gateway, { pluginConfig: { mode: 'one' } });
    expect((await gatewayPluginsOf(cluster.api, gateway)).map(({ metadata }) => metadata.name)).toEqual([
      'add-header.web',
    ]);
    expect(await extensionsIn(through, pod)).toMatchObject([
      { name, config: { config: { configuration: { value: '{ "mode": "one" }' } } } },
    ]);
    expect(await extensionsIn(through, await onlyPod(other))).toEqual([]);

    await attach(gateway, { url: `${IMAGE}2`, pluginConfig: { mode: 'two' } });
    expect(await extensionsIn(through, pod)).toMatchObject([
      {
        name,
        config: {
          config: {
            configuration: { value: '{ "mode": "two" }' },
            vm_config: { code: { local: { filename: expect.stringMatching(/\/2\.wasm$/) } } },
          },
        },
      },
    ]);
    expect(await askProxy(through, pod, LISTENERS)).toMatch(name);
    await cluster.api.delete(resourcePath(WASM_PLUGIN, scene.namespace, 'add-header.web'));
    expect(await askProxy(through, pod, LISTENERS)).not.toMatch(name);
    // Envoy has it as long as it drains the listeners that knew it.
    expect(await extensionsIn(through, pod)).toMatchObject([{ name }]);
  });

  test.concurrent('logs what it refuses and what it cannot pull', async () => {
    const scene = await Scene.open(cluster);
    const gateway = await scene.gateway('web', { className, annotations: { 'sim/refuses': 'bad' } });
    await attach(gateway, { pluginConfig: { mode: 'bad' } });
    const pod = await onlyPod(gateway);
    expect(await proxyLog(through, pod)).toMatch(
      `Unable to create Wasm plugin ${scene.namespace}.add-header.web~istio-translated-wasmplugin`,
    );
    await attach(gateway, { url: `oci://${UNREACHABLE_REGISTRY}/a@sha256:1` });
    const [extension] = await extensionsIn(through, pod);
    expect(extension?.config).toMatchObject({ rules_stat_prefix: 'wasm-default-deny' });
    const log = await proxyLog(through, pod);
    expect(log).toMatch(/no such host/);
    const at = new Date(/^(\S+)\t.*no such host/m.exec(log)?.[1] ?? '');
    expect(await proxyLog(through, pod, at)).not.toMatch('Unable to create');
    expect(await proxyLog(through, pod, new Date(at.getTime() + 1000))).toBe('');
  });
});

describe('requests to a gateway', () => {
  test.concurrent('meet what it took last, and errors where it took nothing', async () => {
    const scene = await Scene.open(cluster);
    const gateway = await scene.gateway('web', { annotations: { 'sim/refuses': 'bad' }, ports: [80, 8080] });
    expect(await get(gateway)).toEqual([200, undefined]);
    await attach(gateway, { pluginConfig: { mode: 'bad' }, match: [{ mode: 'CLIENT', ports: [{ number: 80 }] }] });
    expect([await get(gateway), await get(gateway, 8080)]).toEqual([
      [500, undefined],
      [200, undefined],
    ]);
    await attach(gateway, { pluginConfig: { mode: 'good' } });
    expect(await get(gateway)).toEqual([200, '']);
    await attach(gateway, { pluginConfig: { mode: 'bad' } });
    expect(await get(gateway)).toEqual([200, '']);
    await attach(gateway, { url: `oci://${UNREACHABLE_REGISTRY}/a@sha256:1` });
    expect(await get(gateway)).toEqual([403, undefined]);
  });
});

describe('the API server', () => {
  const CONDITION = { status: 'Unknown', reason: 'Pending', message: 'Waiting for controller' };

  test.concurrent('gives a Gateway that nobody looks after the status of its CRD', async () => {
    const { namespace } = await Scene.open(cluster);
    const made = await cluster.api.create(
      gatewayPath(namespace),
      makeGateway(namespace, 'web', { className: 'other' }),
    );
    expect(made.status).toMatchObject({
      conditions: [
        { type: 'Accepted', ...CONDITION },
        { type: 'Programmed', ...CONDITION },
      ],
    });
  });

  const TARGETS = [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' }];
  test.concurrent.each<[string, object, RegExp]>([
    ['of no image', { targetRefs: TARGETS }, /422 .*spec\.url: Required value/],
    [
      'for Gateways and for pods',
      { url: IMAGE, targetRefs: TARGETS, selector: { matchLabels: { app: 'a' } } },
      /422 .*spec: Invalid value: .*: only one of targetRefs or selector can be set/,
    ],
    [
      'in a mode that there is not',
      { url: IMAGE, targetRefs: TARGETS, match: [{ mode: 'BOTH' }] },
      /422 .*spec\.match\[0\]\.mode: Unsupported value: .*some validation rules were not checked/,
    ],
  ])('refuses a WasmPlugin %s', async (_what, spec, words) => {
    const { namespace } = await Scene.open(cluster);
    const plugin = {
      apiVersion: WASM_PLUGIN.apiVersion,
      kind: 'WasmPlugin',
      metadata: { name: 'a.web', namespace },
      spec,
    };
    await expect(cluster.api.create(resourcePath(WASM_PLUGIN, namespace), plugin)).rejects.toThrow(words);
  });
});

test('a Gateway may have no address', async () => {
  const scene = await Scene.open(cluster);
  const { status } = await scene.gateway('web', { programmed: false });
  expect(status?.conditions?.find(({ type }) => type === 'Programmed')).toMatchObject({
    status: 'False',
    reason: 'AddressNotAssigned',
  });
});

test('a CRD may seem not to be installed', async () => {
  const without = await startTestCluster(['gateways.gateway.networking.k8s.io']);
  const client = await connectApi(without.recorder.kubeconfig());
  await expect(client.text(gatewayPath('default'))).rejects.toThrow(/404 page not found/);
  await client.close();
  await without.stop();
});
