import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { outputsOf } from '../../src/action/outputs/outputs.ts';
import { renderSummary } from '../../src/action/summary/summary.ts';
import { verdictOf } from '../../src/action/verdict/verdict.ts';
import { describeProblem } from '../../src/base/problem.ts';
import type { Workload } from '../../src/cluster/objects.ts';
import type { RunOptions, SeenReport } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import type { RecordedRequest } from '../harness/recorder.ts';
import { awaitReady, pathOf } from '../harness/workloads.ts';
import { onlyTarget, revisionOf, Scene } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

/** A workload that is ready now, and whose next pods behave in the given way. */
const createTurning = (scene: Scene, name: string, behaviour: string): Promise<Workload> =>
  scene.workload(name, { replicas: 2, podAnnotations: { 'sim/behaviour-with-filter': behaviour } });

/** A patch that was taken; one that met a conflict is repeated on what stands there then. */
const isPatchOf =
  (workload: Workload) =>
  ({ method, path, status }: RecordedRequest): boolean =>
    method === 'PATCH' && status === 200 && path.startsWith(`${pathOf(workload)}?`);

// These wait, side by side, for what never comes.
describe('rollouts that do not go well', () => {
  test.concurrent('new pods that cannot become ready fail soon, long before the timeout, with the cause', async () => {
    const scene = await Scene.open(cluster);
    const read = 'mkdir /var/local/lib/wasm-filters/add-header: read-only file system';
    const cases: Readonly<Record<string, readonly [behaviour: string, message: string, RegExp, container?: string]>> = {
      pull: ['image-pull-back-off', '', /cannot become ready: ImagePullBackOff \(app\): .*ErrImagePull: not found/],
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
      // A native sidecar that ends with 0 again and again has no CrashLoopBackOff.
      sidecar: ['crashed Completed', '', /: istio-proxy keeps exiting \(Completed\)/, 'istio-proxy'],
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
    const { targets } = await scene.deploy({ timeout: '10m', 'max-parallel': '100%' });
    for (const { ref, problem, rollback } of targets) {
      expect(problem?.message).toMatch(cases[ref.name]?.[2] ?? /no such workload/);
      expect([ref.name, rollback]).toMatchObject([ref.name, { state: 'rolled-back' }]);
      const mounts = /Choose another folder with .*"mount-path"/.test(problem?.remedy ?? '');
      expect([ref.name, mounts]).toEqual([ref.name, ref.name === 'proxy']);
    }
    expect(targets).toHaveLength(Object.keys(cases).length);
    // A trouble has to last for 20 s to be a verdict; nine of them, and their rollbacks, share what may be a slow machine.
  }, 180_000);

  test.concurrent.each<[string, RegExp]>([
    ['never-ready', /not ready after 10 s: .*container app not ready.* The log of app ends: no database\./],
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
      const appLog = { answer: { status: 200, body: 'no database\n' } };
      scene.inject(({ path }) => (/\/bad-[^/]*\/log\?.*container=app/.test(path) ? appLog : undefined));
      const { report, log } = await scene.run({ timeout: '10s' });
      expect(report.outcome).toBe('failed');
      const [bad, good] = report.targets;
      expect(bad?.outcome).toBe('failed');
      expect(bad?.problem && describeProblem(bad.problem)).toMatch(sentence);
      expect(bad?.diagnosis.some((line) => line.startsWith('pod bad-'))).toBe(true);
      expect(good?.outcome).toBe('deployed');
      expect(log.some((line) => /^1\/2 ready · bad: /.test(line))).toBe(true);
      // It has its pods of before, and no others any more.
      expect(bad?.rollback?.state).toBe('rolled-back');
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

  test.concurrent('a module that the proxy rejects: its log is quoted, as soon as the proxy says so', async () => {
    const scene = await Scene.open(cluster);
    await createTurning(scene, 'reviews', 'proxy-not-ready');
    // The simulated node has no logs; these are a real proxy's words.
    const body = [
      '2026-01-02T03:04:05.678901Z\tcritical\tenvoy wasm context.cc:1160\twasm log root add-header: the configuration must be "name: value"\tthread=13',
      '2026-01-02T03:04:05.678901Z\terror\tenvoy wasm wasm.cc:104\tWasm VM failed Failed to configure base Wasm plugin\tthread=13',
    ].join('\n');
    scene.inject(({ path }) => (path.includes('/log?') ? { answer: { status: 200, body } } : undefined));
    const { problem, rollback } = onlyTarget(await scene.deploy({ timeout: '10m' }));
    expect(problem?.message).toBe(
      'cannot become ready: Envoy rejects the filter. The filter said: the configuration must be "name: value" (Failed to configure base Wasm plugin).',
    );
    expect(rollback?.state).toBe('rolled-back');
  });

  test.concurrent('a proxy that is not ready and says nothing is waited for', async () => {
    const scene = await Scene.open(cluster);
    await createTurning(scene, 'reviews', 'proxy-not-ready');
    const { problem } = onlyTarget(await scene.deploy({ timeout: '8s' }));
    expect(problem?.message).toMatch(/not ready after 8\.0 s: .*container istio-proxy not ready/);
  });

  const runOf = (id: number): RunOptions => ({
    environment: { GITHUB_REPOSITORY: 'shop/filters', GITHUB_RUN_ID: String(id), GITHUB_RUN_ATTEMPT: '1' },
  });

  test.concurrent('a newer run wins: the older one says so, touches nothing more, and names what runs', async () => {
    const scene = await Scene.open(cluster);
    const workload = await createTurning(scene, 'reviews', 'never-ready');
    const other = await scene.workload('ratings');
    const targets = '- { kind: deployment, name: reviews }\n- { kind: deployment, name: ratings, wave: 2 }';
    const older = scene.deploy({ targets, timeout: '30s' }, runOf(41));
    await scene.seen('the patch of the older run', isPatchOf(workload));
    const newer = scene.deploy(
      { configuration: 'newer', targets: '- deployment/reviews', timeout: '1s', 'on-failure': 'keep' },
      runOf(42),
    );
    const report = await older;
    const revision = onlyTarget(await newer).revisions[0]?.revision ?? '';
    expect(report).toMatchObject({ outcome: 'superseded', problems: [], cancelled: false });
    expect(report.targets.map(({ ref, outcome, problem, rollback }) => [ref.name, outcome, problem, rollback])).toEqual(
      [
        ['reviews', 'superseded', undefined, undefined],
        ['ratings', 'untouched', undefined, undefined],
      ],
    );
    expect(report.targets[0]?.newer).toMatchObject({ filter: 'add-header', revision, run: 'shop/filters/42/1' });
    expect(outputsOf(report.whole)).toMatchObject({ result: 'superseded', revision, failed: '0', deployed: '0' });
    expect(verdictOf(report.whole)).toBe('⏭️ add-header: run 42 has deployed a newer revision to 1 of 2 workloads');
    expect(renderSummary(report.whole)).not.toMatch(/rolled back|written|patched/);
    expect(scene.patchesOf(other)).toEqual([]);
    const { labels } = (await scene.now(workload)).spec?.template?.metadata ?? {};
    expect(labels?.['deploy-wasm-filter/add-header']).toBe(revision);
  });

  test.concurrent('of three runs at once the last one keeps the last good revision, and none that was never verified', async () => {
    const scene = await Scene.open(cluster);
    const workload = await scene.switched('reviews');
    const first = revisionOf(onlyTarget(await scene.deploy()));
    scene.forget();
    const release = await scene.hold();
    const runs: Promise<SeenReport>[] = [];
    for (const id of [1, 2, 3]) {
      runs.push(scene.deploy({ configuration: `x-test: run ${id}` }, runOf(id)));
      await scene.seen(
        `the patch of run ${id}`,
        (request) => isPatchOf(workload)(request) && request.body?.includes(`filters/${id}/1`) === true,
      );
    }
    await release();
    const reports = await Promise.all(runs);
    expect(reports.map(({ outcome }) => outcome)).toEqual(['superseded', 'superseded', 'deployed']);
    const third = revisionOf(onlyTarget(reports[2] as SeenReport));
    const state = JSON.parse((await scene.now(workload)).metadata.annotations?.['deploy-wasm-filter/state'] ?? '');
    expect(state['add-header']).toMatchObject({ revision: third, previous: first });
    const names = [first, third].map((revision) => `add-header-${revision}`).sort();
    expect(await scene.objects()).toEqual({ configMaps: names, envoyFilters: names });
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

  test.concurrent('a run that is cancelled during a rollback says that the pod template is back', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { podAnnotations: { 'sim/refuses': 'bad' } });
    const { revision } = outputsOf((await scene.deploy({ configuration: 'well' })).whole);
    const controller = new AbortController();
    const report = await scene.deploy(
      { configuration: 'bad' },
      {
        cancelled: controller.signal,
        onLog: (line) => {
          if (line.includes('reviews rolled back')) controller.abort();
        },
      },
    );
    expect(onlyTarget(report)).toMatchObject({
      outcome: 'failed',
      phase: 'rollback-unconfirmed',
      rollback: { state: 'rolled-back', to: { 'add-header': revision }, unconfirmed: true },
    });
    expect(outputsOf(report.whole)).toMatchObject({ revision, 'rolled-back': '1', failed: '1', changed: 'true' });
    const page = renderSummary(report.whole);
    expect(page).toMatch(/was rolled back, and then the run was cancelled: the pod template is back/);
    expect(page).not.toMatch(/✅&nbsp;patched/);
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
