import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  APPS,
  type Body,
  eventually,
  type Fields,
  type Items,
  SHOP,
  startBed,
  type TestBed,
  workload,
} from './support.ts';

let bed: TestBed;
beforeAll(async () => {
  bed = await startBed({ kubelet: true });
});
afterAll(() => bed.stop());

const path = (name: string): string => `${APPS}/statefulsets/${name}`;

async function read(name: string): Promise<Body> {
  return (await bed.admin.get(path(name))).body;
}

async function pods(name: string): Promise<Items<Body>> {
  return (await bed.admin.get(`${SHOP}/pods?labelSelector=app%3D${name}`)).body.items;
}

function isReady(pod: Body): boolean {
  return pod.status.conditions?.some((item) => item.type === 'Ready' && item.status === 'True') === true;
}

const done = (set: Body): boolean =>
  set.status?.observedGeneration === set.metadata.generation &&
  set.status.readyReplicas === set.spec.replicas &&
  set.status.currentRevision === set.status.updateRevision &&
  set.status.replicas === set.spec.replicas;

async function start(name: string, spec: Fields): Promise<Body> {
  await bed.admin.post(`${APPS}/statefulsets`, workload('StatefulSet', name, spec));
  return eventually(`start of ${name}`, () => read(name), done);
}

const template = (annotations: Record<string, string | null>): Fields => ({
  spec: { template: { metadata: { annotations } } },
});

/** The names of added and deleted pods until `count` of them were seen. */
async function order(name: string, act: () => Promise<unknown>, count: number): Promise<string[]> {
  const version = (await bed.admin.get(`${SHOP}/pods`)).body.metadata.resourceVersion;
  const watch = await bed.admin.watch(`${SHOP}/pods?watch=true&labelSelector=app%3D${name}&resourceVersion=${version}`);
  await act();
  const seen: string[] = [];
  while (seen.length < count) {
    const event = await watch.next();
    if (event.type !== 'MODIFIED') seen.push(`${event.type} ${event.object.metadata.name}`);
  }
  watch.close();
  return seen;
}

describe('StatefulSet', () => {
  test('pods come in order, with their identity, and go from the highest', async () => {
    const made = await order(
      'ord',
      () => bed.admin.post(`${APPS}/statefulsets`, workload('StatefulSet', 'ord', { replicas: 3 })),
      3,
    );
    expect(made).toEqual(['ADDED ord-0', 'ADDED ord-1', 'ADDED ord-2']);
    const set = await eventually('ready', () => read('ord'), done);
    const [pod] = await pods('ord');
    expect(pod.metadata.labels).toMatchObject({
      'statefulset.kubernetes.io/pod-name': 'ord-0',
      'apps.kubernetes.io/pod-index': '0',
      'controller-revision-hash': set.status.updateRevision,
    });
    expect([pod.spec.hostname, pod.spec.subdomain]).toEqual(['ord-0', 'ord']);
    expect(set.status).toMatchObject({
      replicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
      availableReplicas: 3,
      collisionCount: 0,
    });
    const went = await order('ord', () => bed.admin.merge(path('ord'), { spec: { replicas: 1 } }), 2);
    expect(went).toEqual(['DELETED ord-2', 'DELETED ord-1']);
  });

  test('an update replaces one pod at a time from the highest ordinal down', async () => {
    const before = await start('upd', { replicas: 3 });
    const seen = await order('upd', () => bed.admin.merge(path('upd'), template({ v: '2' })), 6);
    expect(seen).toEqual([
      'DELETED upd-2',
      'ADDED upd-2',
      'DELETED upd-1',
      'ADDED upd-1',
      'DELETED upd-0',
      'ADDED upd-0',
    ]);
    const after = await eventually('the update', () => read('upd'), done);
    expect(after.status.currentRevision).not.toBe(before.status.currentRevision);
    expect((await bed.admin.get(`${APPS}/controllerrevisions?labelSelector=app%3Dupd`)).body.items).toHaveLength(2);
  });

  test('a partition keeps the lower ordinals on the old revision, also when they are made anew', async () => {
    await start('part', { replicas: 3, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } });
    await bed.admin.merge(path('part'), template({ v: '2' }));
    const set = await eventually(
      'one updated',
      () => read('part'),
      (object) => object.status.updatedReplicas === 1 && object.status.readyReplicas === 3,
    );
    expect(set.status.currentReplicas).toBe(2);
    const [zero] = await pods('part');
    await bed.admin.delete(`${SHOP}/pods/part-0`);
    const list = await eventually(
      'part-0 again',
      () => pods('part'),
      (found) => found.length === 3 && found[0].metadata.uid !== zero.metadata.uid && found.every(isReady),
    );
    expect(list.map((pod) => pod.metadata.annotations?.v)).toEqual([undefined, undefined, '2']);
  });

  test('a bad pod blocks even the way back, until it is deleted', async () => {
    const before = await start('stuck', { replicas: 2 });
    await bed.admin.merge(path('stuck'), template({ 'sim/behaviour': 'crash-loop' }));
    await eventually(
      'the bad pod',
      () => pods('stuck'),
      (list) => list[1]?.status.containerStatuses?.[0].state.waiting?.reason === 'CrashLoopBackOff',
    );
    const [, bad] = await pods('stuck');
    await bed.admin.merge(path('stuck'), template({ 'sim/behaviour': null }));
    const reverted = await eventually(
      'the old revision',
      () => read('stuck'),
      (object) => object.status.observedGeneration === 3,
    );
    expect(reverted.status.updateRevision).toBe(before.status.updateRevision);
    expect((await pods('stuck'))[1].metadata.uid).toBe(bad.metadata.uid);
    await bed.admin.delete(`${SHOP}/pods/stuck-1`);
    await eventually('health', () => read('stuck'), done);
    expect((await pods('stuck')).every(isReady)).toBe(true);
  });

  test('Parallel makes all at once and finds its own way back', async () => {
    await start('par', { replicas: 3, podManagementPolicy: 'Parallel' });
    await bed.admin.merge(path('par'), template({ 'sim/behaviour': 'never-ready' }));
    await eventually(
      'the bad pod',
      () => pods('par'),
      (list) => list.some((pod) => pod.metadata.annotations?.['sim/behaviour'] === 'never-ready'),
    );
    await bed.admin.merge(path('par'), template({ 'sim/behaviour': null }));
    await eventually('health', () => read('par'), done);
  });

  test('OnDelete waits for someone to delete the pods', async () => {
    await start('hand', { replicas: 1, updateStrategy: { type: 'OnDelete' } });
    const [old] = await pods('hand');
    await bed.admin.merge(path('hand'), template({ v: '2' }));
    const set = await eventually(
      'the new generation',
      () => read('hand'),
      (object) => object.status.observedGeneration === 2,
    );
    expect([set.status.updatedReplicas ?? 0, set.status.readyReplicas]).toEqual([0, 1]);
    expect((await pods('hand'))[0].metadata.uid).toBe(old.metadata.uid);
    await bed.admin.delete(`${SHOP}/pods/hand-0`);
    await eventually(
      'the new pod',
      () => pods('hand'),
      (list) => list[0]?.metadata.annotations?.v === '2' && isReady(list[0]),
    );
  });
});
