import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { renderSummary } from '../../src/action/summary/summary.ts';
import { warningTexts } from '../../src/base/warning.ts';
import type { Pod } from '../../src/cluster/objects.ts';
import { SCOUT_LABEL } from '../../src/mesh/identity/names.ts';
import type { ActionInputs, RunOptions } from '../harness/action.ts';
import { eventually } from '../harness/api.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import type { RecordedRequest } from '../harness/recorder.ts';
import { CLOSED_REGISTRY } from '../harness/sidecar/plugins.ts';
import { onlyTarget, POD_RULES, Scene, WRITE_RULES } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

const IMAGE = { filter: `oci://${CLOSED_REGISTRY}/add-header:v1`, delivery: 'image', configuration: '{}' };
const made = ({ writes }: Scene): readonly RecordedRequest[] =>
  writes.filter(({ method, path }) => method === 'POST' && /\/pods(\?|$)/.test(path));
const bodies = (scene: Scene): Pod[] => made(scene).map(({ body = '' }) => JSON.parse(body) as Pod);
const scoutsOf = async (scene: Scene): Promise<string[]> =>
  (await scene.pods()).flatMap(({ metadata }) =>
    metadata.labels?.[SCOUT_LABEL] !== undefined && metadata.deletionTimestamp === undefined ? [metadata.name] : [],
  );
const NOTHING = { configMaps: [], envoyFilters: [] };
const WITHOUT_SCOUTS = { ...POD_RULES, scouts: POD_RULES.list };

