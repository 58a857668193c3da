import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startKubelet } from '../../kubelet/index.ts';
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
let second: { stop(): Promise<void> };
beforeAll(async () => {
  bed = await startBed({ kubelet: true });
  second = await startKubelet({
    kubeconfig: bed.cluster.kubeconfig,
    nodeName: 'sim-node-2',
    schedulerName: 'second-scheduler',
  });
});
afterAll(async () => {
  await second.stop();
  await bed.stop();
});

const path = (name: string): string => `${APPS}/daemonsets/${name}`;

async function read(name: string): Promise<Body> {
  return (await bed.admin.get(path(name))).body;
}

async function pods(name: string): Promise<Items<Body>> {
  return (await bed.admin.get(`${SHOP}/pods?labelSelector=app%3D${name}`)).body.items;
}

const done = (set: Body): boolean => {
  const { status } = set;
  return (
    status.observedGeneration === set.metadata.generation &&
    status.desiredNumberScheduled > 0 &&
    status.updatedNumberScheduled === status.desiredNumberScheduled &&
    status.numberAvailable === status.desiredNumberScheduled
  );
};

const one = { 'kubernetes.io/hostname': 'sim-node' };

function daemons(name: string, spec: Fields = {}): Fields {
  return workload('DaemonSet', name, spec, {}, { nodeSelector: one });
}

async function start(name: string, spec: Fields = {}): Promise<Body> {
  await bed.admin.post(`${APPS}/daemonsets`, daemons(name, spec));
  return eventually(`start of ${name}`, () => read(name), done);
}

const template = (annotations: Record<string, string | null>): Fields => ({
  spec: { template: { metadata: { annotations } } },
});

describe('DaemonSet', () => {
  test('one pod on each node it selects, bound by its scheduler', async () => {
    const set = await start('each');
    expect(set.status).toEqual({
      observedGeneration: 1,
      desiredNumberScheduled: 1,
      currentNumberScheduled: 1,
      updatedNumberScheduled: 1,
      numberReady: 1,
      numberAvailable: 1,
      numberMisscheduled: 0,
    });
    const [pod] = await pods('each');
    expect(pod.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms).toEqual([
      { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['sim-node'] }] },
    ]);
    expect(pod.spec.tolerations).toContainEqual({
      key: 'node.kubernetes.io/unschedulable',
      operator: 'Exists',
      effect: 'NoSchedule',
    });
    expect(pod.metadata.labels['controller-revision-hash']).toMatch(/^[a-z0-9]+$/);
  });

  test('without a selector it wants every node', async () => {
    await bed.admin.post(`${APPS}/daemonsets`, workload('DaemonSet', 'all'));
    const set = await eventually(
      'both nodes',
      () => read('all'),
      (object) => object.status.desiredNumberScheduled === 2,
    );
    expect(set.metadata.name).toBe('all');
    const list = await eventually(
      'two pods',
      () => pods('all'),
      (found) => found.length === 2,
    );
    expect(
      new Set(
        list.map(
          (pod) =>
            pod.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]
              .matchFields[0].values[0],
        ),
      ),
    ).toEqual(new Set(['sim-node', 'sim-node-2']));
  });

  test('an update replaces the pod; a bad one is replaced by the rollback', async () => {
    await start('upd');
    const [old] = await pods('upd');
    await bed.admin.merge(path('upd'), template({ 'sim/behaviour': 'crash-loop' }));
    await eventually(
      'the bad pod',
      () => pods('upd'),
      (list) => list[0]?.status.containerStatuses?.[0].state.waiting?.reason === 'CrashLoopBackOff',
    );
    const broken = await eventually(
      'its status',
      () => read('upd'),
      (object) => object.status.numberUnavailable === 1 && object.status.updatedNumberScheduled === 1,
    );
    expect(broken.status.numberReady).toBe(0);
    await bed.admin.merge(path('upd'), template({ 'sim/behaviour': null }));
    await eventually('health', () => read('upd'), done);
    const [pod] = await pods('upd');
    expect(pod.metadata.uid).not.toBe(old.metadata.uid);
    expect(pod.metadata.labels['controller-revision-hash']).toBe(old.metadata.labels['controller-revision-hash']);
  });

  test('OnDelete waits for someone to delete the pod', async () => {
    await start('hand', { updateStrategy: { type: 'OnDelete' } });
    const [old] = await pods('hand');
    await bed.admin.merge(path('hand'), template({ v: '2' }));
    const set = await eventually(
      'the new generation',
      () => read('hand'),
      (object) => object.status.observedGeneration === 2,
    );
    expect(set.status.updatedNumberScheduled ?? 0).toBe(0);
    await bed.admin.delete(`${SHOP}/pods/${old.metadata.name}`);
    await eventually('the new pod', () => read('hand'), done);
  });

  test('no node, no pod', async () => {
    const body = workload('DaemonSet', 'none', {}, {}, { nodeSelector: { nowhere: 'x' } });
    await bed.admin.post(`${APPS}/daemonsets`, body);
    const set = await eventually(
      'its status',
      () => read('none'),
      (object) => object.status.observedGeneration === 1,
    );
    expect([set.status.desiredNumberScheduled, await pods('none')]).toEqual([0, []]);
  });
});
