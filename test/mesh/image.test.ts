import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Workload } from '../../src/cluster/objects.ts';
import { resourcePath, WASM_PLUGIN } from '../../src/cluster/resources.ts';
import { OWNED_SELECTOR } from '../../src/mesh/names.ts';
import { pathOf } from '../harness/workloads.ts';
import { underLoad } from './load.ts';
import { connectMesh, createApps, headerOfPods, type Mesh, makeApp, objectsOf } from './mesh.ts';
import { type MeshRegistry, PODS_REACH, startMeshRegistry } from './registry.ts';

/** The filter of the older SDK, which answers with its configuration, whatever text that is. */
const HEADER = 'x-abi-0-2-0';

describe('a filter that real proxies pull', () => {
  let mesh: Mesh;
  let registry: MeshRegistry;
  let image: string;
  beforeAll(async () => {
    mesh = await connectMesh();
    registry = await startMeshRegistry();
    image = await registry.push(await readFile(mesh.filters.abi020));
  });
  afterAll(async () => {
    await registry?.stop();
    await mesh?.stop();
  });

  /** A workload of two pods, and inputs that deploy the image to it from where this machine answers to the pods. */
  const start = async (): Promise<{ app: Workload; given: Record<string, string> }> => {
    const namespace = await mesh.namespace();
    const app = makeApp(namespace, 'reviews', { replicas: 2 });
    await createApps(mesh, app);
    const host = `${PODS_REACH}:${registry.port}`;
    return {
      app,
      given: {
        filter: `oci://${host}/${image}`,
        'insecure-registries': host,
        delivery: 'image',
        name: 'add-header',
        namespace,
        targets: '- deployment/reviews',
        configuration: '{"mode":"one"}',
        verify: 'required',
      },
    };
  };
  /** What the filter of each ready pod was configured with. */
  const modes = async (app: Workload): Promise<unknown[]> =>
    (await headerOfPods(mesh, app, HEADER)).map((text) => (text === undefined ? undefined : JSON.parse(text).mode));
  const plugins = async ({ metadata: { namespace } }: Workload): Promise<string[]> => {
    const path = resourcePath(WASM_PLUGIN, namespace);
    const items = await mesh.api.list(`${path}?labelSelector=${encodeURIComponent(OWNED_SELECTOR)}`);
    return items.map(({ metadata }) => metadata.name);
  };
  const templateOf = async (app: Workload): Promise<unknown> =>
    (await mesh.api.get<Workload>(pathOf(app))).spec?.template;

  test('is proven in their ECDS dumps, replaced without a failed request, and removed', async () => {
    const { app, given } = await start();
    const untouched = await templateOf(app);
    const first = await mesh.deploy(given);
    expect(first.outputs).toMatchObject({ result: 'deployed', proved: '2' });
    expect(await modes(app)).toEqual(['one', 'one']);
    expect((await mesh.deploy(given)).outputs).toMatchObject({ result: 'unchanged', changed: 'false' });

    const { value, load } = await underLoad(mesh, { workload: app, header: HEADER }, () =>
      mesh.deploy({ ...given, configuration: '{"mode":"two"}', 'keep-revisions': '0' }),
    );
    console.log(`another image revision: ${load.requests} requests, ${JSON.stringify(load.failures)}`);
    expect(value.outputs).toMatchObject({ result: 'deployed', proved: '2' });
    expect(load.failures).toEqual([]);
    expect(await modes(app)).toEqual(['two', 'two']);
    expect(await plugins(app)).toEqual([`add-header-${value.outputs.revision}`]);

    const removed = await mesh.deploy({ command: 'remove', name: 'add-header', namespace: given.namespace ?? '' });
    expect(removed.outputs).toMatchObject({ result: 'removed' });
    expect(await templateOf(app)).toEqual(untouched);
    expect([await objectsOf(mesh, app), await plugins(app)]).toEqual([[], []]);
  });

  test('that the pods cannot reach is taken back, with what the agent said', async () => {
    const { app, given } = await start();
    expect((await mesh.deploy(given)).outputs.result).toBe('deployed');
    const before = await templateOf(app);
    // The runner pulls it from this machine; in a pod, that address is the pod itself.
    const host = `127.0.0.1:${registry.port}`;
    const bad = { ...given, filter: `oci://${host}/${image}`, 'insecure-registries': host };
    const { value, load } = await underLoad(mesh, { workload: app, header: HEADER }, () => mesh.deploy(bad));
    console.log(`a pull that fails: ${load.requests} requests, ${load.failures.length} failed`);
    expect(value.outputs).toMatchObject({ result: 'failed', restored: '1', changed: 'false' });
    expect(value.summary).toMatch(/Pull of .+ failed: .+connection refused/);
    expect(await templateOf(app)).toEqual(before);
    expect(await modes(app)).toEqual(['one', 'one']);
  });

  test('takes turns with one that is mounted', async () => {
    const { app, given } = await start();
    const { delivery: _, 'insecure-registries': __, ...others } = given;
    const mounted = { ...others, filter: mesh.filters.abi020, configuration: '{"mode":"mounted"}' };
    expect((await mesh.deploy(mounted)).outputs.result).toBe('deployed');
    expect(await modes(app)).toEqual(['mounted', 'mounted']);
    expect((await mesh.deploy(given)).outputs.result).toBe('deployed');
    expect(await modes(app)).toEqual(['one', 'one']);
    expect((await mesh.deploy({ ...mounted, 'keep-revisions': '0' })).outputs.result).toBe('deployed');
    expect(await modes(app)).toEqual(['mounted', 'mounted']);
    expect(await plugins(app)).toEqual([]);
  });

  test('that Envoy refuses is taken back, although its pods are ready', async () => {
    const { app, given } = await start();
    const corrupt = await registry.push(await readFile(mesh.filters.corrupt));
    const bad = { ...given, filter: `oci://${PODS_REACH}:${registry.port}/${corrupt}`, check: 'off' };
    const { outputs, summary } = await mesh.deploy(bad);
    expect(outputs).toMatchObject({ result: 'failed', restored: '1', changed: 'false' });
    expect(summary).toMatch(/Failed to (load Wasm bytecode|parse corrupted Wasm module)/);
    expect([await objectsOf(mesh, app), await plugins(app)]).toEqual([[], []]);
  });
});
