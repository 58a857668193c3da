import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { renderSummary } from '../../src/action/summary/summary.ts';
import { describeProblem } from '../../src/base/problem.ts';
import type { Workload } from '../../src/cluster/objects.ts';
import { eventually } from '../harness/api.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { awaitReady, pathOf } from '../harness/workloads.ts';
import { onlyTarget, ownPart, POD_RULES, puts, REVISION_LABEL, revisionOf, Scene, WRITE_RULES } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

const STATE = 'deploy-wasm-filter/state';
const USER_VOLUME = 'sidecar.istio.io/userVolume';
const USER_VOLUME_MOUNT = 'sidecar.istio.io/userVolumeMount';

/** Volumes of others, in texts that this action would not write. */
const THEIRS = {
  [USER_VOLUME]: '[ {"name":"certs", "secret": {"optional":true,"secretName":"certs"}} ]',
  [USER_VOLUME_MOUNT]: '{"certs": {"mountPath": "/etc/certs"}}',
};

const templateOf = ({ spec }: Workload): { labels: object; annotations: Record<string, string> } => {
  const { labels = {}, annotations = {} } = spec?.template?.metadata ?? {};
  return { labels, annotations };
};
/** Lets new pods become ready again at the moment in which the workload is rolled back. */
const repairAtRollback = (scene: Scene, workload: Workload, to: string): void => {
  const isRollback = puts(workload, to);
  scene.inject((request) => (isRollback(request) ? { meanwhile: () => scene.turn('well') } : undefined));
};

