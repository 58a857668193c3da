import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Workload } from '../../src/cluster/objects.ts';
import { eventually } from '../harness/api.ts';
import { createWorkloads, pathOf } from '../harness/workloads.ts';
import { assemble } from './filters.ts';
import { APP_PORT, call, connectMesh, createApps, headerOfPods, type Mesh, makeApp, objectsOf } from './mesh.ts';

const GATEWAY_PORT = 8080;

/** Says `ready` once it is configured, on the level info. */
const TALKING = `(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "ready")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1024)
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $log (i32.const 2) (i32.const 16) (i32.const 5)))
    i32.const 1))`;

describe('settings that real proxies take', () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await connectMesh();
  });
  afterAll(() => mesh?.stop());

  test('every setting of the EnvoyFilter at once, in each place of the chain', async () => {
    const namespace = await mesh.namespace();
    const app = makeApp(namespace, 'reviews');
    await createApps(mesh, app);
    const given = { filter: mesh.filters.abi021, name: 'add-header', namespace, targets: '- deployment/reviews' };
    const settings = {
      'fail-policy': 'reload',
      'reload-backoff': '5s',
      'allow-on-headers-stop-iteration': 'true',
      environment: 'MODE: strict\nHOSTNAME: { from: proxy }',
    };
    for (const insert of ['first', 'before router', 'after envoy.filters.http.fault']) {
      const { outputs, summary } = await mesh.deploy({
        ...given,
        ...settings,
        configuration: `x-wasm: ${insert.replaceAll(' ', '-')}`,
        insert,
      });
      expect([insert, outputs.result, summary.includes('Envoy rejects')]).toEqual([insert, 'deployed', false]);
      expect(await headerOfPods(mesh, app, 'x-wasm')).toEqual([insert.replaceAll(' ', '-')]);
    }
  });

  test('a push of anything but the configuration, which the running proxies are seen to have', async () => {
    const namespace = await mesh.namespace();
    const app = makeApp(namespace, 'reviews');
    await createApps(mesh, app);
    const given = {
      filter: mesh.filters.abi021,
      name: 'add-header',
      namespace,
      targets: '- deployment/reviews',
      configuration: 'x-wasm: one',
    };
    expect((await mesh.deploy(given)).outputs).toMatchObject({ result: 'deployed', 'verified-proxies': '1' });
    const addresses = (await mesh.pods(app)).map(({ address }) => address);
    for (const change of [
      { insert: 'first' },
      { insert: 'after envoy.filters.http.fault' },
      { 'fail-policy': 'open' },
      { 'fail-policy': 'reload', 'reload-backoff': '90s' },
      { direction: 'any' },
      { direction: 'any', port: String(APP_PORT) },
      {},
    ]) {
      const { outputs, summary } = await mesh.deploy({ ...given, settings: 'push', ...change });
      expect([change, outputs.result, outputs['verified-proxies'], summary.includes('still has')]).toEqual([
        change,
        'deployed',
        '1',
        false,
      ]);
    }
    expect((await mesh.pods(app)).map(({ address }) => address)).toEqual(addresses);
    expect(await headerOfPods(mesh, app, 'x-wasm')).toEqual(['one']);
  });

  test('the level at which proxies log what a filter says, and the annotation as it was afterwards', async () => {
    const namespace = await mesh.namespace();
    const app = makeApp(namespace, 'reviews');
    await createApps(mesh, app);
    const annotations = async (): Promise<unknown> =>
      (await mesh.api.get<Workload>(pathOf(app))).spec?.template?.metadata?.annotations;
    const found = await annotations();
    const filter = join(dirname(mesh.filters.abi021), 'talking.wasm');
    await writeFile(filter, await assemble(TALKING));
    const given = { filter, name: 'talking', namespace, targets: '- deployment/reviews' };
    const said = async (): Promise<number> => {
      const [pod] = await mesh.pods(app);
      const path = `/api/v1/namespaces/${namespace}/pods/${pod?.name ?? ''}/log?container=istio-proxy`;
      return (await mesh.api.text(path)).split('wasm log').length - 1;
    };
    expect((await mesh.deploy(given)).outputs.result).toBe('deployed');
    expect(await said()).toBe(0);
    expect((await mesh.deploy({ ...given, 'log-level': 'info' })).outputs.result).toBe('deployed');
    expect(await said()).toBeGreaterThan(0);
    expect((await mesh.deploy({ name: 'talking', namespace, command: 'remove' })).outputs.result).toBe('removed');
    expect(await annotations()).toEqual(found);
  });

  test('an anchor that is not in the chain is a failure that names what is there', async () => {
    const namespace = await mesh.namespace();
    const app = makeApp(namespace, 'reviews');
    await createApps(mesh, app);
    const { outputs, summary } = await mesh.deploy({
      filter: mesh.filters.abi021,
      namespace,
      targets: '- deployment/reviews',
      configuration: 'x-wasm: one',
      insert: 'after envoy.filters.http.jwt_authn',
    });
    // The proxies that run now show it, so nothing had to be rolled back.
    expect(outputs).toMatchObject({ result: 'failed', changed: 'false', 'rolled-back': '0' });
    expect(summary).toMatch(/jwt(_|&#95;)(<wbr>)?authn/);
    expect(await objectsOf(mesh, app)).toEqual([]);
  });

  test('a gateway: mounted by its own template, seen in its answers, and taken away without a trace', async () => {
    const namespace = await mesh.namespace();
    const gateway = await createGateway(mesh, namespace);
    const untouched = (await mesh.api.get<Workload>(pathOf(gateway))).spec?.template;
    const given = {
      filter: mesh.filters.abi021,
      name: 'add-header',
      namespace,
      targets: '- deployment/ingress',
      direction: 'gateway',
    };
    for (const value of ['one', 'two']) {
      const { outputs } = await mesh.deploy({ ...given, configuration: `x-wasm: ${value}` });
      expect(outputs).toMatchObject({ result: 'deployed', 'verified-proxies': '1' });
      expect(await headerOfPods(mesh, gateway, 'x-wasm', GATEWAY_PORT)).toEqual([value]);
    }
    const refused = await mesh.deploy({ ...given, configuration: 'nonsense', check: 'off', scout: 'off' });
    expect(refused.outputs).toMatchObject({ result: 'failed', changed: 'false', 'rolled-back': '1' });
    expect(await headerOfPods(mesh, gateway, 'x-wasm', GATEWAY_PORT)).toEqual(['two']);
    const removed = await mesh.deploy({ command: 'remove', name: 'add-header', namespace });
    expect(removed.outputs).toMatchObject({ result: 'removed', removed: '1' });
    expect((await mesh.api.get<Workload>(pathOf(gateway))).spec?.template).toEqual(untouched);
    expect(await objectsOf(mesh, gateway)).toEqual([]);
  });
});

