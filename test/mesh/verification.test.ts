import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Workload } from '../../src/cluster/objects.ts';
import { parseListeners } from '../../src/mesh/proxy/config-dump.ts';
import { eventually } from '../harness/api.ts';
import { rulesOf, without } from '../harness/permission-files.ts';
import { pathOf } from '../harness/workloads.ts';
import { connectMesh, createApps, headerOfPods, httpFiltersOf, type Mesh, makeApp, objectsOf } from './mesh.ts';
import { kubeconfigFor } from './user.ts';

const WITH_PROXY = without('pods/exec', rulesOf('deploy'));
const WITHOUT = without('pods/proxy', WITH_PROXY);

describe('verification in real proxies', () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await connectMesh();
  });
  afterAll(() => mesh?.stop());

  const verificationOf = (outputs: Readonly<Record<string, string>>): unknown =>
    JSON.parse(outputs.targets ?? '[]')[0]?.verification;

  test('every proxy has the filter in its listener, and each pod answers the probe', async () => {
    const namespace = await mesh.namespace();
    const app = makeApp(namespace, 'reviews', { replicas: 2 });
    await createApps(mesh, app);
    const given = {
      filter: mesh.filters.abi021,
      namespace,
      targets: '- deployment/reviews',
      configuration: 'x-wasm: one',
    };
    const probe = '{ path: /, port: 9080, expect: { status: 200, headers: { x-wasm: one }, body: hello } }';
    const { outputs } = await mesh.deploy({ ...given, probe });
    expect(outputs).toMatchObject({ result: 'deployed', 'verified-proxies': '2' });
    expect(verificationOf(outputs)).toMatchObject({ level: 'listener', pods: 2, wanted: 2 });

    const wrong = await mesh.deploy({ ...given, configuration: 'x-wasm: two', probe });
    expect(wrong.outputs).toMatchObject({ result: 'failed', 'rolled-back': '1', changed: 'false' });
    expect(wrong.summary).toMatch(/instead of ("|&quot;)one/);
    expect(new Set(await headerOfPods(mesh, app, 'x-wasm'))).toEqual(new Set(['one']));
  });

  test('with fewer permissions the evidence is weaker, and the run says so; "required" refuses before the first write', async () => {
    const namespace = await mesh.namespace();
    await createApps(mesh, makeApp(namespace, 'stats'), makeApp(namespace, 'ready'));
    const given = { filter: mesh.filters.abi021, namespace, configuration: 'x-wasm: one' };
    const [withProxy, without] = await Promise.all([
      kubeconfigFor(mesh, namespace, 'with-proxy', WITH_PROXY),
      kubeconfigFor(mesh, namespace, 'without', WITHOUT),
    ]);
    const stats = await mesh.deploy({ ...given, name: 'a', kubeconfig: withProxy, targets: '- deployment/stats' });
    expect(verificationOf(stats.outputs)).toMatchObject({ level: 'stats', pods: 1 });
    const ready = await mesh.deploy({ ...given, name: 'b', kubeconfig: without, targets: '- deployment/ready' });
    expect(verificationOf(ready.outputs)).toMatchObject({ level: 'ready', pods: 1 });
    expect(ready.summary).toContain('is not allowed to exec into pods');
    const refused = await mesh.deploy({
      ...given,
      name: 'c',
      kubeconfig: without,
      targets: '- deployment/ready',
      verify: 'required',
    });
    expect(refused.outputs).toMatchObject({ result: 'failed', changed: 'false' });
    expect(refused.summary).toMatch(/cannot create and get pods\/exec/);
  });

  test.each<[string, (namespace: string) => Workload, Readonly<Record<string, string>>, RegExp]>([
    ['a port that is not there', (namespace) => makeApp(namespace, 'app'), { port: '9999' }, /port 9999.*9080/],
    [
      'a Service that declares its only port as TCP',
      (namespace) => makeApp(namespace, 'app', { protocol: 'tcp' }),
      {},
      /TCP/,
    ],
    [
      'pods that opt out of injection',
      (namespace) => makeApp(namespace, 'app', { podLabels: { 'sidecar.istio.io/inject': 'false' } }),
      {},
      /sidecar\.istio\.io\/inject/,
    ],
  ])('no effect is a failure: %s', async (_case, make, inputs, reason) => {
    const namespace = await mesh.namespace();
    const app = make(namespace);
    await createApps(mesh, app);
    const before = (await mesh.api.get<Workload>(pathOf(app))).spec?.template;
    const { outputs, summary } = await mesh.deploy({
      filter: mesh.filters.abi021,
      namespace,
      targets: '- deployment/app',
      configuration: 'x-wasm: none',
      ...inputs,
    });
    expect(outputs).toMatchObject({ result: 'failed', changed: 'false' });
    expect(summary.replaceAll('\n', ' ')).toMatch(reason);
    expect((await mesh.api.get<Workload>(pathOf(app))).spec?.template).toEqual(before);
    expect(await objectsOf(mesh, app)).toEqual([]);
  });

  test.each([
    ['no label that turns injection on', {}, /no label that turns injection on/],
    ['ambient mode', { 'istio.io/dataplane-mode': 'ambient' }, /ambient/],
  ])('no effect is a failure: a namespace with %s', async (_case, labels, reason) => {
    const namespace = await mesh.namespace(labels);
    const app = makeApp(namespace, 'app');
    await createApps(mesh, app);
    const { outputs, summary } = await mesh.deploy({
      filter: mesh.filters.abi021,
      namespace,
      targets: '- deployment/app',
      configuration: 'x-wasm: none',
    });
    expect(outputs).toMatchObject({ result: 'failed', changed: 'false' });
    expect(summary).toMatch(reason);
    expect(await objectsOf(mesh, app)).toEqual([]);
  });

  test('no effect is a failure: ports outside of what the sidecar captures, as requests show', async () => {
    const namespace = await mesh.namespace();
    const podAnnotations = { 'traffic.sidecar.istio.io/excludeInboundPorts': '9080' };
    const app = makeApp(namespace, 'app', { podAnnotations });
    await createApps(mesh, app);
    const given = { filter: mesh.filters.abi021, namespace, targets: '- deployment/app', configuration: 'x-wasm: one' };
    const refused = await mesh.deploy({ ...given, port: '9080' });
    expect(refused.outputs).toMatchObject({ result: 'failed', changed: 'false' });
    expect(refused.summary.replaceAll('\n', ' ')).toContain('excludeInboundPorts');
    expect(await objectsOf(mesh, app)).toEqual([]);
    // Told not to look, the run puts it there: it stands in the listener, and no answer has its header.
    expect((await mesh.deploy({ ...given, port: '9080', verify: 'off' })).outputs).toMatchObject({
      result: 'deployed',
    });
    expect((await httpFiltersOf(mesh, app, 9080)).flat()).toContain('add-header');
    expect(await headerOfPods(mesh, app, 'x-wasm')).toEqual([undefined]);
  });

  test('a probe that strict mutual TLS refuses is said before the first write; the listeners need none', async () => {
    const namespace = await mesh.namespace();
    const app = makeApp(namespace, 'app');
    await createApps(mesh, app);
    const policy = {
      apiVersion: 'security.istio.io/v1',
      kind: 'PeerAuthentication',
      metadata: { name: 'strict' },
      spec: { mtls: { mode: 'STRICT' } },
    };
    await mesh.api.create(`/apis/security.istio.io/v1/namespaces/${namespace}/peerauthentications`, policy as never);
    await eventually('strict mutual TLS', async () => {
      const [dump = ''] = await mesh.askProxies(app, 'config_dump?resource=dynamic_listeners');
      const listeners = parseListeners(dump);
      const inbound = (listeners.ok ? listeners.value : []).filter(({ direction }) => direction === 'inbound');
      const chains = inbound.flatMap(({ active }) => active.filter(({ port }) => port === 9080));
      return (chains.length > 0 && chains.every(({ plaintext }) => !plaintext)) || undefined;
    });
    const given = { filter: mesh.filters.abi021, namespace, targets: '- deployment/app', configuration: 'x-wasm: one' };
    const refused = await mesh.deploy({ ...given, probe: '{ path: /, port: 9080 }' });
    expect(refused.outputs).toMatchObject({ result: 'failed', changed: 'false' });
    expect(refused.summary.replaceAll('\n', ' ')).toContain('only mutual TLS on port 9080');
    expect(await objectsOf(mesh, app)).toEqual([]);
    expect(verificationOf((await mesh.deploy(given)).outputs)).toMatchObject({ level: 'listener', pods: 1 });
  });
});
