import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type Body,
  type Condition,
  configMap,
  eventually,
  type Fields,
  type Items,
  SHOP,
  startBed,
  type TestBed,
} from './support.ts';

let bed: TestBed;
beforeAll(async () => {
  bed = await startBed({ kubelet: true });
});
afterAll(() => bed.stop());

async function pod(name: string, annotations: Record<string, string> = {}, spec: Fields = {}): Promise<void> {
  const made = await bed.admin.post(`${SHOP}/pods`, {
    metadata: { name, annotations },
    spec: { schedulerName: 'sim-scheduler', containers: [{ name: 'app', image: 'app:1' }], ...spec },
  });
  expect(made.status).toBe(201);
}

async function read(name: string): Promise<Body> {
  return (await bed.admin.get(`${SHOP}/pods/${name}`)).body;
}

async function settled(name: string, holds: (pod: Body) => boolean): Promise<Body> {
  return eventually(`state of ${name}`, () => read(name), holds);
}

function condition(object: Body, type: string): Condition | undefined {
  return object.status.conditions?.find((item) => item.type === type);
}

const isReady = (object: Body): boolean => condition(object, 'Ready')?.status === 'True';

async function warnings(name: string): Promise<Items<Body>> {
  return (await bed.admin.get(`${SHOP}/events?fieldSelector=type%3DWarning,involvedObject.name%3D${name}`)).body.items;
}