/** A gateway that Istio injects, and that answers every request itself. */
async function createGateway(mesh: Mesh, namespace: string): Promise<Workload> {
  const labels = { istio: namespace };
  const gateway = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'ingress', namespace },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: {
          labels: { ...labels, 'sidecar.istio.io/inject': 'true' },
          annotations: { 'inject.istio.io/templates': 'gateway' },
        },
        spec: {
          terminationGracePeriodSeconds: 5,
          containers: [{ name: 'istio-proxy', image: 'auto', imagePullPolicy: 'IfNotPresent' }],
        },
      },
    },
  } as unknown as Workload;
  const create = (plural: string, kind: string, spec: object): Promise<unknown> =>
    mesh.api.create(`/apis/networking.istio.io/v1/namespaces/${namespace}/${plural}`, {
      apiVersion: 'networking.istio.io/v1',
      kind,
      metadata: { name: 'ingress' },
      spec,
    } as never);
  const port = { number: GATEWAY_PORT, name: 'http', protocol: 'HTTP' };
  await create('gateways', 'Gateway', { selector: labels, servers: [{ port, hosts: ['*'] }] });
  await create('virtualservices', 'VirtualService', {
    hosts: ['*'],
    gateways: ['ingress'],
    http: [{ directResponse: { status: 200 } }],
  });
  await createWorkloads(mesh.api, gateway);
  await eventually('an answer of the gateway', async () => {
    const [pod] = await mesh.pods(gateway);
    const answer = pod && (await call(pod.address, GATEWAY_PORT).catch(() => undefined));
    return answer?.status === 200 || undefined;
  });
  return gateway;
}
