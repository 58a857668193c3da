import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Workload } from '../../src/cluster/objects.ts';
import { WASM_PLUGIN } from '../../src/cluster/resources.ts';
import type { WasmPlugin } from '../../src/mesh/objects/wasm-plugin.ts';
import type { TestRegistry } from '../harness/registry/index.ts';
import { pathOf } from '../harness/workloads.ts';
import { underLoad } from './load.ts';
import { connectMesh, createApps, headerOfPods, type Mesh, makeApp, objectsOf, ownedPath } from './mesh.ts';
import { HEADER, pushedTo, startMeshRegistry, startUnreachableRegistry } from './registry.ts';

describe('a filter that real proxies pull', () => {
  let mesh: Mesh;
  let registry: TestRegistry;
  beforeAll(async () => {
    mesh = await connectMesh();
    registry = await startMeshRegistry();
  });
  afterAll(async () => {
    await registry?.stop();
    await mesh?.stop();
  });

  /** Inputs with which proxies pull what has been pushed to a registry before. */
  const pulledFrom = (from: TestRegistry): Record<string, string> => {
    const { 'push-to': filter, ...others } = pushedTo(from);
    return { ...others, filter };
  };
  /** A workload of two pods, and inputs that mount a filter into it; with those of `pushedTo`, it is an image instead. */
  const start = async (): Promise<{ app: Workload; given: Record<string, string> }> => {
    const namespace = await mesh.namespace();
    const app = makeApp(namespace, 'reviews', { replicas: 2 });
    await createApps(mesh, app);
    return {
      app,
      given: {
        filter: mesh.filters.abi020,
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
  const pluginsOf = ({ metadata: { namespace } }: Workload): Promise<readonly WasmPlugin[]> =>
    mesh.api.list(ownedPath(WASM_PLUGIN, namespace));
  const plugins = async (app: Workload): Promise<string[]> =>
    (await pluginsOf(app)).map(({ metadata }) => metadata.name);
  const templateOf = async (app: Workload): Promise<unknown> =>
    (await mesh.api.get<Workload>(pathOf(app))).spec?.template;

  test('is there one step after its build: pushed, deployed by its digest, and the same by its tag', async () => {
    const { app, given } = await start();
    const pushed = await mesh.deploy({ ...given, ...pushedTo(registry) });
    expect(pushed.outputs).toMatchObject({ result: 'deployed', 'verified-proxies': '2' });
    expect(pushed.outputs.image).toMatch(/^[\d.]+:\d+\/filters\/add-header@sha256:[0-9a-f]{64}$/);
    expect((await pluginsOf(app)).map(({ spec }) => spec.url)).toEqual([`oci://${pushed.outputs.image}`]);
    expect(await modes(app)).toEqual(['one', 'one']);

    const tagged = await mesh.deploy({ ...given, ...pulledFrom(registry) });
    expect(tagged.outputs).toMatchObject({ result: 'unchanged', image: pushed.outputs.image });
  });

  test('is verified in their ECDS dumps, replaced without a failed request, and removed', async () => {
    const { app, given } = await start();
    const built = { ...given, ...pushedTo(registry) };
    const untouched = await templateOf(app);
    const first = await mesh.deploy(built);
    expect(first.outputs).toMatchObject({ result: 'deployed', 'verified-proxies': '2' });
    expect(await modes(app)).toEqual(['one', 'one']);
    expect((await mesh.deploy(built)).outputs).toMatchObject({ result: 'unchanged', changed: 'false' });

    const { value, load } = await underLoad(mesh, { workload: app, header: HEADER }, () =>
      mesh.deploy({ ...given, ...pulledFrom(registry), configuration: '{"mode":"two"}', 'keep-revisions': '0' }),
    );
    console.log(`another image revision: ${load.requests} requests, ${JSON.stringify(load.failures)}`);
    expect(value.outputs).toMatchObject({ result: 'deployed', 'verified-proxies': '2' });
    expect(load.failures).toEqual([]);
    expect(await modes(app)).toEqual(['two', 'two']);
    expect(await plugins(app)).toEqual([`add-header-${value.outputs.revision}`]);

    const removed = await mesh.deploy({ command: 'remove', name: 'add-header', namespace: given.namespace ?? '' });
    expect(removed.outputs).toMatchObject({ result: 'removed' });
    expect(await templateOf(app)).toEqual(untouched);
    expect([await objectsOf(mesh, app), await plugins(app)]).toEqual([[], []]);
  });

  test('that the pods cannot reach is rolled back, with what the agent said', async () => {
    const { app, given } = await start();
    expect((await mesh.deploy({ ...given, ...pushedTo(registry) })).outputs.result).toBe('deployed');
    const before = await templateOf(app);
    const unreachable = await startUnreachableRegistry();
    const bad = { ...given, ...pushedTo(unreachable), scout: 'off' };
    const { value, load } = await underLoad(mesh, { workload: app, header: HEADER }, () => mesh.deploy(bad)).finally(
      () => unreachable.stop(),
    );
    console.log(`a pull that fails: ${load.requests} requests, ${load.failures.length} failed`);
    expect(value.outputs).toMatchObject({ result: 'failed', 'rolled-back': '1', changed: 'false' });
    expect(value.summary).toMatch(/Pull of .+ failed: .+connection refused/);
    expect(await templateOf(app)).toEqual(before);
    expect(await modes(app)).toEqual(['one', 'one']);
  });

  test('takes turns with one that is mounted', async () => {
    const { app, given } = await start();
    const mounted = { ...given, configuration: '{"mode":"mounted"}' };
    expect((await mesh.deploy(mounted)).outputs.result).toBe('deployed');
    expect(await modes(app)).toEqual(['mounted', 'mounted']);
    expect((await mesh.deploy({ ...given, ...pushedTo(registry) })).outputs.result).toBe('deployed');
    expect(await modes(app)).toEqual(['one', 'one']);
    expect((await mesh.deploy({ ...mounted, 'keep-revisions': '0' })).outputs.result).toBe('deployed');
    expect(await modes(app)).toEqual(['mounted', 'mounted']);
    expect(await plugins(app)).toEqual([]);
  });

  test('that Envoy rejects is rolled back, although its pods are ready', async () => {
    const { app, given } = await start();
    const bad = { ...given, ...pushedTo(registry), filter: mesh.filters.corrupt, check: 'off', scout: 'off' };
    const { outputs, summary } = await mesh.deploy(bad);
    expect(outputs).toMatchObject({ result: 'failed', 'rolled-back': '1', changed: 'false' });
    expect(summary).toMatch(/Failed to (load Wasm bytecode|parse corrupted Wasm module)/);
    expect([await objectsOf(mesh, app), await plugins(app)]).toEqual([[], []]);
  });
});
