import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  APPS,
  type Body,
  type Condition,
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

const path = (name: string): string => `${APPS}/deployments/${name}`;

async function read(name: string): Promise<Body> {
  return (await bed.admin.get(path(name))).body;
}

async function pods(name: string): Promise<Items<Body>> {
  return (await bed.admin.get(`${SHOP}/pods?labelSelector=app%3D${name}`)).body.items;
}

async function sets(name: string): Promise<Items<Body>> {
  return (await bed.admin.get(`${APPS}/replicasets?labelSelector=app%3D${name}`)).body.items;
}

function condition(object: Body, type: string): Condition | undefined {
  return object.status?.conditions?.find((item) => item.type === type);
}

function isReady(pod: Body): boolean {
  return condition(pod, 'Ready')?.status === 'True';
}

const done = (object: Body): boolean =>
  object.status?.observedGeneration === object.metadata.generation &&
  condition(object, 'Progressing')?.reason === 'NewReplicaSetAvailable' &&
  (object.status.updatedReplicas ?? 0) === object.spec.replicas &&
  (object.status.replicas ?? 0) === object.spec.replicas;

async function rolledOut(name: string): Promise<Body> {
  return eventually(`rollout of ${name}`, () => read(name), done);
}

async function start(name: string, spec: Fields, annotations: Record<string, string> = {}): Promise<Body> {
  await bed.admin.post(`${APPS}/deployments`, workload('Deployment', name, spec, annotations));
  return rolledOut(name);
}

function template(annotations: Record<string, string | null>): Fields {
  return { spec: { template: { metadata: { annotations } } } };
}

