import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Workload } from '../../src/cluster/objects.ts';
import type { EnvoyFilter } from '../../src/mesh/objects/envoy-filter.ts';
import { eventually } from '../harness/api.ts';
import { pathOf } from '../harness/workloads.ts';
import { type LoadResult, underLoad } from './load.ts';
import {
  APP_PORT,
  connectMesh,
  createApps,
  headerOfPods,
  httpFiltersOf,
  type Mesh,
  makeApp,
  objectsOf,
} from './mesh.ts';
import { createConfigMapByHand, createEnvoyFilterByHand, mountsByHand } from './unmanaged.ts';

describe('going on and going back', () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await connectMesh();
  });
  afterAll(() => mesh?.stop());

  const tell = (what: string, { requests, failures, seen }: LoadResult): void =>
    console.log(`${what}: ${requests} requests, ${failures.length} failed, ${JSON.stringify([...seen])}`);

  const podsOf = async (app: Workload): Promise<string[]> => (await mesh.pods(app)).map(({ name }) => name).sort();

  test('settings are pushed without a restart, and refused ones are put back, under load', async () => {
    const namespace = await mesh.namespace();
    const app = makeApp(namespace, 'reviews', { replicas: 2 });
    await createApps(mesh, app);
    const given = { filter: mesh.filters.abi021, name: 'add-header', namespace, targets: '- deployment/reviews' };
    await mesh.deploy({ ...given, configuration: 'x-wasm: one' });
    const pods = await podsOf(app);
    const { value, load } = await underLoad(mesh, { workload: app, header: 'x-wasm' }, async () => {
      const pushed = await mesh.deploy({ ...given, configuration: 'x-wasm: two', settings: 'push' });
      const refused = await mesh.deploy({
        ...given,
        configuration: 'nonsense',
        settings: 'push',
        check: 'off',
        scout: 'off',
      });
      return { pushed, refused };
    });
    tell('push, then a refused push', load);
    expect(value.pushed.outputs).toMatchObject({ result: 'deployed', 'verified-proxies': '2' });
    expect(value.refused.outputs).toMatchObject({ result: 'failed', changed: 'false' });
    expect(value.refused.summary).toMatch(/Failed to configure base Wasm plugin/);
    expect(load.failures).toEqual([]);
    expect([...load.seen.keys()].sort()).toEqual(['one', 'two']);
    expect(await headerOfPods(mesh, app, 'x-wasm')).toEqual(['two', 'two']);
    expect(await podsOf(app)).toEqual(pods);
    const again = await mesh.deploy({ ...given, configuration: 'x-wasm: two', settings: 'push' });
    expect(again.outputs).toMatchObject({ result: 'unchanged', changed: 'false' });
  });

  test('a filter is removed without a failed request, and nothing of it is left', async () => {
    const namespace = await mesh.namespace();
    const app = makeApp(namespace, 'reviews', { replicas: 2 });
    await createApps(mesh, app);
    const untouched = (await mesh.api.get<Workload>(pathOf(app))).spec?.template;
    await mesh.deploy({
      filter: mesh.filters.abi021,
      name: 'add-header',
      namespace,
      targets: '- deployment/reviews',
      configuration: 'x-wasm: one',
    });
    const removal = { command: 'remove', name: 'add-header', namespace };
    const { value, load } = await underLoad(mesh, { workload: app, header: 'x-wasm' }, () => mesh.deploy(removal));
    tell('removal', load);
    expect(value.outputs).toMatchObject({ result: 'removed', removed: '1' });
    expect(load.failures).toEqual([]);
    expect([...load.seen.keys()].sort()).toEqual(['-', 'one']);
    const { spec, metadata } = await mesh.api.get<Workload>(pathOf(app));
    expect(spec?.template).toEqual(untouched);
    expect(metadata.annotations).not.toHaveProperty('deploy-wasm-filter/state');
    expect(await objectsOf(mesh, app)).toEqual([]);
    const again = await mesh.deploy({ ...removal, missing: 'ok' });
    expect(again.outputs).toMatchObject({ result: 'unchanged', changed: 'false' });
  });

  test('one of two filters of an EnvoyFilter is adopted: no answer without it, with both, or without the other', async () => {
    const namespace = await mesh.namespace();
    const given = { namespace, file: mesh.filters.abi021, labels: { app: 'reviews' } };
    const auth = { ...given, name: 'auth', configuration: 'x-auth: on' };
    const byHand = { ...given, name: 'new-filter', configuration: 'x-hand: yes' };
    await createConfigMapByHand(mesh, auth);
    await createConfigMapByHand(mesh, byHand);
    const app = makeApp(namespace, 'reviews', { replicas: 2, podAnnotations: mountsByHand('auth', 'new-filter') });
    await createApps(mesh, app);
    const envoyFilter = await createEnvoyFilterByHand(mesh, auth, byHand);
    await eventually('the filter made by hand in every pod', async () => {
      const values = await headerOfPods(mesh, app, 'x-hand');
      return values.every((value) => value === 'yes') || undefined;
    });
    const before = await httpFiltersOf(mesh, app, APP_PORT);
    expect(before).toEqual(Array(2).fill(expect.arrayContaining(['auth', 'new-filter'])));
    const ours = { filter: mesh.filters.abi021, name: 'new-filter', namespace, targets: '- deployment/reviews' };
    const explained = await mesh.deploy({ ...ours, configuration: 'x-ours: yes' });
    expect(explained.outputs).toMatchObject({ result: 'failed', changed: 'false' });
    expect(explained.summary).toContain('adopt: true');

    const all = (headers: Readonly<Record<string, unknown>>): string =>
      ['x-auth', 'x-hand', 'x-ours'].filter((name) => headers[name] !== undefined).join(' and ') || 'none';
    const { value, load } = await underLoad(mesh, { workload: app, describe: all }, () =>
      mesh.deploy({ ...ours, configuration: 'x-ours: yes', adopt: 'true' }),
    );
    tell('adoption', load);
    expect(value.outputs).toMatchObject({ result: 'deployed', 'verified-proxies': '2' });
    expect(load.failures).toEqual([]);
    expect([...load.seen.keys()].sort()).toEqual(['x-auth and x-hand', 'x-auth and x-ours']);
    const after = await httpFiltersOf(mesh, app, APP_PORT);
    console.log(`chains before: ${JSON.stringify(before)}, after: ${JSON.stringify(after)}`);
    // The one that stays goes in first, of the lower priority.
    expect(after).toEqual(before);
    const path = `/apis/networking.istio.io/v1alpha3/namespaces/${namespace}/envoyfilters`;
    const [kept, ...others] = await mesh.api.list<EnvoyFilter>(path);
    expect([kept?.metadata.uid, JSON.stringify(kept?.spec).includes('x-auth'), others.length]).toEqual([
      envoyFilter.metadata.uid,
      true,
      1,
    ]);
    expect(JSON.stringify([kept, ...others])).not.toMatch(/REMOVE|x-hand/);
    expect((await mesh.deploy({ ...ours, configuration: 'x-ours: yes' })).outputs.result).toBe('unchanged');
  });

  test('a name that two filters share is not taken over', async () => {
    const namespace = await mesh.namespace();
    const given = { namespace, file: mesh.filters.abi021, labels: { app: 'reviews' } };
    const [one, two] = ['one', 'two'].map((name) => ({ ...given, name, configuration: `x-${name}: yes` }));
    for (const byHand of [one, two]) if (byHand) await createConfigMapByHand(mesh, byHand);
    const app = makeApp(namespace, 'reviews', { podAnnotations: mountsByHand('one', 'two') });
    await createApps(mesh, app);
    const path = `/apis/networking.istio.io/v1alpha3/namespaces/${namespace}/envoyfilters`;
    for (const byHand of [one, two]) {
      if (byHand === undefined) continue;
      const { metadata } = await createEnvoyFilterByHand(mesh, byHand);
      const { spec } = await mesh.api.get<EnvoyFilter>(`${path}/${metadata.name}`);
      const [patch] = JSON.parse(JSON.stringify(spec.configPatches));
      patch.patch.value.name = 'envoy.filters.http.wasm';
      await mesh.api.patch(`${path}/${metadata.name}`, { spec: { configPatches: [patch] } });
    }
    const { outputs, summary } = await mesh.deploy({
      filter: mesh.filters.abi021,
      name: 'ours',
      namespace,
      targets: '- deployment/reviews',
      configuration: 'x-ours: yes',
      adopt: 'one',
    });
    expect(outputs).toMatchObject({ result: 'failed', changed: 'false' });
    expect(summary).toMatch(/is also the name of another filter of EnvoyFilter \S+two/);
    expect(await objectsOf(mesh, app)).toEqual([]);
  });

  test("a StatefulSet's stuck pod is replaced when it is rolled back", async () => {
    const namespace = await mesh.namespace();
    const app = makeApp(namespace, 'ratings', { kind: 'StatefulSet', replicas: 2 });
    await createApps(mesh, app);
    const given = { filter: mesh.filters.abi021, name: 'add-header', namespace, targets: '- statefulset/ratings' };
    await mesh.deploy({ ...given, configuration: 'x-wasm: good' });
    const bad = await mesh.deploy({ ...given, configuration: 'nonsense', check: 'off', scout: 'off' });
    expect(bad.outputs).toMatchObject({ result: 'failed', changed: 'false', 'rolled-back': '1' });
    expect(await headerOfPods(mesh, app, 'x-wasm')).toEqual(['good', 'good']);
  });

  test('a canary that fails leaves the others alone', async () => {
    const namespace = await mesh.namespace();
    const apps = ['first', 'second', 'third'].map((name) => makeApp(namespace, name));
    await createApps(mesh, ...apps);
    const { outputs } = await mesh.deploy({
      filter: mesh.filters.abi021,
      namespace,
      targets: apps.map(({ metadata }) => `- deployment/${metadata.name}`).join('\n'),
      configuration: 'nonsense',
      check: 'off',
      scout: 'off',
      canary: '1',
    });
    expect(outputs).toMatchObject({ result: 'failed', failed: '1', changed: 'false' });
    for (const app of apps) {
      const { metadata } = await mesh.api.get<Workload>(pathOf(app));
      expect(metadata.annotations).not.toHaveProperty('deploy-wasm-filter/state');
    }
  });

  test('an EnvoyFilter that somebody has edited is named by the plan and repaired by the next run', async () => {
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
    await mesh.deploy(given);
    const pods = await podsOf(app);
    const [name] = (await objectsOf(mesh, app)).slice(-1);
    const path = `/apis/networking.istio.io/v1alpha3/namespaces/${namespace}/envoyfilters/${name}`;
    await mesh.api.patch(path, { spec: { priority: 77 } }, 'kubectl-edit');
    const plan = await mesh.deploy({ ...given, command: 'plan' });
    expect(plan.outputs).toMatchObject({ result: 'planned', changed: 'false' });
    expect(plan.summary).toMatch(/edited by kubectl-edit/);
    const status = await mesh.deploy({ command: 'status', name: 'add-header', namespace });
    expect(status.summary).toMatch(/edited by kubectl-edit/);
    const repaired = await mesh.deploy(given);
    expect(repaired.outputs).toMatchObject({ result: 'deployed', changed: 'true' });
    expect((await mesh.api.get<Workload & { spec: { priority: number } }>(path)).spec.priority).toBe(10);
    expect(await podsOf(app)).toEqual(pods);
    const after = await mesh.deploy({ ...given, command: 'plan' });
    expect(after.summary).toMatch(/nothing to do/i);
  });
});