// Tests of one block run side by side; these wait for pods that never become ready.
describe('new pods that never become ready', () => {
  const kinds = ['Deployment', 'StatefulSet', 'DaemonSet'] as const;

  test.concurrent.each(kinds)('%s: no filter is left of a first deployment, to the letter', async (kind) => {
    const scene = await Scene.open(cluster);
    const podAnnotations = { 'sim/behaviour-with-filter': 'crash-loop' };
    const workload = await scene.workload('bad', {
      kind,
      replicas: 2,
      podAnnotations: { ...podAnnotations, ...THEIRS },
    });
    // Another filter's state, not as this version would write it.
    const state = '{ "other": {"run":"7", "revision":"abcdef0123"} }';
    await cluster.api.patch(pathOf(workload), { metadata: { annotations: { [STATE]: state } } });
    const before = ownPart(await scene.now(workload));
    const report = await scene.deploy({ timeout: '4s' });
    expect(report.outcome).toBe('failed');
    expect(report.changed).toBe(false);
    const { outcome, problem, rollback, diagnosis, steps } = onlyTarget(report);
    expect(outcome).toBe('failed');
    expect(steps.rollout).toBe('failed');
    expect(problem?.kind).toBe('rollout');
    expect(rollback).toEqual({ state: 'rolled-back', to: { 'add-header': null }, durationMs: expect.any(Number) });
    // What its pods said is from before they were replaced.
    expect(diagnosis).toContainEqual(expect.stringMatching(/^pod bad-\S+: app keeps crashing \(Error, exit code 1\)/));
    expect(ownPart(await awaitReady(cluster.api, workload))).toEqual(before);
    const labels = (await scene.pods()).map((pod) => pod.metadata.labels?.[REVISION_LABEL]);
    expect(new Set(labels)).toEqual(new Set([undefined]));
    expect(await scene.objects()).toEqual({ configMaps: [], envoyFilters: [] });
    expect(report.collected.deleted).toHaveLength(2);
  });

  test.concurrent.each(kinds)('%s: the revision of before is back after a second one, to the letter', async (kind) => {
    const scene = await Scene.open(cluster);
    const workload = await scene.switched('bad', { kind, replicas: 2 });
    const revision = revisionOf(onlyTarget(await scene.deploy()));
    const before = ownPart(await scene.now(workload));
    const objects = await scene.objects();
    await scene.turn('unready');
    repairAtRollback(scene, workload, revision);
    const report = await scene.deploy({ configuration: 'x-test: 2', timeout: '4s' });
    const { outcome, rollback, revisions, diagnosis } = onlyTarget(report);
    expect(outcome).toBe('failed');
    expect(report.changed).toBe(false);
    expect(revisions[0]?.before).toBe(revision);
    expect(rollback).toMatchObject({ state: 'rolled-back', to: { 'add-header': revision } });
    expect(diagnosis).toContainEqual(expect.stringMatching(/^pod bad-\S+: container istio-proxy not ready/));
    const now = await awaitReady(cluster.api, workload);
    expect(ownPart(now)).toEqual(before);
    expect(JSON.parse(now.metadata.annotations?.[STATE] ?? '')).toMatchObject({ 'add-header': { revision } });
    const labels = (await scene.pods()).map((pod) => pod.metadata.labels?.[REVISION_LABEL]);
    expect(new Set(labels)).toEqual(new Set([revision]));
    expect(await scene.objects()).toEqual(objects);
    // And the next run of the earlier settings has nothing to do.
    scene.forget();
    expect((await scene.deploy()).outcome).toBe('unchanged');
    expect(scene.writes).toEqual([]);
  });

  test.concurrent('a Deployment that is back where it was is not held to the deadline that it missed before', async () => {
    const scene = await Scene.open(cluster);
    const podAnnotations = { 'sim/behaviour-with-filter': 'never-ready' };
    // All old pods stay, so there is no progress to see when it goes back.
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
    const spec = { progressDeadlineSeconds: 2, strategy };
    const workload = await scene.workload('bad', { podAnnotations, spec });
    const report = await scene.deploy({ timeout: '30s' });
    const { problem, rollback } = onlyTarget(report);
    expect(problem?.message).toMatch(/no progress for 2 s/);
    expect(rollback).toEqual({ state: 'rolled-back', to: { 'add-header': null }, durationMs: expect.any(Number) });
    await awaitReady(cluster.api, workload);
  });

  test.concurrent('a Deployment that somebody pauses is said to be paused, by the deployment and by its rollback', async () => {
    const scene = await Scene.open(cluster);
    const podAnnotations = { 'sim/behaviour-with-filter': 'never-ready' };
    // One old pod is gone, which only a controller that goes on can bring back.
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } };
    const workload = await scene.workload('bad', { replicas: 2, podAnnotations, spec: { strategy } });
    const running = scene.deploy({ timeout: '5s' });
    await eventually('a new pod', async () => {
      const { status } = await scene.now(workload);
      return (status?.updatedReplicas === 1 && status.replicas === 2) || undefined;
    });
    await cluster.api.patch(pathOf(workload), { spec: { paused: true } });
    const { problem, rollback } = onlyTarget(await running);
    const resume = `Resume it: \`kubectl rollout resume -n ${scene.namespace} deployment/bad\`. Then re-run the job.`;
    expect(problem).toMatchObject({
      message: expect.stringMatching(
        /^not ready after 5\.0 s: it is paused by spec\.paused until somebody resumes it, with /,
      ),
      remedy: resume,
    });
    expect(rollback?.problem).toMatchObject({
      message: expect.stringMatching(
        /^was rolled back, but its pods do not become ready \(it is paused by spec\.paused /,
      ),
      remedy: `${resume} The pod template is rolled back already.`,
    });
    // Nobody changed the template itself.
    expect(rollback).not.toHaveProperty('differs');
  });

  test.concurrent('what others changed in the pod template meanwhile is not said to be as it was', async () => {
    const scene = await Scene.open(cluster);
    const podAnnotations = { 'sim/behaviour-with-filter': 'never-ready' };
    const workload = await scene.workload('bad', { podAnnotations });
    const running = scene.deploy({ timeout: '4s' });
    await scene.seen('the patch', ({ method, path, status }) => {
      return method === 'PATCH' && status === 200 && path.startsWith(pathOf(workload));
    });
    const theirs = { 'sim/behaviour': 'never-ready' };
    await cluster.api.patch(pathOf(workload), { spec: { template: { metadata: { annotations: theirs } } } });
    const report = await running;
    expect(onlyTarget(report).rollback).toMatchObject({ template: 'before', differs: 'changed-by-others' });
    const summary = renderSummary(report.whole);
    expect(summary).toMatch(/is taken back; what others changed in it meanwhile is still there\./);
    expect(summary).not.toMatch(/template is as it was before/);
  });

  test.concurrent.each<[string, object, object]>([
    [
      'the revision',
      { labels: { [REVISION_LABEL]: '0123456789' } },
      {
        kind: 'conflict',
        message: expect.stringMatching(
          /^was rolled back, and then its pod template was put back by .*; it was left alone/,
        ),
      },
    ],
    [
      'the mount',
      { annotations: { [USER_VOLUME]: null, [USER_VOLUME_MOUNT]: null } },
      {
        kind: 'rolled-back-not-ready',
        message: expect.stringMatching(/^was rolled back, but .* mount of the filter "add-header" was taken out/),
      },
    ],
  ])('a rollback of which somebody undoes %s is not said to be there', async (_, metadata, problem) => {
    const scene = await Scene.open(cluster);
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } };
    const workload = await scene.switched('bad', { replicas: 2, spec: { strategy } });
    const isRollback = puts(workload, revisionOf(onlyTarget(await scene.deploy())));
    await scene.turn('unready');
    scene.forget();
    const running = scene.deploy({ configuration: 'x-test: 2', timeout: '4s' });
    await scene.seen('the rollback', (request) => isRollback(request) && request.status === 200);
    await cluster.api.patch(pathOf(workload), { spec: { template: { metadata } } }, 'kubectl-edit');
    const report = await running;
    const { rollback } = onlyTarget(report);
    expect(rollback).toMatchObject({ state: 'failed', problem });
    expect(rollback?.problem?.remedy).not.toMatch(/rolled back already/);
    expect(renderSummary(report.whole)).not.toMatch(/template is as it was before/);
  });

  test.concurrent('a StatefulSet whose stuck pods may not be deleted is not begun, unless what fails is kept', async () => {
    const scene = await Scene.open(cluster);
    const podAnnotations = { 'sim/behaviour-with-filter': 'crash-loop' };
    await scene.workload('bad', { kind: 'StatefulSet', replicas: 2, podAnnotations });
    const kubeconfig = await scene.user(...WRITE_RULES, POD_RULES.list, POD_RULES.exec);
    const report = await scene.deploy({ kubeconfig, timeout: '3s' });
    expect(report.problems.map(describeProblem)).toEqual([
      expect.stringMatching(
        /cannot delete pods in namespace "\S+"\. .* that a StatefulSet waits for when it is rolled back/,
      ),
    ]);
    expect(scene.writes).toEqual([]);
    const kept = onlyTarget(await scene.deploy({ kubeconfig, timeout: '3s', 'on-failure': 'keep' }));
    expect(kept.problem?.kind).toBe('rollout');
  });

  /** A verified revision, and over it one that never becomes ready, of a run that did not see that. */
  const afterKilledRun = async (): Promise<{ scene: Scene; workload: Workload; revision: string }> => {
    const scene = await Scene.open(cluster);
    const workload = await scene.switched('reviews', { replicas: 2 });
    const revision = revisionOf(onlyTarget(await scene.deploy()));
    await scene.turn('unready');
    await scene.deploy({ configuration: 'x-test: 2', wait: 'false' });
    repairAtRollback(scene, workload, revision);
    return { scene, workload, revision };
  };

  test.concurrent('after a run that did not wait, the same inputs find it and go back to the revision before', async () => {
    const { scene, workload, revision } = await afterKilledRun();
    const report = await scene.deploy({ configuration: 'x-test: 2', timeout: '3s' });
    const { outcome, steps, rollback } = onlyTarget(report);
    expect(outcome).toBe('failed');
    expect(steps.template).toBe('unchanged');
    expect(rollback).toMatchObject({ state: 'rolled-back', to: { 'add-header': revision } });
    const now = await awaitReady(cluster.api, workload);
    expect(templateOf(now).labels).toMatchObject({ [REVISION_LABEL]: revision });
    expect(JSON.parse(now.metadata.annotations?.[STATE] ?? '')).toMatchObject({ 'add-header': { revision } });
    scene.forget();
    expect((await scene.deploy()).outcome).toBe('unchanged');
    expect(scene.writes).toEqual([]);
  });

  test.concurrent('after a run that did not wait, other inputs that fail, too, go back to the last one that was verified', async () => {
    const { scene, workload, revision } = await afterKilledRun();
    const { rollback } = onlyTarget(await scene.deploy({ configuration: 'x-test: 3', timeout: '3s' }));
    expect(rollback).toMatchObject({ state: 'rolled-back', to: { 'add-header': revision } });
    expect(templateOf(await awaitReady(cluster.api, workload)).labels).toMatchObject({ [REVISION_LABEL]: revision });
  });

  test.concurrent('after a run that did not wait, the same inputs go back to no filter where there was none', async () => {
    const scene = await Scene.open(cluster);
    const podAnnotations = { 'sim/behaviour-with-filter': 'crash-loop' };
    const workload = await scene.workload('reviews', { replicas: 2, podAnnotations });
    const before = ownPart(await scene.now(workload));
    await scene.deploy({ wait: 'false' });
    const { rollback } = onlyTarget(await scene.deploy({ timeout: '3s' }));
    expect(rollback).toMatchObject({ state: 'rolled-back', to: { 'add-header': null } });
    expect(ownPart(await awaitReady(cluster.api, workload))).toEqual(before);
  });

  test.concurrent('a verified workload that is unready for another reason is not rolled back by a run that changes nothing', async () => {
    const scene = await Scene.open(cluster);
    const workload = await scene.switched('reviews');
    await scene.deploy();
    const before = ownPart(await scene.now(workload));
    await scene.turn('unready');
    for (const { metadata } of await scene.pods()) {
      await cluster.api.delete(`/api/v1/namespaces/${scene.namespace}/pods/${metadata.name}`);
    }
    // The controller may be slower than a run: until it has counted, the workload still says that it is ready.
    await eventually(
      'a workload without ready pods',
      async () => !(await scene.now(workload)).status?.readyReplicas || undefined,
    );
    scene.forget();
    const { outcome, problem, rollback } = onlyTarget(await scene.deploy({ timeout: '2s' }));
    expect(outcome).toBe('failed');
    expect(problem?.kind).toBe('rollout');
    expect(rollback).toBeUndefined();
    expect(scene.writes).toEqual([]);
    expect(ownPart(await scene.now(workload))).toEqual(before);
  });

  /** Deploys what never becomes ready, while somebody edits the pod template of the rollout. */
  const failWhile = async (
    edit: (annotations: Readonly<Record<string, string>>) => Readonly<Record<string, string>>,
  ): Promise<Workload> => {
    const scene = await Scene.open(cluster);
    const podAnnotations = { ...THEIRS, 'sim/behaviour-with-filter': 'never-ready' };
    const workload = await scene.workload('bad', { replicas: 2, podAnnotations });
    const running = scene.deploy({ timeout: '4s' });
    await scene.seen('the patch', ({ method, path, status }) => {
      return method === 'PATCH' && status === 200 && path.startsWith(pathOf(workload));
    });
    const { annotations } = templateOf(await scene.now(workload));
    await cluster.api.patch(pathOf(workload), { spec: { template: { metadata: { annotations: edit(annotations) } } } });
    const { rollback, problem } = onlyTarget(await running);
    expect(problem?.kind).toBe('rollout');
    expect(rollback?.state).toBe('rolled-back');
    const now = await awaitReady(cluster.api, workload);
    expect(now.metadata.annotations?.[STATE]).toBeUndefined();
    expect(templateOf(now).labels).toEqual({ app: 'bad' });
    return now;
  };

  test.concurrent('volumes of others stay, and so does an annotation that somebody adds meanwhile', async () => {
    const now = await failWhile(() => ({ added: 'meanwhile' }));
    expect(templateOf(now).annotations).toEqual({
      ...THEIRS,
      'sim/behaviour-with-filter': 'never-ready',
      added: 'meanwhile',
    });
  });

  test.concurrent('volumes of others stay, and so does one that somebody adds meanwhile', async () => {
    const added = { name: 'added', emptyDir: {} };
    const now = await failWhile((annotations) => ({
      [USER_VOLUME]: JSON.stringify([...JSON.parse(annotations[USER_VOLUME] ?? ''), added]),
    }));
    const { annotations } = templateOf(now);
    expect(JSON.parse(annotations[USER_VOLUME] ?? '')).toEqual([...JSON.parse(THEIRS[USER_VOLUME]), added]);
    expect(annotations[USER_VOLUME_MOUNT]).toBe(THEIRS[USER_VOLUME_MOUNT]);
  });
});
