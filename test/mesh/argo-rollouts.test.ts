import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Workload } from '../../src/cluster/objects.ts';
import { routedWeights, type Strategy, TestRollout } from '../harness/argo-rollouts.ts';
import { pathOf } from '../harness/workloads.ts';
import { underLoad } from './load.ts';
import { connectMesh, createService, headerOfPods, type Mesh, makeApp, objectsOf } from './mesh.ts';

// With the controller of Argo Rollouts, whose canary has one pod of three until somebody promotes it.

const SIZE = 3;
const LABEL = 'deploy-wasm-filter/add-header';

let mesh: Mesh;
beforeAll(async () => {
  mesh = await connectMesh();
});
afterAll(() => mesh?.stop());

/** A Rollout, as what runs pods, and what deploys a filter to it. */
interface Shop {
  readonly rollout: TestRollout;
  readonly app: Workload;
  readonly given: Readonly<Record<string, string>>;
}

async function openShop(options: { readonly refers?: boolean; readonly strategy?: Strategy } = {}): Promise<Shop> {
  const namespace = await mesh.namespace();
  const app = makeApp(namespace, 'reviews', { replicas: SIZE });
  await createService(mesh, app);
  const rollout = await TestRollout.create(mesh.api, app, options.strategy ?? 'canary', options);
  const given = {
    filter: mesh.filters.abi021,
    name: 'add-header',
    namespace,
    targets: '- rollout/reviews',
    configuration: 'x-wasm: one',
  };
  return { rollout, app: { ...app, kind: 'Rollout' }, given };
}

test('a canary is verified while it waits for promotion, and the rest after it, without a failed request', async () => {
  const { rollout, app, given } = await openShop();
  const { value, load } = await underLoad(mesh, { workload: app, header: 'x-wasm' }, async () => {
    const first = await mesh.deploy(given);
    const status = await mesh.deploy({ command: 'status', name: 'add-header', namespace: given.namespace ?? '' });
    const waiting = mesh.deploy({ ...given, promote: 'wait' });
    await rollout.promote();
    return { first, status, last: await waiting };
  });
  console.log(
    `promotion: ${load.requests} requests, ${load.failures.length} failed, ${JSON.stringify([...load.seen])}`,
  );
  expect(value.first.outputs).toMatchObject({ result: 'waiting', waiting: '1', failed: '0', 'verified-proxies': '1' });
  expect(value.first.summary).toContain(`kubectl argo rollouts promote reviews -n ${given.namespace}`);
  expect(value.status.summary).toContain('waits for promotion');
  expect(value.last.outputs).toMatchObject({ result: 'unchanged', 'verified-proxies': String(SIZE) });
  expect(load.failures).toEqual([]);
  expect([...load.seen.keys()].sort()).toEqual(['-', 'one']);
  expect(await headerOfPods(mesh, app, 'x-wasm')).toEqual(Array(SIZE).fill('one'));
});

test('one that is aborted is rolled back, without a failed request', async () => {
  const { rollout, app, given } = await openShop();
  const { value, load } = await underLoad(mesh, { workload: app, header: 'x-wasm' }, async () => {
    const running = mesh.deploy({ ...given, promote: 'wait' });
    await rollout.phase('Paused');
    await rollout.abort();
    return running;
  });
  expect(value.outputs).toMatchObject({ result: 'failed', changed: 'false', 'rolled-back': '1' });
  expect(value.summary).toContain('RolloutAborted');
  expect(load.failures).toEqual([]);
  const { spec, status } = await rollout.phase('Healthy');
  expect(spec?.template?.metadata?.labels).not.toHaveProperty([LABEL]);
  expect(status).not.toHaveProperty('abort');
  expect(await headerOfPods(mesh, app, 'x-wasm')).toEqual(Array(SIZE).fill(undefined));
  expect(await objectsOf(mesh, app)).toEqual([]);
});

test('one with the pod template of a Deployment runs the filter', async () => {
  const { rollout, app, given } = await openShop({ refers: true });
  expect((await mesh.deploy(given)).outputs).toMatchObject({ result: 'waiting', 'verified-proxies': '1' });
  const source = await mesh.api.get<Workload>(pathOf({ ...app, kind: 'Deployment' }));
  expect(source.spec?.template?.metadata?.labels).toHaveProperty([LABEL]);
  await rollout.promote();
  await rollout.phase('Healthy');
  const { outputs } = await mesh.deploy(given);
  expect(outputs).toMatchObject({ result: 'unchanged', 'verified-proxies': String(SIZE) });
  expect(await headerOfPods(mesh, app, 'x-wasm')).toEqual(Array(SIZE).fill('one'));
});

test('a canary that Istio routes its share to is verified, and its VirtualService is left to the controller', async () => {
  const { rollout, app, given } = await openShop({ strategy: 'routed' });
  const { namespace = '' } = given;
  const { value, load } = await underLoad(mesh, { workload: app, header: 'x-wasm' }, async () => {
    const first = await mesh.deploy(given);
    const weights = await routedWeights(mesh.api, namespace);
    const last = mesh.deploy({ ...given, promote: 'wait' });
    await rollout.promote();
    return { first, weights, last: await last };
  });
  expect(value.first.outputs).toMatchObject({ result: 'waiting', 'verified-proxies': '1' });
  expect(value.weights).toEqual({ active: 80, preview: 20 });
  expect(value.last.outputs).toMatchObject({ result: 'unchanged', 'verified-proxies': String(SIZE) });
  expect(await routedWeights(mesh.api, namespace)).toEqual({ active: 100, preview: 0 });
  expect(load.failures).toEqual([]);
});

test('one whose analysis fails beside its canary is rolled back, without a failed request', async () => {
  const { rollout, app, given } = await openShop({ strategy: 'background' });
  const { value, load } = await underLoad(mesh, { workload: app, header: 'x-wasm' }, () => mesh.deploy(given));
  expect(value.outputs).toMatchObject({ result: 'failed', changed: 'false', 'rolled-back': '1' });
  expect(value.summary).toMatch(/its background analysis \(Analysis(Template fails|Run reviews-\S+)\) failed: Metric/);
  expect(load.failures).toEqual([]);
  await rollout.phase('Healthy');
  expect(await headerOfPods(mesh, app, 'x-wasm')).toEqual(Array(SIZE).fill(undefined));
  expect(await objectsOf(mesh, app)).toEqual([]);
});

test('one with a preview is verified there before it is promoted, and serves with the filter after it', async () => {
  const { rollout, app, given } = await openShop({ strategy: 'blueGreen' });
  const { value, load } = await underLoad(mesh, { workload: app, header: 'x-wasm' }, async () => {
    const first = await mesh.deploy(given);
    const last = mesh.deploy({ ...given, promote: 'wait' });
    await rollout.promote();
    return { first, last: await last };
  });
  expect(value.first.outputs).toMatchObject({ result: 'waiting', 'verified-proxies': String(SIZE) });
  expect(value.last.outputs).toMatchObject({ result: 'unchanged', 'verified-proxies': String(SIZE) });
  expect(load.failures).toEqual([]);
});