describe('Deployment', () => {
  test('a new one makes a ReplicaSet, its pods, and a complete status', async () => {
    const object = await start('first', { replicas: 2 });
    expect(object.status).toEqual({
      observedGeneration: 1,
      replicas: 2,
      updatedReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 2,
      conditions: [
        expect.objectContaining({ type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable' }),
        expect.objectContaining({ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }),
      ],
    });
    const [set] = await sets('first');
    const hash = set.metadata.labels['pod-template-hash'];
    expect(set.metadata.name).toBe(`first-${hash}`);
    expect(set.metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '1',
      'deployment.kubernetes.io/desired-replicas': '2',
    });
    expect(object.metadata.annotations).toEqual({ 'deployment.kubernetes.io/revision': '1' });
    const running = await pods('first');
    expect(running).toHaveLength(2);
    for (const pod of running) {
      expect(pod.metadata.name).toMatch(new RegExp(`^first-${hash}-[a-z0-9]{5}$`));
      expect(pod.metadata.ownerReferences).toMatchObject([
        { kind: 'ReplicaSet', name: set.metadata.name, controller: true },
      ]);
      expect(pod.spec.nodeName).toBe('sim-node');
    }
  });

  test('a rolling update stays within its limits all the way', async () => {
    await start(
      'roll',
      { replicas: 4, strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } },
      { 'sim/ready-after-ms': '20' },
    );
    const watch = await bed.admin.watch(`${APPS}/deployments?watch=true&fieldSelector=metadata.name%3Droll`);
    await bed.admin.merge(path('roll'), template({ v: '2' }));
    const seen: Body['status'][] = [];
    for (;;) {
      const { object } = await watch.next();
      if (object.metadata.generation < 2) continue;
      seen.push(object.status);
      if (done(object)) break;
    }
    watch.close();
    expect(Math.max(...seen.map((status) => status.replicas ?? 0))).toBeLessThanOrEqual(5);
    expect(Math.min(...seen.map((status) => status.availableReplicas ?? 0))).toBeGreaterThanOrEqual(3);
    expect((await pods('roll')).every((pod) => pod.metadata.annotations.v === '2')).toBe(true);
    expect((await sets('roll')).map((set) => set.spec.replicas).sort()).toEqual([0, 4]);
  });

  test.each(['crash-loop', 'image-pull-back-off', 'never-ready', 'failed-mount', 'unschedulable'])(
    'bad new pods (%s) leave the old ones serving; the old template brings back the old ReplicaSet',
    async (behaviour) => {
      const name = `bad-${behaviour}`;
      await start(name, { replicas: 2 });
      const [before] = await sets(name);
      await bed.admin.merge(path(name), template({ 'sim/behaviour': behaviour }));
      const stuck = await eventually(
        'a stuck rollout',
        () => read(name),
        (object) =>
          object.status.observedGeneration === 2 &&
          object.status.unavailableReplicas === 1 &&
          object.status.updatedReplicas === 1,
      );
      expect(stuck.status).toMatchObject({ replicas: 3, availableReplicas: 2, readyReplicas: 2 });
      const serving = (await pods(name)).filter(isReady).map((pod) => pod.metadata.uid);
      expect(serving).toHaveLength(2);
      await bed.admin.merge(path(name), template({ 'sim/behaviour': null }));
      const back = await eventually(
        'the rollback',
        () => read(name),
        (object) => object.status.observedGeneration === 3 && done(object),
      );
      expect(back.metadata.annotations['deployment.kubernetes.io/revision']).toBe('3');
      const after = await sets(name);
      expect(after).toHaveLength(2);
      expect(after.find((set) => set.metadata.uid === before.metadata.uid)?.spec.replicas).toBe(2);
      expect((await pods(name)).map((pod) => pod.metadata.uid).sort()).toEqual(serving.sort());
    },
  );

  test('a missed deadline is reported, and forgotten after the rollback', async () => {
    await start('late', { replicas: 1, progressDeadlineSeconds: 1 });
    await bed.admin.merge(path('late'), template({ 'sim/behaviour': 'never-ready' }));
    const late = await eventually(
      'the deadline',
      () => read('late'),
      (object) => condition(object, 'Progressing')?.status === 'False',
    );
    expect(condition(late, 'Progressing')).toMatchObject({
      reason: 'ProgressDeadlineExceeded',
      message: expect.stringMatching(/^ReplicaSet "late-.*" has timed out progressing\.$/),
    });
    expect(condition(late, 'Available')?.status).toBe('True');
    await bed.admin.merge(path('late'), template({ 'sim/behaviour': null }));
    await rolledOut('late');
  });

  test('scaling up and down, and to nothing', async () => {
    await start('scale', { replicas: 1 });
    for (const replicas of [3, 1, 0]) {
      await bed.admin.merge(path('scale'), { spec: { replicas } });
      const object = await eventually(
        `${replicas} replicas`,
        () => read('scale'),
        (state) =>
          state.status.observedGeneration === state.metadata.generation &&
          (state.status.replicas ?? 0) === replicas &&
          (state.status.readyReplicas ?? 0) === replicas,
      );
      expect(condition(object, 'Available')?.status).toBe('True');
      await eventually(
        'as many pods',
        () => pods('scale'),
        (list) => list.length === replicas,
      );
    }
    expect(await sets('scale')).toHaveLength(1);
  });

  test('with 0 replicas a new template is rolled out at once', async () => {
    await start('zero', { replicas: 0 });
    await bed.admin.merge(path('zero'), template({ v: '2' }));
    const object = await eventually(
      'the new generation',
      () => read('zero'),
      (state) => state.status.observedGeneration === 2,
    );
    expect(condition(object, 'Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
    expect(await pods('zero')).toEqual([]);
  });

  test('a paused one keeps its pods until it is resumed', async () => {
    await start('pause', { replicas: 1 });
    await bed.admin.merge(path('pause'), {
      spec: { paused: true, template: { metadata: { annotations: { v: '2' } } } },
    });
    const paused = await eventually(
      'the pause',
      () => read('pause'),
      (object) => condition(object, 'Progressing')?.reason === 'DeploymentPaused',
    );
    expect(paused.status.updatedReplicas ?? 0).toBe(0);
    expect(await sets('pause')).toHaveLength(1);
    await bed.admin.merge(path('pause'), { spec: { paused: null } });
    await rolledOut('pause');
    expect(await sets('pause')).toHaveLength(2);
  });

  test('Recreate ends all old pods before the first new one', async () => {
    await start('anew', { replicas: 2, strategy: { type: 'Recreate' } });
    const watch = await bed.admin.watch(`${SHOP}/pods?watch=true&labelSelector=app%3Danew`);
    await bed.admin.merge(path('anew'), template({ v: '2' }));
    const seen: string[] = [];
    while (seen.filter((item) => item === 'ADDED 2').length < 2) {
      const event = await watch.next();
      const version = event.object.metadata.annotations?.v ?? '1';
      if (event.type !== 'MODIFIED') seen.push(`${event.type} ${version}`);
    }
    watch.close();
    expect(seen.slice(-4)).toEqual(['DELETED 1', 'DELETED 1', 'ADDED 2', 'ADDED 2']);
  });

  test('minReadySeconds delays availability', async () => {
    await bed.admin.post(`${APPS}/deployments`, workload('Deployment', 'slow', { replicas: 1, minReadySeconds: 2 }));
    const ready = await eventually(
      'ready',
      () => read('slow'),
      (object) => object.status?.readyReplicas === 1,
    );
    expect(ready.status.availableReplicas).toBeUndefined();
    await rolledOut('slow');
  });

  test('a deleted pod is replaced; a deleted Deployment takes its ReplicaSets and pods along', async () => {
    await start('gone', { replicas: 1 });
    const [pod] = await pods('gone');
    await bed.admin.delete(`${SHOP}/pods/${pod.metadata.name}`);
    await eventually(
      'another pod',
      () => pods('gone'),
      (list) => list.length === 1 && list[0].metadata.uid !== pod.metadata.uid && isReady(list[0]),
    );
    await bed.admin.delete(path('gone'), { propagationPolicy: 'Background' });
    await eventually(
      'nothing left',
      async () => [...(await sets('gone')), ...(await pods('gone'))],
      (left) => left.length === 0,
    );
  });

  test('foreground deletion ends the dependents first, orphan deletion leaves them', async () => {
    await start('front', { replicas: 1 });
    const marked = await bed.admin.delete(path('front'), { propagationPolicy: 'Foreground' });
    expect(marked.body.metadata.finalizers).toEqual(['foregroundDeletion']);
    await eventually(
      'the end',
      () => bed.admin.get(path('front')),
      (answer) => answer.status === 404,
    );
    expect([...(await sets('front')), ...(await pods('front'))]).toEqual([]);
    await start('orphan', { replicas: 1 });
    await bed.admin.delete(path('orphan'), { propagationPolicy: 'Orphan' });
    await eventually(
      'the end',
      () => bed.admin.get(path('orphan')),
      (answer) => answer.status === 404,
    );
    const [set] = await sets('orphan');
    expect(set.metadata.ownerReferences).toBeUndefined();
    expect(await pods('orphan')).toHaveLength(1);
  });
});
