import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Workload } from '../../src/cluster/objects.ts';
import { pathOf } from '../harness/workloads.ts';
import { underLoad } from './load.ts';
import { connectMesh, createApps, type Mesh, makeApp, objectsOf } from './mesh.ts';

describe('under a steady load', () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await connectMesh();
  });
  afterAll(() => mesh?.stop());

  /** A workload of two pods that runs a good filter; every test starts from it. */
  const start = async (): Promise<{ app: Workload; given: Record<string, string> }> => {
    const namespace = await mesh.namespace();
    const app = makeApp(namespace, 'reviews', { replicas: 2 });
    await createApps(mesh, app);
    const given = {
      filter: mesh.filters.abi021,
      name: 'add-header',
      namespace,
      targets: '- deployment/reviews',
      configuration: 'x-wasm: good',
    };
    const { outputs } = await mesh.deploy(given);
    expect(outputs.result).toBe('deployed');
    return { app, given };
  };

  test('a good rollout fails no request, and every answer is of one revision', async () => {
    const { app, given } = await start();
    const { value, load } = await underLoad(mesh, { workload: app, header: 'x-wasm' }, () =>
      mesh.deploy({ ...given, configuration: 'x-wasm: better' }),
    );
    console.log(
      `good rollout: ${load.requests} requests, ${load.failures.length} failed, ${JSON.stringify([...load.seen])}`,
    );
    expect(value.outputs.result).toBe('deployed');
    expect(load.failures).toEqual([]);
    expect(load.requests).toBeGreaterThan(200);
    expect([...load.seen.keys()].sort()).toEqual(['better', 'good']);
  });

  test.each<[string, () => Record<string, string>, RegExp]>([
    ['a corrupt module', () => ({ filter: mesh.filters.corrupt }), /Failed to load Wasm bytecode/],
    ['a missing import', () => ({ filter: mesh.filters.missingImport }), /missing import: env\.proxy_does_not_exist/],
    [
      'a wrong root id',
      () => ({ filter: mesh.filters.abi020, 'root-id': 'nobody' }),
      // Only the older SDK minds the root id.
      /Missing root context factory for root id: nobody/,
    ],
    [
      'a configuration that the filter refuses',
      () => ({ configuration: 'nonsense' }),
      /Failed to configure base Wasm plugin/,
    ],
  ])(
    '%s: the old pods answer every request, Envoy is quoted, and the workload is rolled back',
    async (_case, bad, reason) => {
      const { app, given } = await start();
      const before = (await mesh.pods(app)).map(({ name }) => name).sort();
      const objects = await objectsOf(mesh, app);
      const { template } = (await mesh.api.get<Workload>(pathOf(app))).spec ?? {};
      // The check on the runner and Envoy agree; only without the check the filter comes as far as a proxy.
      const checked = await mesh.deploy({ ...given, ...bad() });
      expect(checked.outputs).toMatchObject({ result: 'failed', changed: 'false' });
      expect(checked.summary).toContain('Nothing was written');
      const { value, load } = await underLoad(mesh, { workload: app, header: 'x-wasm' }, () =>
        mesh.deploy({ ...given, ...bad(), timeout: '10m', check: 'off', scout: 'off' }),
      );
      const [target] = JSON.parse(value.outputs.targets ?? '[]');
      console.log(
        `${_case}: ${load.requests} requests, ${load.failures.length} failed; verdict ${target?.seconds} s after the patch that started the pod`,
      );
      // The verdict comes when Envoy has spoken, not at the timeout: that is longer than jest lets a test take.
      expect(value.code).toBe(1);
      expect(value.outputs).toMatchObject({ result: 'failed', failed: '1' });
      expect(value.summary).toMatch(reason);
      expect(load.failures).toEqual([]);
      expect([...load.seen.keys()]).toEqual(['good']);
      expect((await mesh.pods(app)).map(({ name }) => name).sort()).toEqual(before);
      // The run has rolled the workload back itself: what was there before is there, and nothing else.
      expect(value.outputs).toMatchObject({ changed: 'false', 'rolled-back': '1' });
      expect(await objectsOf(mesh, app)).toEqual(objects);
      expect((await mesh.api.get<Workload>(pathOf(app))).spec?.template).toEqual(template);
      const back = await mesh.deploy(given);
      expect(back.outputs.result).toBe('unchanged');
    },
  );
});
