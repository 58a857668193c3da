import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../src/base/problem.ts';
import { warningTexts } from '../../src/base/warning.ts';
import type { Workload } from '../../src/cluster/objects.ts';
import { runProblems } from '../../src/deploy/report/report.ts';
import type { EnvoyFilter } from '../../src/mesh/objects/envoy-filter.ts';
import { type ActionRun, runAction } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import type { Fault, FaultRule } from '../harness/recorder.ts';
import { createWorkloads, makeWorkload, pathOf } from '../harness/workloads.ts';

/** A rule that strikes the first `times` requests it fits. */
function strike(times: number, fits: (request: { method: string; path: string }) => boolean, fault: Fault): FaultRule {
  let left = times;
  return (request) => (left > 0 && fits(request) && left-- > 0 ? fault : undefined);
}

const status = (code: number, headers: Record<string, string> = {}): Fault => ({ answer: { status: code, headers } });
const isList = ({ method, path }: { method: string; path: string }): boolean =>
  method === 'GET' && path.includes('limit=');
const isPatchOf =
  (what: string) =>
  ({ method, path }: { method: string; path: string }): boolean =>
    method === 'PATCH' && path.includes(what);
const isWatch = ({ path }: { path: string }): boolean => path.includes('watch=true');

describe('an API server and others that get in the way', () => {
  let cluster: TestCluster;
  let namespace: string;
  let workload: Workload;
  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster.stop());
  beforeEach(async () => {
    cluster.recorder.reset();
    namespace = await cluster.namespace();
    workload = makeWorkload(namespace, 'reviews', { replicas: 1 });
    await createWorkloads(cluster.api, workload);
  });

  const deploy = (more: Record<string, string> = {}): Promise<ActionRun> =>
    runAction({
      filter: 'filter.wasm',
      name: 'add-header',
      namespace,
      targets: '- deployment/reviews',
      kubeconfig: cluster.recorder.kubeconfig(),
      timeout: '20s',
      ...more,
    });
  const generation = async (): Promise<number | undefined> =>
    (await cluster.api.get(pathOf(workload))).metadata.generation;

  test.each<[string, FaultRule]>([
    ['a throttled list', strike(2, isList, status(429, { 'retry-after': '1' }))],
    ['a failing list', strike(2, isList, status(503))],
    ['a broken connection while listing', strike(2, isList, { disconnect: 'before' })],
    ['a throttled ConfigMap write', strike(1, isPatchOf('/configmaps/'), status(429, { 'retry-after': '1' }))],
    ['a failing EnvoyFilter write', strike(2, isPatchOf('/envoyfilters/'), status(500))],
    ['a ConfigMap write whose answer is lost', strike(1, isPatchOf('/configmaps/'), { disconnect: 'after' })],
    ['a broken watch', strike(2, isWatch, { disconnect: 'before' })],
    ['a watch that is refused with 500', strike(1, isWatch, status(500))],
    [
      'a watch from a version that is gone',
      strike(1, isWatch, { answer: { status: 200, body: '{"type":"ERROR","object":{"kind":"Status","code":410}}\n' } }),
    ],
    ['watches that end at once', (request) => (isWatch(request) ? { answer: { status: 200, body: '' } } : undefined)],
    ['a watch that is forbidden', (request) => (isWatch(request) ? status(403) : undefined)],
  ])('%s does not matter', async (_case, rule) => {
    cluster.recorder.inject(rule);
    const { report } = await deploy();
    expect(runProblems(report)).toEqual([]);
    expect(report.outcome).toBe('deployed');
  });

  test('a throttling server is not asked again before its time', async () => {
    const times: number[] = [];
    cluster.recorder.inject(({ method, path }) => {
      if (!isPatchOf('/configmaps/')({ method, path })) return undefined;
      times.push(Date.now());
      return times.length === 1 ? status(429, { 'retry-after': '2' }) : undefined;
    });
    await deploy();
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(2_000);
  });

  test('a workload patch whose answer is lost changes the template once', async () => {
    const before = (await generation()) ?? 0;
    cluster.recorder.inject(strike(1, isPatchOf('/deployments/'), { disconnect: 'after' }));
    const { report } = await deploy();
    expect(report.outcome).toBe('deployed');
    expect(await generation()).toBe(before + 1);
  });

  test('somebody who changes the workload at the same moment keeps his change', async () => {
    cluster.recorder.inject(
      strike(2, isPatchOf('/deployments/'), {
        meanwhile: async () => {
          const volumes = JSON.stringify([{ name: 'theirs', emptyDir: {} }]);
          await cluster.api.patch(pathOf(workload), {
            metadata: { labels: { touched: String(Date.now()) } },
            spec: { template: { metadata: { annotations: { 'sidecar.istio.io/userVolume': volumes } } } },
          });
        },
      }),
    );
    const { report } = await deploy();
    expect(report.outcome).toBe('deployed');
    const now = await cluster.api.get<Workload>(pathOf(workload));
    expect(JSON.parse(now.spec?.template?.metadata?.annotations?.['sidecar.istio.io/userVolume'] ?? '')).toEqual([
      { name: 'theirs', emptyDir: {} },
      { name: 'wasm-filter-add-header', configMap: expect.anything() },
    ]);
  });

  test('a workload whose labels or status somebody writes all the time is written between two of them', async () => {
    let met = 0;
    cluster.recorder.inject((request) => {
      if (!isPatchOf('/deployments/')(request) || ++met > 8) return undefined;
      return {
        meanwhile: async () => {
          await cluster.api.patch(pathOf(workload), { metadata: { labels: { touched: `for-the-${met}` } } });
        },
      };
    });
    const { report } = await deploy();
    expect(report.outcome).toBe('deployed');
    expect(met).toBeGreaterThan(8);
  });

  test('a run that meets another run on a workload stops there and writes nothing to it', async () => {
    cluster.recorder.inject(
      strike(1, isPatchOf('/deployments/'), {
        meanwhile: async () => {
          const state = JSON.stringify({ 'add-header': { revision: '0123456789', run: 'another' } });
          await cluster.api.patch(pathOf(workload), {
            metadata: { annotations: { 'deploy-wasm-filter/state': state } },
          });
        },
      }),
    );
    const { report } = await deploy();
    expect(report.targets[0]?.problem && describeProblem(report.targets[0].problem)).toMatch(
      /another run of deploy-wasm-filter has changed it/,
    );
    expect(report.targets[0]?.steps.template).toBe('failed');
  });

  test('a run of another filter that comes to the workload at the same moment is no conflict', async () => {
    const state = { other: { revision: '0123456789', run: 'another' } };
    cluster.recorder.inject(
      strike(1, isPatchOf('/deployments/'), {
        meanwhile: async () => {
          await cluster.api.patch(pathOf(workload), {
            metadata: { annotations: { 'deploy-wasm-filter/state': JSON.stringify(state) } },
          });
        },
      }),
    );
    const { report } = await deploy();
    expect(runProblems(report)).toEqual([]);
    const { metadata } = await cluster.api.get<Workload>(pathOf(workload));
    expect(JSON.parse(metadata.annotations?.['deploy-wasm-filter/state'] ?? '')).toEqual({
      ...state,
      'add-header': expect.anything(),
    });
  });

  test('a write that a gateway answers with a page fails that workload alone; the others are reported', async () => {
    const ratings = makeWorkload(namespace, 'ratings', { replicas: 1 });
    await createWorkloads(cluster.api, ratings);
    cluster.recorder.inject((request) =>
      isPatchOf('/deployments/ratings')(request) ? { answer: { status: 200, body: '<p>Sign in</p>' } } : undefined,
    );
    const { report } = await deploy({ targets: '- deployment/reviews\n- deployment/ratings' });
    expect(report.targets.map(({ outcome }) => outcome)).toEqual(['deployed', 'failed']);
    expect(runProblems(report).map(describeProblem)).toEqual([
      expect.stringMatching(/^Deployment \S+\/ratings: .*not a Kubernetes API server's.*"Sign in"/),
    ]);
  });

  test('an EnvoyFilter that somebody edited is repaired, and who it was is said', async () => {
    const first = await deploy();
    const name = `add-header-${first.report.targets[0]?.revisions[0]?.revision}`;
    const path = `/apis/networking.istio.io/v1alpha3/namespaces/${namespace}/envoyfilters/${name}`;
    const { spec } = await cluster.api.get<EnvoyFilter>(path);
    await cluster.api.patch(path, { spec: { priority: 99 } }, 'kubectl-edit');
    cluster.recorder.reset();
    const { report } = await deploy();
    expect(report.outcome).toBe('deployed');
    expect(report.targets[0]?.drift).toEqual([expect.stringMatching(/^EnvoyFilter \S+ was edited by "?kubectl-edit/)]);
    expect((await cluster.api.get<EnvoyFilter>(path)).spec).toEqual(spec);
    expect(cluster.recorder.writes.map((request) => request.path.replace(/\?.*/, ''))).toEqual([path]);
  });

  test('an EnvoyFilter of that name that is not ours is not overwritten: who made it is said, no workload is touched', async () => {
    const first = await deploy();
    const name = `add-header-${first.report.targets[0]?.revisions[0]?.revision}`;
    const other = await cluster.namespace();
    await createWorkloads(cluster.api, makeWorkload(other, 'reviews'));
    const filters = `/apis/networking.istio.io/v1alpha3/namespaces/${other}/envoyfilters`;
    const theirs = { metadata: { name }, spec: { priority: 1 } };
    await cluster.api.create(filters, {
      apiVersion: 'networking.istio.io/v1alpha3',
      kind: 'EnvoyFilter',
      ...theirs,
    } as never);
    const { report } = await deploy({ namespace: other });
    expect(report.outcome).toBe('failed');
    expect(runProblems(report).map(describeProblem)).toEqual([
      expect.stringMatching(/EnvoyFilter \S+ was created by /),
    ]);
    expect(report.targets.map(({ outcome }) => outcome)).toEqual(['untouched']);
    expect(await cluster.api.get(`${filters}/${name}`)).toMatchObject(theirs);
  });

  test('a ConfigMap that cannot be written keeps every workload as it is', async () => {
    const before = await generation();
    cluster.recorder.inject((request) =>
      isPatchOf('/configmaps/')(request)
        ? {
            answer: {
              status: 403,
              body: JSON.stringify({
                kind: 'Status',
                code: 403,
                reason: 'Forbidden',
                message:
                  'configmaps "x" is forbidden: exceeded quota: objects, requested: count/configmaps=1, used: count/configmaps=9, limited: count/configmaps=9',
              }),
            },
          }
        : undefined,
    );
    const { report } = await deploy();
    expect(report.outcome).toBe('failed');
    expect(report.problems.map(describeProblem)).toEqual([
      expect.stringMatching(/exceeded quota: .* The ResourceQuota "objects" has no room for what this run writes/),
    ]);
    expect(report.targets[0]?.outcome).toBe('untouched');
    expect(await generation()).toBe(before);
  });

  test('an admission warning is passed on, but for the one that every EnvoyFilter gets', async () => {
    const { report } = await deploy();
    expect(warningTexts(report.warnings)).toEqual([]);
  });
});