describe('the simulated node', () => {
  test('is ready, and only its own taint keeps pods away', async () => {
    const { body } = await bed.admin.get('/api/v1/nodes/sim-node');
    expect(body.metadata.labels['deploy-wasm-filter/test-node']).toBe('true');
    expect(condition(body, 'Ready')?.status).toBe('True');
    expect(body.spec.taints).toEqual([{ key: 'deploy-wasm-filter/simulated', effect: 'NoSchedule' }]);
  });

  test('runs a pod: bound, then creating, then ready', async () => {
    const watch = await bed.admin.watch(
      `${SHOP}/pods?watch=true&fieldSelector=metadata.name%3Dplain&resourceVersion=0`,
    );
    await pod('plain');
    const phases: string[] = [];
    for (;;) {
      const { object } = await watch.next();
      const waiting = object.status.containerStatuses?.[0].state.waiting?.reason;
      phases.push(
        `${object.spec.nodeName === undefined ? 'unbound' : 'bound'} ${object.status.phase} ${waiting ?? '-'}`,
      );
      if (isReady(object)) break;
    }
    watch.close();
    expect(phases).toEqual([
      'unbound Pending -',
      'bound Pending -',
      'bound Pending ContainerCreating',
      'bound Running -',
    ]);
    const running = await read('plain');
    expect(running.status).toMatchObject({
      podIP: expect.stringMatching(/^10\.244\./),
      containerStatuses: [
        {
          name: 'app',
          ready: true,
          started: true,
          restartCount: 0,
          state: { running: { startedAt: expect.any(String) } },
        },
      ],
    });
    for (const type of ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'])
      expect(condition(running, type)?.status).toBe('True');
  });

  test('leaves pods of other schedulers alone', async () => {
    await pod('other', {}, { schedulerName: 'default-scheduler' });
    await pod('mine');
    await settled('mine', isReady);
    expect((await read('other')).spec.nodeName).toBeUndefined();
  });

  test.each([
    ['image-pull-back-off', 'Pending', 'ImagePullBackOff'],
    ['crash-loop', 'Running', 'CrashLoopBackOff'],
  ])('%s: phase %s, waiting for %s', async (behaviour, phase, reason) => {
    await pod(behaviour, { 'sim/behaviour': behaviour });
    const found = await settled(
      behaviour,
      (object) => object.status.containerStatuses?.[0].state.waiting?.reason === reason,
    );
    expect([found.status.phase, isReady(found)]).toEqual([phase, false]);
    expect(condition(found, 'Ready')).toMatchObject({
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [app]',
    });
  });

  test('never-ready runs without becoming ready', async () => {
    await pod('never', { 'sim/behaviour': 'never-ready' });
    const found = await settled('never', (object) => object.status.phase === 'Running');
    expect(found.status.containerStatuses?.[0]).toMatchObject({ ready: false, started: true });
    expect(isReady(found)).toBe(false);
  });

  test('unschedulable stays without a node and says so', async () => {
    await pod('nowhere', { 'sim/behaviour': 'unschedulable' });
    const found = await settled('nowhere', (object) => condition(object, 'PodScheduled') !== undefined);
    expect(condition(found, 'PodScheduled')).toMatchObject({ status: 'False', reason: 'Unschedulable' });
    expect(found.spec.nodeName).toBeUndefined();
  });

  test('ready-after-ms delays the pod', async () => {
    const from = Date.now();
    await pod('slow', { 'sim/ready-after-ms': '150' });
    await settled('slow', isReady);
    expect(Date.now() - from).toBeGreaterThanOrEqual(150);
  });

  test('a deleted pod ends at once, whatever its grace period', async () => {
    await pod('end');
    await settled('end', isReady);
    const marked = await bed.admin.delete(`${SHOP}/pods/end`);
    expect(marked.body.metadata.deletionGracePeriodSeconds).toBe(30);
    await eventually(
      'the end',
      () => bed.admin.get(`${SHOP}/pods/end`),
      (answer) => answer.status === 404,
    );
  });
});

describe('the sidecar', () => {
  const WASM = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]).toString('base64');
  const APP = { name: 'app', image: 'app:1' };
  const PROXY = { name: 'istio-proxy', image: 'proxy:1' };
  const NATIVE = { containers: [APP], initContainers: [{ ...PROXY, restartPolicy: 'Always' }] };
  const BESIDE = { containers: [APP, PROXY] };
  const volume = (name: string): Record<string, string> => ({
    'sidecar.istio.io/userVolume': JSON.stringify([{ name: 'wasm', configMap: { name } }]),
  });

  test('a missing ConfigMap keeps the pod creating, with an event; when it comes the pod starts', async () => {
    await pod('mount', volume('late'), BESIDE);
    const events = await eventually(
      'the event',
      () => warnings('mount'),
      (list) => list.length > 0,
    );
    expect(events[0]).toMatchObject({
      reason: 'FailedMount',
      message: 'MountVolume.SetUp failed for volume "wasm" : configmap "late" not found',
      source: { component: 'kubelet' },
      involvedObject: { kind: 'Pod', name: 'mount', namespace: 'shop' },
    });
    const waiting = await read('mount');
    expect([waiting.status.phase, waiting.status.containerStatuses?.map((item) => item.state.waiting?.reason)]).toEqual(
      ['Pending', ['ContainerCreating', 'ContainerCreating']],
    );
    await bed.admin.post(`${SHOP}/configmaps`, { ...configMap('late'), binaryData: { 'f.wasm': WASM } });
    const ready = await settled('mount', isReady);
    expect(ready.status.containerStatuses?.map((item) => item.name)).toEqual(['app', 'istio-proxy']);
    await bed.admin.delete(`${SHOP}/configmaps/late`);
    await pod('after');
    await settled('after', isReady);
    expect(isReady(await read('mount'))).toBe(true);
  });

  test('the map form of the annotation is read too', async () => {
    const annotation = JSON.stringify({ wasm: { configMap: { name: 'nope' } } });
    await pod('mapped', { 'sidecar.istio.io/userVolume': annotation }, NATIVE);
    const [event] = await eventually(
      'the event',
      () => warnings('mapped'),
      (list) => list.length > 0,
    );
    expect(event.message).toBe('MountVolume.SetUp failed for volume "wasm" : configmap "nope" not found');
  });

  test('bytes that are no wasm leave the proxy running and not ready', async () => {
    await bed.admin.post(`${SHOP}/configmaps`, {
      ...configMap('junk'),
      binaryData: { 'f.wasm': Buffer.from('not wasm').toString('base64') },
    });
    await pod('proxy', volume('junk'), BESIDE);
    const found = await settled('proxy', (object) => object.status.phase === 'Running');
    expect(isReady(found)).toBe(false);
    const proxy = found.status.containerStatuses?.find((item) => item.name === 'istio-proxy');
    expect(proxy).toMatchObject({ ready: false, started: false, state: { running: expect.anything() } });
    expect(condition(found, 'Ready')?.message).toBe('containers with unready status: [istio-proxy]');
  });

  test('a native sidecar is reported among the init containers, and starts before the app', async () => {
    await pod('native', { 'sim/ready-after-ms': '50' }, NATIVE);
    const creating = await settled('native', (object) => object.status.initContainerStatuses !== undefined);
    expect(condition(creating, 'Initialized')).toMatchObject({ status: 'False', reason: 'ContainersNotInitialized' });
    for (const list of [creating.status.initContainerStatuses, creating.status.containerStatuses])
      expect(list?.[0].state.waiting?.reason).toBe('PodInitializing');
    const ready = await settled('native', isReady);
    expect(ready.status.initContainerStatuses).toMatchObject([{ name: 'istio-proxy', ready: true, started: true }]);
    expect(ready.status.containerStatuses).toMatchObject([{ name: 'app', ready: true, started: true }]);
    expect(condition(ready, 'Initialized')?.status).toBe('True');
  });

  test('the app of a native sidecar that does not start waits', async () => {
    await pod('held', { 'sim/behaviour': 'proxy-not-ready' }, NATIVE);
    const found = await settled('held', (object) => object.status.podIP !== undefined);
    expect(found.status.phase).toBe('Pending');
    expect(found.status.initContainerStatuses?.[0]).toMatchObject({
      name: 'istio-proxy',
      ready: false,
      started: false,
      state: { running: { startedAt: expect.any(String) } },
    });
    expect(found.status.containerStatuses?.[0].state.waiting?.reason).toBe('PodInitializing');
    expect(condition(found, 'Initialized')?.message).toBe('containers with incomplete status: [istio-proxy]');
    expect(condition(found, 'Ready')?.message).toBe('containers with unready status: [istio-proxy app]');
  });

  test('an app that does not become ready leaves the native sidecar ready', async () => {
    await pod('mixed', { 'sim/behaviour': 'crash-loop' }, NATIVE);
    const found = await settled('mixed', (object) => object.status.phase === 'Running');
    expect(found.status.initContainerStatuses?.[0].ready).toBe(true);
    expect(condition(found, 'Ready')?.message).toBe('containers with unready status: [app]');
  });

  test('an init container that ends is no sidecar', async () => {
    await pod('init', {}, { containers: [APP], initContainers: [{ name: 'setup', image: 'setup:1' }] });
    const found = await settled('init', isReady);
    expect(found.status.initContainerStatuses?.[0]).toMatchObject({
      ready: true,
      started: false,
      state: { terminated: { reason: 'Completed' } },
    });
  });

  test('without a sidecar nobody reads its annotations', async () => {
    await pod('none', volume('nowhere'));
    const found = await settled('none', isReady);
    expect(found.status.containerStatuses?.map((item) => item.name)).toEqual(['app']);
  });

  test("a pod's own ConfigMap volume has to be there as well", async () => {
    await pod('own', {}, { volumes: [{ name: 'v', configMap: { name: 'absent' } }] });
    const [event] = await eventually(
      'the event',
      () => warnings('own'),
      (list) => list.length > 0,
    );
    expect(event.message).toBe('MountVolume.SetUp failed for volume "v" : configmap "absent" not found');
  });
});