describe('a scout', () => {
  test.concurrent('tries a filter first, once for all workloads with the same proxy, and costs no more than that', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    await scene.workload('ratings', { kind: 'StatefulSet' });
    const { report, log } = await scene.run();
    expect(report).toMatchObject({ outcome: 'deployed', warnings: [] });
    const order = scene.writes.map(
      ({ method, path }) => `${method} ${path.replace(/^.*\/namespaces\/[^/]+\//, '').replace(/[/?].*/, '')}`,
    );
    expect(order.slice(0, 4)).toEqual(['PATCH configmaps', 'PATCH envoyfilters', 'POST pods', 'DELETE pods']);
    // Before the trial what others have left is looked for; then one list, one watch, and a look into one proxy.
    const selecting = scene.requests.filter(({ path }) => decodeURIComponent(path).includes(SCOUT_LABEL));
    expect(selecting.map(({ path }) => (path.includes('watch=true') ? 'watch' : 'list')).sort()).toEqual([
      'list',
      'list',
      'watch',
    ]);
    expect(await scoutsOf(scene)).toEqual([]);
    expect(renderSummary(report.whole)).toContain('Tried first in a scout pod in one namespace');
    expect(log.join('\n')).toMatch(/Scout in \S+, for .+ and 1 more: its proxy runs the filters/);
    expect(report.whole).toMatchObject({ scouts: { namespaces: [scene.namespace], pods: 1, untried: [] } });
    scene.forget();
    expect((await scene.deploy()).outcome).toBe('unchanged');
    expect(scene.writes).toEqual([]);
  });

  test.concurrent('is refused an image: no workload is changed, and nothing is left', async () => {
    const scene = await Scene.open(cluster);
    const reviews = await scene.workload();
    const before = (await scene.now(reviews)).metadata.generation;
    const report = await scene.deploy(IMAGE);
    expect(report).toMatchObject({ outcome: 'failed', changed: false });
    expect(onlyTarget(report)).toMatchObject({ outcome: 'untouched', steps: { template: 'skipped' } });
    const [problem] = report.problems;
    expect(problem?.message).toMatch(/^runs without the filter: Pull of .+ failed.+UNAUTHORIZED/);
    expect(problem?.message).toMatch(/found in a scout pod, which stands for Deployment .+: no workload was changed/);
    expect(problem?.remedy).toMatch('pull-secret');
    expect((await scene.now(reviews)).metadata.generation).toBe(before);
    expect([await scoutsOf(scene), await scene.objects()]).toEqual([[], NOTHING]);
    expect(scene.patchesOf(reviews)).toEqual([]);
  });

  test.concurrent('has another one where workloads have another proxy, and one more for another revision of a filter', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    await scene.workload('older', { proxyImage: 'example.test/proxyv2:1.29.0' });
    await scene.workload('special');
    const targets =
      '- deployment/reviews\n- deployment/older\n- {kind: Deployment, name: special, configuration: "x-test: 9"}';
    const report = await scene.deploy({ targets });
    expect([report.problems, report.outcome]).toEqual([[], 'deployed']);
    const images = bodies(scene).map(({ spec }) => spec?.containers?.[0]?.image);
    expect(images.sort()).toEqual([
      'example.test/proxyv2:1.29.0',
      'example.test/proxyv2:1.31.0',
      'example.test/proxyv2:1.31.0',
    ]);
    expect(report.whole).toMatchObject({ scouts: { pods: 3, namespaces: [scene.namespace] } });
  });

  test.concurrent('runs a filter for one port with an EnvoyFilter of its own, and says what is left to the rollout', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload();
    const report = await scene.deploy({ port: '9080' });
    expect([report.problems, report.outcome]).toEqual([[], 'deployed']);
    expect(renderSummary(report.whole)).toMatch(/the place that <code>port<\/code> chooses was left to the rollout/);
    expect((await scene.objects()).envoyFilters).toHaveLength(1);
  });

  test.concurrent('that may not be made is gone on without, and insisted on with "scout: required"', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload();
    const kubeconfig = await scene.user(...WRITE_RULES, ...Object.values(WITHOUT_SCOUTS));
    const first = await scene.deploy({ kubeconfig });
    expect(first.outcome).toBe('deployed');
    expect(warningTexts(first.warnings)).toEqual([
      expect.stringMatching(/^No scout tried the filters of Deployment .+: the kubeconfig user cannot create pods\./),
    ]);
    scene.forget();
    const other = { kubeconfig, configuration: 'x-test: 2' };
    const required = await scene.deploy({ ...other, scout: 'required' });
    expect(required.problems.map(({ message }) => message)).toContainEqual(expect.stringMatching(/cannot create pods/));
    expect(scene.writes).toEqual([]);
    expect((await scene.deploy({ ...other, scout: 'off' })).warnings).toEqual([]);
  });

  test.concurrent.each([
    ['a quota', 'pods "x" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=10, limited: pods=10'],
    ['a policy', 'pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true'],
  ])('that %s refuses is gone on without, and fails the run where it is required', async (_, message) => {
    const scene = await Scene.open(cluster);
    const reviews = await scene.workload();
    const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', code: 403, message };
    scene.inject(({ method, path }) =>
      method === 'POST' && /\/pods(\?|$)/.test(path)
        ? { answer: { status: 403, body: JSON.stringify(status) } }
        : undefined,
    );
    const required = await scene.deploy({ scout: 'required' });
    expect(required).toMatchObject({ outcome: 'failed', changed: false });
    expect(renderSummary(required.whole)).toMatch(/^## .* stopped: no scout could try it;/);
    expect(required.problems[0]?.message).toMatch(/could not be tried: the pod was not taken \(.*(quota|PodSecurity)/);
    expect(scene.patchesOf(reviews)).toEqual([]);
    expect(await scene.objects()).toEqual(NOTHING);
    const report = await scene.deploy();
    expect(report.outcome).toBe('deployed');
    expect(warningTexts(report.warnings)).toEqual([expect.stringMatching(/quota|PodSecurity/)]);
  });

  test.concurrent('that gets no sidecar says nothing of the filter', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload();
    scene.inject(({ method, path, body = '' }) => {
      if (method !== 'POST' || !/\/pods(\?|$)/.test(path)) return undefined;
      const pod = JSON.parse(body) as object;
      return { answer: { status: 201, body: JSON.stringify({ kind: 'Pod', apiVersion: 'v1', ...pod }) } };
    });
    const report = await scene.deploy();
    expect(report.outcome).toBe('deployed');
    expect(warningTexts(report.warnings)).toEqual([expect.stringMatching(/Istio injects no sidecar/)]);
  });

  /** A run that is killed as it makes its scout, with an EnvoyFilter of the scout's own. */
  const killed = async (
    scene: Scene,
    environment: Readonly<Record<string, string>> = {},
    inputs: ActionInputs = {},
  ): Promise<void> => {
    const kill = new AbortController();
    let isOver = false;
    scene.inject(({ method, path }) => {
      if (isOver) return undefined;
      if (kill.signal.aborted) return { disconnect: 'before' };
      if (method !== 'POST' || !/\/pods(\?|$)/.test(path)) return undefined;
      kill.abort();
      return { disconnect: 'after' };
    });
    await scene.run({ port: '9080', ...inputs }, { cancelled: kill.signal, environment });
    isOver = true;
    // What was under way at that moment still arrives.
    await eventually('the scout of the killed run', async () => (await scoutsOf(scene))[0]);
    expect((await scene.objects()).envoyFilters).toHaveLength(2);
  };
  const attempt = (number: number, id = 7): Readonly<Record<string, string>> => ({
    GITHUB_REPOSITORY: 'shop/filters',
    GITHUB_RUN_ID: String(id),
    GITHUB_RUN_ATTEMPT: String(number),
  });
  const inMinutes = (minutes: number): Date => new Date(Date.now() + minutes * 60_000);

  test.concurrent.each<[string, () => Partial<RunOptions>]>([
    ['its next attempt', () => ({ environment: attempt(2) })],
    ['the next run for the same filter', () => ({ environment: attempt(1, 8) })],
    ['the next of two runs that nobody can tell apart', () => ({ environment: attempt(1) })],
  ])('that a killed run has left is deleted by %s, with what was its own', async (_case, next) => {
    const scene = await Scene.open(cluster);
    await scene.workload();
    await killed(scene, attempt(1));
    const { report, log } = await scene.run({ port: '9080' }, next());
    expect(report.outcome).toBe('deployed');
    expect(log.filter((line) => line.includes('an earlier run has left'))).toHaveLength(2);
    expect(await scoutsOf(scene)).toEqual([]);
    expect((await scene.objects()).envoyFilters).toHaveLength(1);
  });

  test.concurrent('that a killed run has left for another filter is deleted once its run must have ended', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    await scene.workload('ratings');
    await killed(scene, attempt(1), { name: 'other', targets: 'deployment/ratings' });
    const next = (configuration: string, minutes: number): ReturnType<Scene['run']> =>
      scene.run(
        { configuration, targets: 'deployment/reviews' },
        { environment: attempt(1, 8), date: inMinutes(minutes) },
      );
    expect((await next('x-test: 1', 0)).report.outcome).toBe('deployed');
    expect(await scoutsOf(scene)).toHaveLength(1);
    expect((await next('x-test: 2', 6)).report.outcome).toBe('deployed');
    expect(await scoutsOf(scene)).toEqual([]);
  });

  test.concurrent('that has ended is deleted by the next run, whoever has made it', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload();
    await killed(scene);
    const [name] = await scoutsOf(scene);
    const pod = `/api/v1/namespaces/${scene.namespace}/pods/${name}`;
    // What no kubelet of the test does: what Kubernetes does to a pod after activeDeadlineSeconds.
    const status = { phase: 'Failed', reason: 'DeadlineExceeded' };
    await eventually('the ended scout', async () => {
      await cluster.api.patch(`${pod}/status`, { status });
      const { phase } = (await cluster.api.get<Pod>(pod)).status ?? {};
      return phase === 'Failed' ? true : undefined;
    });
    expect((await scene.deploy()).outcome).toBe('deployed');
    expect(await scoutsOf(scene)).toEqual([]);
  });

  test.concurrent('of another run for another filter stays, with what is its own, and both runs come to their end', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    await scene.workload('ratings');
    let other: Awaited<ReturnType<Scene['run']>> | undefined;
    let scouts: readonly string[] = [];
    let hasBegun = false;
    scene.inject(({ method, path }) => {
      if (hasBegun || method !== 'DELETE' || !/\/pods\//.test(path)) return undefined;
      hasBegun = true;
      // While the scout of the first run is there, a whole second run comes and goes.
      return {
        meanwhile: async () => {
          const inputs = { name: 'other', port: '9080', targets: 'deployment/ratings' };
          other = await scene.run(inputs, { environment: attempt(1, 8) });
          scouts = await scoutsOf(scene);
        },
      };
    });
    const inputs = { port: '9080', targets: 'deployment/reviews' };
    const first = await scene.run(inputs, { environment: attempt(1, 7) });
    expect(scouts).toHaveLength(1);
    expect([first, other].map((run) => [run?.report.outcome, run?.report.warnings])).toEqual([
      ['deployed', []],
      ['deployed', []],
    ]);
    expect([...first.log, ...(other?.log ?? [])].join('\n')).not.toContain('an earlier run has left');
    expect(await scoutsOf(scene)).toEqual([]);
  });

  test.concurrent.each([429, 500])(
    'whose pod the API server does not show, with %d, is given up early, and says why',
    async (status) => {
      const scene = await Scene.open(cluster);
      await scene.workload();
      const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status, message: 'too much to do' };
      scene.inject(({ method, path }) =>
        method === 'GET' && decodeURIComponent(path).includes(`labelSelector=${SCOUT_LABEL}`)
          ? { answer: { status, body: JSON.stringify(body) } }
          : undefined,
      );
      const { report, log } = await scene.run();
      expect(report.outcome).toBe('deployed');
      const early = log.findIndex((line) =>
        /^The API server does not show the scouts in \S+ \(.*too much to do/.test(line),
      );
      const end = log.findIndex((line) =>
        /not tried, the API server did not show its pod \(.*too much to do/.test(line),
      );
      expect(early).toBeGreaterThan(0);
      expect(end).toBeGreaterThan(early);
      expect(warningTexts(report.warnings)).toEqual([
        expect.stringMatching(/^No scout tried .+: the API server did not show its pod \(.*too much to do/),
      ]);
      expect(await scoutsOf(scene)).toEqual([]);
    },
  );

  test.concurrent('that cannot be deleted is told, and what was its own is deleted all the same', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload();
    scene.inject(({ method, path }) =>
      method === 'DELETE' && /\/pods\//.test(path) ? { answer: { status: 403, body: 'no' } } : undefined,
    );
    const report = await scene.deploy({ port: '9080' });
    expect(report.outcome).toBe('deployed');
    expect(warningTexts(report.warnings)).toEqual([
      expect.stringMatching(/^Pod \S+ was not deleted: .+ It is of a scout, and serves nobody/),
    ]);
    expect((await scene.objects()).envoyFilters).toHaveLength(1);
  });

  test.concurrent('that is cancelled is deleted, and no workload is touched', async () => {
    const scene = await Scene.open(cluster);
    const reviews = await scene.workload();
    const cancelled = new AbortController();
    scene.inject(({ method, path }) =>
      method === 'GET' && decodeURIComponent(path).includes(SCOUT_LABEL) && path.includes('watch=true')
        ? { meanwhile: async () => cancelled.abort() }
        : undefined,
    );
    const { report } = await scene.run({}, { cancelled: cancelled.signal, abandoned: new AbortController().signal });
    expect(report.cancelled).toBe(true);
    expect([await scoutsOf(scene), scene.patchesOf(reviews)]).toEqual([[], []]);
  });

  test.concurrent('is not sent for workloads without pods, nor for what is only removed', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { replicas: 0 });
    expect(await scene.deploy()).toMatchObject({ outcome: 'deployed', warnings: [] });
    expect((await scene.deploy({ command: 'remove' })).outcome).toBe('removed');
    expect(made(scene)).toEqual([]);
  });
});
