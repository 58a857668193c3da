import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Workload } from '../../src/cluster/objects.ts';
import { pathOf } from '../harness/workloads.ts';
import { connectMesh, createApps, headerOfPods, type Mesh, makeApp, objectsOf } from './mesh.ts';
import { createConfigMapByHand, createEnvoyFilterByHand, mountsByHand } from './unmanaged.ts';

describe('a filter in real sidecars', () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await connectMesh();
  });
  afterAll(() => mesh?.stop());

  test('the four steps give the header with the configured value, in every pod of every kind', async () => {
    const namespace = await mesh.namespace();
    const apps = [
      makeApp(namespace, 'reviews', { replicas: 2 }),
      makeApp(namespace, 'ratings', { kind: 'StatefulSet' }),
      makeApp(namespace, 'logs', { kind: 'DaemonSet' }),
    ];
    await createApps(mesh, ...apps);
    const given = {
      filter: mesh.filters.abi021,
      namespace,
      targets: '- deployment/reviews\n- statefulset/ratings\n- daemonset/logs',
      configuration: 'x-wasm: one',
    };
    const first = await mesh.deploy(given);
    expect(first.stdout).toContain('✅');
    expect(first.outputs).toMatchObject({ result: 'deployed', deployed: '3' });
    for (const app of apps) expect(new Set(await headerOfPods(mesh, app, 'x-wasm'))).toEqual(new Set(['one']));
    expect(await headerOfPods(mesh, apps[0] as Workload, 'x-wasm')).toHaveLength(2);

    const again = await mesh.deploy(given);
    expect(again.outputs).toMatchObject({ result: 'unchanged', changed: 'false' });

    const configured = await mesh.deploy({ ...given, configuration: 'x-wasm: two' });
    expect(configured.outputs).toMatchObject({ result: 'deployed' });
    for (const app of apps) expect(new Set(await headerOfPods(mesh, app, 'x-wasm'))).toEqual(new Set(['two']));

    // Other code under the same name: the old header is gone, the new one there.
    const recoded = await mesh.deploy({
      ...given,
      filter: mesh.filters.abi020,
      name: 'add-header',
      configuration: 'abi',
    });
    expect(recoded.outputs).toMatchObject({ result: 'deployed' });
    for (const app of apps) {
      expect(new Set(await headerOfPods(mesh, app, 'x-abi-0-2-0'))).toEqual(new Set(['abi']));
      expect(new Set(await headerOfPods(mesh, app, 'x-wasm'))).toEqual(new Set([undefined]));
    }
  });

  test('a test that fails keeps the filter out of the mesh; what passes is what the sidecars do', async () => {
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
    const expecting = (value: string): string =>
      `- { name: adds the header, expect: { response: { headers: { x-wasm: ${value} } } } }`;
    const before = await mesh.api.get<Workload>(pathOf(app));
    const refused = await mesh.deploy({ ...given, tests: expecting('two') });
    expect(refused.outputs).toMatchObject({ result: 'failed', changed: 'false' });
    expect(refused.summary).toContain('add-header not deployed: 1 of 1 test failed');
    const [tested] = Object.values(JSON.parse(refused.outputs.tests ?? '')) as { proxies: object }[];
    // Of the version that the sidecars have.
    expect(Object.keys(tested?.proxies ?? {})).toEqual([expect.stringMatching(/^1\.\d+/)]);
    const after = await mesh.api.get<Workload>(pathOf(app));
    expect(after.metadata.generation).toBe(before.metadata.generation);
    expect(await objectsOf(mesh, app)).toEqual([]);

    const good = await mesh.deploy({ ...given, tests: expecting('one') });
    expect(good.outputs).toMatchObject({ result: 'deployed' });
    expect(new Set(await headerOfPods(mesh, app, 'x-wasm'))).toEqual(new Set(['one']));
  });

  test("annotations in array and in map form: the filter runs, and the user's own volume stays mounted", async () => {
    const namespace = await mesh.namespace();
    const array = makeApp(namespace, 'array', {
      podAnnotations: {
        'sidecar.istio.io/userVolume': '[{"name":"mine","emptyDir":{}}]',
        'sidecar.istio.io/userVolumeMount': '[{"name":"mine","mountPath":"/mine"}]',
      },
    });
    const map = makeApp(namespace, 'map', {
      podAnnotations: {
        'sidecar.istio.io/userVolume': '{"mine":{"emptyDir":{}}}',
        'sidecar.istio.io/userVolumeMount': '{"mine":{"mountPath":"/mine"}}',
      },
    });
    await createApps(mesh, array, map);
    const { outputs } = await mesh.deploy({
      filter: mesh.filters.abi021,
      namespace,
      targets: '- deployment/array\n- deployment/map',
      configuration: 'x-wasm: kept',
    });
    expect(outputs).toMatchObject({ result: 'deployed' });
    for (const app of [array, map]) {
      expect(await headerOfPods(mesh, app, 'x-wasm')).toEqual(['kept']);
      const [pod] = await mesh.pods(app);
      const spec = JSON.stringify(await mesh.api.get(`/api/v1/namespaces/${namespace}/pods/${pod?.name}`));
      expect(spec).toContain('"mountPath":"/mine"');
      expect(spec).toContain('"mountPath":"/var/local/lib/wasm-filters/add-header"');
    }
  });

  test('a filter that was put in by hand, whose folder holds ours, goes on beside it', async () => {
    const namespace = await mesh.namespace();
    const byHand = {
      namespace,
      name: 'by-hand',
      file: mesh.filters.abi020,
      configuration: 'by hand',
      labels: { app: 'hand' },
    };
    await createConfigMapByHand(mesh, byHand);
    const app = makeApp(namespace, 'hand', { podAnnotations: mountsByHand('by-hand') });
    await createApps(mesh, app);
    await createEnvoyFilterByHand(mesh, byHand);
    const { outputs, summary } = await mesh.deploy({
      filter: mesh.filters.abi021,
      namespace,
      targets: '- deployment/hand',
      configuration: 'x-wasm: ours',
    });
    expect(outputs).toMatchObject({ result: 'deployed' });
    expect(await headerOfPods(mesh, app, 'x-wasm')).toEqual(['ours']);
    expect(await headerOfPods(mesh, app, 'x-abi-0-2-0')).toEqual(['by hand']);
    // It has the root id of ours, so the user is told that it might be the same one.
    expect(summary).toContain('adopt: by-hand');
  });

  test('a port-scoped filter answers on its port only', async () => {
    const namespace = await mesh.namespace();
    const app = makeApp(namespace, 'ports', { morePorts: [9081] });
    await createApps(mesh, app);
    const { outputs } = await mesh.deploy({
      filter: mesh.filters.abi021,
      namespace,
      targets: '- deployment/ports',
      configuration: 'x-wasm: scoped',
      port: '9081',
    });
    expect(outputs).toMatchObject({ result: 'deployed' });
    expect(await headerOfPods(mesh, app, 'x-wasm', 9081)).toEqual(['scoped']);
    expect(await headerOfPods(mesh, app, 'x-wasm', 9080)).toEqual([undefined]);
  });

  test('direction outbound: what the workload asks others for, not what it is asked', async () => {
    const namespace = await mesh.namespace();
    const [client, server] = [makeApp(namespace, 'client'), makeApp(namespace, 'server')];
    await createApps(mesh, client, server);
    const { outputs } = await mesh.deploy({
      filter: mesh.filters.abi021,
      namespace,
      targets: '- deployment/client',
      configuration: 'x-wasm: outbound',
      direction: 'outbound',
    });
    expect(outputs).toMatchObject({ result: 'deployed' });
    expect(await headerOfPods(mesh, client, 'x-wasm')).toEqual([undefined]);
    const service = await mesh.api.get<Workload & { spec: { clusterIP: string } }>(
      `/api/v1/namespaces/${namespace}/services/server`,
    );
    const headers = await mesh.fetchFrom(client, `http://${service.spec.clusterIP}:9080/`);
    expect(headers).toMatch(/x-wasm: outbound/i);
  });

  test('two filters on one workload run in the stated order, also after one of them was deployed anew', async () => {
    const namespace = await mesh.namespace();
    const app = makeApp(namespace, 'both');
    await createApps(mesh, app);
    const deploy = async (name: string, order: string, configuration: string): Promise<void> => {
      const { outputs } = await mesh.deploy({
        filter: mesh.filters.abi021,
        namespace,
        targets: '- deployment/both',
        name,
        order,
        configuration,
      });
      expect(outputs).toMatchObject({ result: 'deployed' });
    };
    // Both set one header; answers pass through the filters in reverse, so the first filter has the last word.
    await deploy('inner', '2', 'x-wasm: inner');
    await deploy('outer', '1', 'x-wasm: outer');
    expect(await headerOfPods(mesh, app, 'x-wasm')).toEqual(['outer']);
    await deploy('outer', '1', 'x-wasm: outer again');
    expect(await headerOfPods(mesh, app, 'x-wasm')).toEqual(['outer again']);
    await deploy('inner', '0', 'x-wasm: inner first');
    expect(await headerOfPods(mesh, app, 'x-wasm')).toEqual(['inner first']);
    const now = await mesh.api.get<Workload>(pathOf(app));
    const labels = Object.keys(now.spec?.template?.metadata?.labels ?? {}).filter((label) =>
      label.startsWith('deploy-wasm-filter/'),
    );
    expect(labels.sort()).toEqual(['deploy-wasm-filter/inner', 'deploy-wasm-filter/outer']);
  });
});
