import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../src/base/problem.ts';
import type { Workload } from '../../src/cluster/objects.ts';
import { type ActionRun, runAction } from '../harness/action.ts';
import { eventually } from '../harness/api.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { awaitReady, createWorkloads, makeWorkload, pathOf } from '../harness/workloads.ts';

describe('rollouts that do not go well', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster.stop());
  beforeEach(() => cluster.recorder.reset());

  const deployTo = (
    namespace: string,
    targets: string,
    more: Record<string, string> = {},
    cancelled?: AbortSignal,
  ): Promise<ActionRun> =>
    runAction(
      {
        filter: 'filter.wasm',
        name: 'add-header',
        namespace,
        targets,
        kubeconfig: cluster.recorder.kubeconfig(),
        timeout: '4s',
        ...more,
      },
      cancelled === undefined ? {} : { cancelled },
    );
  /** A workload that is ready now, and whose next pods behave in the given way. */
  const createTurning = async (namespace: string, name: string, behaviour: string): Promise<Workload> => {
    const workload = makeWorkload(namespace, name, {
      replicas: 2,
      podAnnotations: { 'sim/behaviour-with-filter': behaviour },
    });
    await createWorkloads(cluster.api, workload);
    return workload;
  };

  test.each<[string, RegExp]>([
    ['never-ready', /not ready after 4\.0 s: .*app not ready/],
    ['image-pull-back-off', /ImagePullBackOff \(app\)/],
    ['crash-loop', /CrashLoopBackOff \(app\)/],
    ['failed-mount', /FailedMount: /],
    ['unschedulable', /FailedScheduling: /],
  ])(
    'new pods that are %s fail at the timeout with what they say, and the others go on',
    async (behaviour, sentence) => {
      const namespace = await cluster.namespace();
      await createTurning(namespace, 'bad', behaviour);
      await createWorkloads(cluster.api, makeWorkload(namespace, 'good'));
      const { report, log } = await deployTo(namespace, '- deployment/bad\n- deployment/good');
      expect(report.outcome).toBe('failed');
      const [bad, good] = report.targets;
      expect(bad?.outcome).toBe('failed');
      expect(bad?.problem && describeProblem(bad.problem)).toMatch(sentence);
      expect(bad?.evidence.some((line) => line.startsWith('pod bad-'))).toBe(true);
      expect(good?.outcome).toBe('deployed');
      expect(log.some((line) => /^1\/2 ready · bad: /.test(line))).toBe(true);
      // The pods of the revision before still serve.
      const now = await cluster.api.get<Workload>(`/apis/apps/v1/namespaces/${namespace}/deployments/bad`);
      expect(now.status?.availableReplicas).toBe(2);
    },
  );

  test('a second run does not call a stuck rollout unchanged', async () => {
    const namespace = await cluster.namespace();
    await createTurning(namespace, 'bad', 'never-ready');
    await deployTo(namespace, '- deployment/bad', { timeout: '1s' });
    cluster.recorder.reset();
    const { report } = await deployTo(namespace, '- deployment/bad', { timeout: '1s' });
    expect(cluster.recorder.writes).toEqual([]);
    expect(report.outcome).toBe('failed');
    expect(report.changed).toBe(false);
  });

  test('new pods that cannot get ready fail soon, long before the timeout', async () => {
    const namespace = await cluster.namespace();
    const sentences: Readonly<Record<string, RegExp>> = {
      'image-pull-back-off': /cannot get ready: ImagePullBackOff \(app\).*, for 20 s and more/,
      'crash-loop': /cannot get ready: CrashLoopBackOff \(app\)/,
      'failed-mount': /cannot get ready: FailedMount: /,
    };
    const behaviours = Object.keys(sentences);
    for (const behaviour of behaviours) await createTurning(namespace, behaviour, behaviour);
    const started = Date.now();
    const { report } = await deployTo(namespace, behaviours.map((name) => `- deployment/${name}`).join('\n'), {
      timeout: '10m',
    });
    expect(Date.now() - started).toBeLessThan(30_000);
    for (const { ref, problem } of report.targets) {
      expect(problem && describeProblem(problem)).toMatch(sentences[ref.name] ?? /no such workload/);
    }
    expect(report.targets).toHaveLength(behaviours.length);
  });

  test('a module that the proxy refuses: its log is quoted, as soon as the proxy says so', async () => {
    const namespace = await cluster.namespace();
    const workload = makeWorkload(namespace, 'reviews', {
      podAnnotations: { 'sim/behaviour-with-filter': 'proxy-not-ready' },
    });
    await createWorkloads(cluster.api, workload);
    // The simulated node has no logs; these are a real proxy's words.
    const log = [
      'critical\tenvoy wasm context.cc:1160\twasm log root add-header: the configuration must be "name: value"\tthread=13',
      'error\tenvoy wasm wasm.cc:104\tWasm VM failed Failed to configure base Wasm plugin\tthread=13',
    ].join('\n');
    cluster.recorder.inject(({ path }) =>
      path.includes('/log?') ? { answer: { status: 200, body: log } } : undefined,
    );
    const { report } = await deployTo(namespace, '- deployment/reviews', { timeout: '10m' });
    expect(report.targets[0]?.problem?.message).toBe(
      'cannot get ready: Envoy refuses the filter. Failed to configure base Wasm plugin; the filter said: the configuration must be "name: value".',
    );
    expect(report.targets[0]?.durationMs).toBeLessThan(20_000);
  });

  test('a proxy that is not ready and says nothing is waited for', async () => {
    const namespace = await cluster.namespace();
    const workload = makeWorkload(namespace, 'reviews', {
      podAnnotations: { 'sim/behaviour-with-filter': 'proxy-not-ready' },
    });
    await createWorkloads(cluster.api, workload);
    const { report } = await deployTo(namespace, '- deployment/reviews', { timeout: '8s' });
    expect(report.targets[0]?.problem?.message).toMatch(/not ready after 8\.0 s: .*istio-proxy not ready/);
  });

  test('a newer run wins: the older one stops and touches nothing more', async () => {
    const namespace = await cluster.namespace();
    const workload = await createTurning(namespace, 'reviews', 'never-ready');
    const older = deployTo(namespace, '- deployment/reviews', { timeout: '30s' });
    await eventually('the older revision on the workload', async () => {
      const now = await cluster.api.get<Workload>(pathOf(workload));
      return now.spec?.template?.metadata?.labels?.['deploy-wasm-filter/add-header'];
    });
    const newer = deployTo(namespace, '- deployment/reviews', { configuration: 'newer', timeout: '1s' });
    const { report } = await older;
    expect(report.targets[0]?.problem?.kind).toBe('conflict');
    expect(report.targets[0]?.problem?.message).toMatch(/another run put revision [0-9a-f]{10}/);
    await newer;
  });

  test('a workload that is deleted meanwhile', async () => {
    const namespace = await cluster.namespace();
    const workload = await createTurning(namespace, 'reviews', 'never-ready');
    const running = deployTo(namespace, '- deployment/reviews', { timeout: '30s' });
    await eventually('the patch', async () =>
      cluster.recorder.writes.find(({ path }) => path.includes('/deployments/reviews')),
    );
    await cluster.api.delete(pathOf(workload));
    expect((await running).report.targets[0]?.problem?.message).toMatch(/was deleted/);
  });

  test('a cancelled run writes nothing more and says where it stands', async () => {
    const namespace = await cluster.namespace();
    await createTurning(namespace, 'reviews', 'never-ready');
    const controller = new AbortController();
    const running = deployTo(namespace, '- deployment/reviews', { timeout: '60s' }, controller.signal);
    await eventually('the patch', async () =>
      cluster.recorder.writes.find(({ path }) => path.includes('/deployments/reviews')),
    );
    controller.abort();
    const { report } = await running;
    expect(report.cancelled).toBe(true);
    expect(report.outcome).toBe('failed');
  });

  test('a StatefulSet is done only when every pod has the new revision', async () => {
    const namespace = await cluster.namespace();
    const workload = makeWorkload(namespace, 'ratings', { kind: 'StatefulSet', replicas: 2 });
    await createWorkloads(cluster.api, workload);
    const { report } = await deployTo(namespace, '- sts/ratings', { timeout: '30s' });
    expect(report.outcome).toBe('deployed');
    const now = await awaitReady(cluster.api, workload);
    expect(now.status?.currentRevision).toBe(now.status?.updateRevision);
  });
});
