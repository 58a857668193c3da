import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../src/base/problem.ts';
import type { Workload } from '../../src/cluster/objects.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { awaitReady, pathOf } from '../harness/workloads.ts';
import { onlyTarget, Scene } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

/** A workload that is ready now, and whose next pods behave in the given way. */
const createTurning = (scene: Scene, name: string, behaviour: string): Promise<Workload> =>
  scene.workload(name, { replicas: 2, podAnnotations: { 'sim/behaviour-with-filter': behaviour } });
const isPatchOf =
  (workload: Workload) =>
  ({ method, path }: { readonly method: string; readonly path: string }): boolean =>
    method === 'PATCH' && path.startsWith(`${pathOf(workload)}?`);

// These wait, side by side, for what never comes.
describe('rollouts that do not go well', () => {
  test.concurrent('new pods that cannot get ready fail soon, long before the timeout, with the cause', async () => {
    const scene = await Scene.open(cluster);
    const read = 'mkdir /var/local/lib/wasm-filters/add-header: read-only file system';
    const cases: Readonly<Record<string, readonly [behaviour: string, message: string, RegExp, container?: string]>> = {
      pull: ['image-pull-back-off', '', /cannot get ready: ImagePullBackOff \(app\): .*ErrImagePull: not found/],
      never: ['waiting ErrImageNeverPull', 'not present', /: ErrImageNeverPull \(app\): not present\.$/],
      unknown: ['waiting AReasonOfNextYear', 'odd', /: AReasonOfNextYear \(app\): odd\.$/],
      crash: ['crash-loop', '', /: app keeps crashing \(Error, exit code 1\); its log ends: panic: no table\.$/],
      memory: ['crashed OOMKilled', '', /: app keeps crashing \(OOMKilled, exit code 137\)\.$/],
      mount: ['failed-mount', '', /: FailedMount: /],
      proxy: [
        'crashed StartError',
        read,
        /: istio-proxy cannot be started \(StartError, exit code 128\): mkdir .*read-only file system\.$/,
        'istio-proxy',
      ],
      refused: [
        'refused UnexpectedAdmissionError',
        'no device',
        /: nodes do not run its pods: UnexpectedAdmissionError: no device\.$/,
      ],
    };
    for (const [name, [behaviour, message, , container]] of Object.entries(cases)) {
      await scene.workload(name, {
        podAnnotations: {
          'sim/behaviour-with-filter': behaviour,
          'sim/message': message,
          // A node that refuses pods gets new ones as fast as it does.
          ...(behaviour.startsWith('refused') ? { 'sim/ready-after-ms': '2000' } : {}),
          ...(container === undefined ? {} : { 'sim/container': container }),
        },
      });
    }
    // The simulated node has no logs.
    const log = { answer: { status: 200, body: 'started\npanic: no table\n\tmain.go:5\n' } };
    scene.inject(({ path }) => (/\/crash-[^/]*\/log\?.*previous=true/.test(path) ? log : undefined));
    const { targets } = await scene.deploy({ timeout: '10m' });
    for (const { ref, problem, rollback } of targets) {
      expect(problem?.message).toMatch(cases[ref.name]?.[2] ?? /no such workload/);
      expect(rollback?.state).toBe('restored');
    }
    expect(targets).toHaveLength(Object.keys(cases).length);
  });

  test.concurrent.each<[string, RegExp]>([
    ['never-ready', /not ready after 10 s: .*app not ready/],
    ['image-pull-back-off', /ImagePullBackOff \(app\)/],
    ['crash-loop', /app keeps crashing \(Error, exit code 1\)/],
    ['failed-mount', /FailedMount: /],
    ['unschedulable', /FailedScheduling: /],
  ])(
    'new pods that are %s fail at the timeout with what they say, and the others go on',
    async (behaviour, sentence) => {
      const scene = await Scene.open(cluster);
      const workload = await createTurning(scene, 'bad', behaviour);
      await scene.workload('good');
      const { report, log } = await scene.run({ timeout: '10s' });
      expect(report.outcome).toBe('failed');
      const [bad, good] = report.targets;
      expect(bad?.outcome).toBe('failed');
      expect(bad?.problem && describeProblem(bad.problem)).toMatch(sentence);
      expect(bad?.evidence.some((line) => line.startsWith('pod bad-'))).toBe(true);
      expect(good?.outcome).toBe('deployed');
      expect(log.some((line) => /^1\/2 ready · bad: /.test(line))).toBe(true);
      // It has its pods of before, and no others any more.
      expect(bad?.rollback?.state).toBe('restored');
      const { status, spec } = await awaitReady(cluster.api, workload);
      expect(status?.availableReplicas).toBe(2);
      expect(spec?.template?.metadata?.labels).toEqual({ app: 'bad' });
    },
  );

  test.concurrent('a second run does not call a stuck rollout unchanged', async () => {
    const scene = await Scene.open(cluster);
    await createTurning(scene, 'bad', 'never-ready');
    await scene.deploy({ timeout: '1s', 'on-failure': 'keep' });
    scene.forget();
    const report = await scene.deploy({ timeout: '1s', 'on-failure': 'keep' });
    expect(scene.writes).toEqual([]);
    expect(report.outcome).toBe('failed');
    expect(report.changed).toBe(false);
  });

  test.concurrent('a module that the proxy refuses: its log is quoted, as soon as the proxy says so', async () => {
    const scene = await Scene.open(cluster);
    await createTurning(scene, 'reviews', 'proxy-not-ready');
    // The simulated node has no logs; these are a real proxy's words.
    const body = [
      'critical\tenvoy wasm context.cc:1160\twasm log root add-header: the configuration must be "name: value"\tthread=13',
      'error\tenvoy wasm wasm.cc:104\tWasm VM failed Failed to configure base Wasm plugin\tthread=13',
    ].join('\n');
    scene.inject(({ path }) => (path.includes('/log?') ? { answer: { status: 200, body } } : undefined));
    const { problem, rollback } = onlyTarget(await scene.deploy({ timeout: '10m' }));
    expect(problem?.message).toBe(
      'cannot get ready: Envoy refuses the filter. Failed to configure base Wasm plugin; the filter said: the configuration must be "name: value".',
    );
    expect(rollback?.state).toBe('restored');
  });

  test.concurrent('a proxy that is not ready and says nothing is waited for', async () => {
    const scene = await Scene.open(cluster);
    await createTurning(scene, 'reviews', 'proxy-not-ready');
    const { problem } = onlyTarget(await scene.deploy({ timeout: '8s' }));
    expect(problem?.message).toMatch(/not ready after 8\.0 s: .*istio-proxy not ready/);
  });

  test.concurrent('a newer run wins: the older one stops and touches nothing more', async () => {
    const scene = await Scene.open(cluster);
    const workload = await createTurning(scene, 'reviews', 'never-ready');
    const older = scene.deploy({ timeout: '30s' });
    await scene.seen('the patch of the older run', isPatchOf(workload));
    const newer = scene.deploy({ configuration: 'newer', timeout: '1s', 'on-failure': 'keep' });
    const { problem, rollback } = onlyTarget(await older);
    expect(problem?.kind).toBe('conflict');
    expect(problem?.message).toMatch(/another run put revision [0-9a-f]{10}/);
    expect(rollback).toBeUndefined();
    const revision = onlyTarget(await newer).revisions[0]?.revision;
    const { labels } = (await scene.now(workload)).spec?.template?.metadata ?? {};
    expect(labels?.['deploy-wasm-filter/add-header']).toBe(revision);
  });

  test.concurrent('a workload that is deleted meanwhile', async () => {
    const scene = await Scene.open(cluster);
    const workload = await createTurning(scene, 'reviews', 'never-ready');
    const running = scene.deploy({ timeout: '30s' });
    await scene.seen('the patch', isPatchOf(workload));
    await cluster.api.delete(pathOf(workload));
    expect(onlyTarget(await running).problem?.message).toMatch(/was deleted/);
  });

  test.concurrent('a cancelled run writes nothing more and says where it stands', async () => {
    const scene = await Scene.open(cluster);
    const workload = await createTurning(scene, 'reviews', 'never-ready');
    const controller = new AbortController();
    const running = scene.deploy({ timeout: '60s' }, { cancelled: controller.signal });
    await scene.seen('the patch', isPatchOf(workload));
    controller.abort();
    const report = await running;
    expect(report.cancelled).toBe(true);
    expect(report.outcome).toBe('failed');
    expect(onlyTarget(report).rollback).toBeUndefined();
    expect(scene.patchesOf(workload)).toHaveLength(1);
  });

  test.concurrent('a StatefulSet is done only when every pod has the new revision', async () => {
    const scene = await Scene.open(cluster);
    const workload = await scene.workload('ratings', { kind: 'StatefulSet', replicas: 2 });
    const report = await scene.deploy();
    expect(report.outcome).toBe('deployed');
    const now = await awaitReady(cluster.api, workload);
    expect(now.status?.currentRevision).toBe(now.status?.updateRevision);
  });
});
