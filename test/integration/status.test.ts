import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { renderSummary } from '../../src/action/summary/summary.ts';
import { judge, verdictOf } from '../../src/action/verdict/verdict.ts';
import { describeProblem } from '../../src/base/problem.ts';
import type { KubernetesObject, Workload } from '../../src/cluster/objects.ts';
import { CONFIG_MAP, ENVOY_FILTER } from '../../src/cluster/resources.ts';
import type { FilterStatus } from '../../src/deploy/report/status-report.ts';
import type { ActionInputs, SeenReport } from '../harness/action.ts';
import { eventually, grant } from '../harness/api.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { awaitReady, pathOf } from '../harness/workloads.ts';
import { FILTER, objectsOf, Site } from './site.ts';

const CONFIGURATION = 'x-test: 1';
const STATE = 'deploy-wasm-filter/state';
const HOUR_MS = 3_600_000;

function textsOf({ notes }: FilterStatus): string[] {
  return notes.map(({ text }) => text);
}

describe('status', () => {
  let cluster: TestCluster;
  let site: Site;
  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster.stop());
  beforeEach(async () => {
    cluster.recorder.reset();
    site = new Site(cluster, await cluster.namespace());
  });

  const ask = async (
    targets: readonly string[] | string = '',
    more: ActionInputs = {},
    date?: Date,
  ): Promise<SeenReport> => {
    const writes = cluster.recorder.writes.length;
    const { report } = await site.run('status', targets, more, date === undefined ? {} : { date });
    expect(cluster.recorder.writes).toHaveLength(writes);
    expect(report.changed).toBe(false);
    return report;
  };
  const filtersOf = ({ status }: SeenReport): (readonly [string, FilterStatus])[] =>
    (status?.workloads ?? []).flatMap(({ ref, filters }) => filters.map((filter) => [ref.name, filter] as const));
  const only = (report: SeenReport): FilterStatus => {
    const [first, ...others] = filtersOf(report);
    expect(others).toEqual([]);
    if (first === undefined) throw new Error('the report has no filter');
    return first[1];
  };

  test('a filter that runs is verified, with all that is known of it', async () => {
    await site.workload('reviews', { replicas: 2 });
    const before = await site.deployed(['reviews'], 'x-test: 0');
    const revision = await site.deployed(['reviews'], CONFIGURATION);
    const report = await ask(['reviews']);
    expect([report.outcome, report.problems]).toEqual(['reported', []]);
    expect(report.status?.workloads.map(({ ref, pods }) => [ref.kind, ref.name, pods])).toEqual([
      ['Deployment', 'reviews', { ready: 2, wanted: 2 }],
    ]);
    expect(only(report)).toEqual({
      filter: FILTER,
      health: 'verified',
      revision,
      digest: expect.stringMatching(/^sha256:\w{64}$/),
      previous: before,
      run: 'local',
      verification: { level: 'listener', pods: 2, wanted: 2 },
      notes: [],
    });
    const objects = [ENVOY_FILTER, CONFIG_MAP].map(({ kind }) => `${kind} ${site.namespace}/${FILTER}-${before}`);
    expect(report.status).toMatchObject({ garbage: [], kept: objects });
    expect((await ask(['reviews'], { 'keep-revisions': '0' })).status?.garbage).toEqual(objects);
  });

  test('while pods are replaced both revisions are named, and what old pods run is not left over', async () => {
    await site.workload('reviews', { podAnnotations: { 'sim/ready-after-ms': '4000' } });
    const before = await site.deployed(['reviews'], 'x-test: 0');
    const run = { configuration: CONFIGURATION, wait: 'false', 'keep-revisions': '0' };
    const { report: deployment } = await site.run('deploy', ['reviews'], run);
    const report = await ask(['reviews'], { 'keep-revisions': '0' });
    expect(only(report)).toMatchObject({
      health: 'progressing',
      revision: deployment.targets[0]?.revisions[0]?.revision,
      alsoRuns: [before],
      notes: [{ text: expect.stringMatching(/^rolling out: /) }],
    });
    const objects = [ENVOY_FILTER, CONFIG_MAP].map(({ kind }) => `${kind} ${site.namespace}/${FILTER}-${before}`);
    expect(report.status).toMatchObject({ garbage: [], inUse: objects });
    expect(verdictOf(report.whole)).toBe('⏳ add-header: 1 workload is rolling out');
    // Who may not list pods is not told what nobody has seen.
    await grant(cluster.api, site.namespace, 'reader', [
      {
        apiGroups: ['', 'apps', 'argoproj.io', 'networking.istio.io'],
        resources: ['configmaps', 'deployments', 'statefulsets', 'daemonsets', 'rollouts', 'envoyfilters'],
        verbs: ['list'],
      },
    ]);
    const blind = await ask(['reviews'], { 'keep-revisions': '0', kubeconfig: cluster.recorder.kubeconfig('reader') });
    expect(blind.status).toMatchObject({ garbage: [], unknown: objects });
  });

  test('what came by rendered files is known as such, and nobody is told to deploy over it', async () => {
    const workload = await site.workload('reviews');
    const revision = await site.deployed(['reviews'], CONFIGURATION);
    // As a GitOps controller would have it: the same objects and template, with its own name and no record of a run.
    for (const path of [site.path(CONFIG_MAP, revision), site.path(ENVOY_FILTER, revision)]) {
      const { metadata, ...rest } = await cluster.api.get<KubernetesObject>(path);
      const { name, labels = {}, annotations = {} } = metadata;
      await cluster.api.delete(path);
      await cluster.api.apply(path, { ...rest, metadata: { name, labels, annotations } }, 'kustomize-controller');
    }
    await site.edit(workload, { own: { [STATE]: null } }, 'kustomize-controller');
    const report = await ask(['reviews']);
    expect(only(report)).toMatchObject({ health: 'verified', rendered: ['kustomize-controller'], notes: [] });
    expect(renderSummary(report.whole)).toContain('rendered files, applied by kustomize-controller');
    expect(renderSummary(report.whole)).not.toContain('deploy&quot; with the same');
    await site.edit(workload, { annotations: { 'sidecar.istio.io/userVolumeMount': null } });
    const drifted = await ask(['reviews']);
    expect(judge(drifted.whole).sentence).toContain('Apply the rendered files again');
    expect(judge(drifted.whole).sentence).not.toContain('deploy');
  });

  describe('what others changed is named', () => {
    let workload: Workload;
    let revision: string;
    beforeEach(async () => {
      workload = await site.workload('reviews');
      revision = await site.deployed(['reviews'], CONFIGURATION);
    });
    const envoyFilter = (): string => site.path(ENVOY_FILTER, revision);

    test.each<[string, RegExp, () => Promise<void>]>([
      ['no record', /^no run of this action has recorded it$/, () => site.edit(workload, { own: { [STATE]: null } })],
      [
        'a record of another revision',
        /^revision 0123456789 was recorded, but \w{10} is there$/,
        () => site.edit(workload, { own: { [STATE]: `{"${FILTER}":{"revision":"0123456789","run":"x"}}` } }),
      ],
      [
        'no label',
        /^its label was removed from the pod template, so no pod runs it$/,
        () => site.edit(workload, { labels: { [`deploy-wasm-filter/${FILTER}`]: null } }),
      ],
      [
        'no mount',
        /^its mount was removed from the annotations of the pod template$/,
        () => site.edit(workload, { annotations: { 'sidecar.istio.io/userVolumeMount': null } }),
      ],
      [
        'no volume',
        /^its volume was removed from the annotations of the pod template$/,
        () => site.edit(workload, { annotations: { 'sidecar.istio.io/userVolume': null } }),
      ],
      [
        'no ConfigMap',
        /^ConfigMap \S+ was deleted; new pods cannot start$/,
        () => cluster.api.delete(site.path(CONFIG_MAP, revision)),
      ],
      ['no EnvoyFilter', /^EnvoyFilter \S+ was deleted; no proxy runs it$/, () => cluster.api.delete(envoyFilter())],
      [
        'an edited EnvoyFilter',
        /^EnvoyFilter \S+ was edited by kubectl-edit$/,
        async () => {
          await cluster.api.patch(envoyFilter(), { spec: { priority: 99 } }, 'kubectl-edit');
        },
      ],
    ])('%s', async (_case, note, change) => {
      await change();
      await awaitReady(cluster.api, workload);
      const found = only(await ask());
      expect([found.health, textsOf(found)]).toEqual(['drifted', [expect.stringMatching(note)]]);
    });

    test('a rollout that waits for what is missing is none to wait for', async () => {
      const annotations = { 'sim/behaviour': 'never-ready', 'sidecar.istio.io/userVolumeMount': null };
      await site.edit(workload, { annotations });
      const found = await eventually('a rollout under way', async () => {
        const filter = only(await ask());
        return filter.notes.length > 1 ? filter : undefined;
      });
      expect([found.health, found.changed, textsOf(found)]).toEqual([
        'drifted',
        true,
        [expect.stringMatching(/^its mount was removed/), expect.stringMatching(/^not ready: /)],
      ]);
    });

    test('nor is one whose pods cannot run', async () => {
      await site.edit(workload, { annotations: { 'sim/behaviour': 'image-pull-back-off' } });
      // Before its new pod is there, it is not ready for another reason.
      const found = await eventually('a pod that cannot run', async () => {
        const filter = only(await ask());
        return textsOf(filter).some((text) => text.includes('ImagePullBackOff')) ? filter : undefined;
      });
      expect(found.health).toBe('not-ready');
      expect(textsOf(found)).toEqual([expect.stringMatching(/^not ready: ImagePullBackOff \(app\)/)]);
    });

    test('what a later deployment repaired is not told any more', async () => {
      await cluster.api.patch(envoyFilter(), { spec: { priority: 99 } }, 'kubectl-edit');
      await site.deployed(['reviews'], CONFIGURATION);
      expect(only(await ask()).health).toBe('verified');
    });

    test('a label or annotation of others on an object of ours is no drift', async () => {
      await cluster.api.patch(envoyFilter(), { metadata: { annotations: { theirs: 'x' } } }, 'kubectl-annotate');
      expect(only(await ask()).health).toBe('verified');
    });
  });

  test('pods that are not ready, pods that do not run it, no pods at all', async () => {
    const podAnnotations = { 'sim/behaviour-with-filter': 'never-ready' };
    const stuck = await site.workload('not-ready', { podAnnotations });
    const broken = await site.workload('no-effect', { podAnnotations: { 'sim/refuses': CONFIGURATION } });
    const settling = [broken, await site.workload('scaled-to-zero', { replicas: 0 })];
    await site.run('deploy', ['not-ready', 'no-effect', 'scaled-to-zero'], {
      configuration: CONFIGURATION,
      wait: 'false',
    });
    for (const workload of settling) await awaitReady(cluster.api, workload);
    const report = await ask();
    expect(filtersOf(report).map(([name, filter]) => [name, filter.health, textsOf(filter)])).toEqual([
      ['no-effect', 'no-effect', [expect.stringMatching(/Unable to create Wasm plugin add-header/)]],
      ['not-ready', 'progressing', [expect.stringMatching(/^rolling out: /)]],
      ['scaled-to-zero', 'scaled-to-zero', []],
    ]);
    expect(filtersOf(report).map(([, { verification }]) => verification)).toEqual([undefined, undefined, undefined]);
    // That it looked and found trouble is no failure of the look.
    expect([report.outcome, report.problems]).toEqual(['reported', []]);
    // Nobody has to wait for what goes on only once somebody resumes it.
    await cluster.api.patch(pathOf(stuck), { spec: { paused: true } });
    const paused = await eventually('a controller that has seen it', async () => {
      const found = filtersOf(await ask()).find(([name]) => name === 'not-ready')?.[1];
      return found?.health === 'not-ready' ? found : undefined;
    });
    expect(textsOf(paused)).toEqual([expect.stringMatching(/^not ready: it is paused by spec\.paused until /)]);
  });

  test('a filter whose time is over says so', async () => {
    await site.workload('reviews', { replicas: 0 });
    await site.deployed(['reviews'], CONFIGURATION, { expires: '1h' });
    const { expires, expired } = only(await ask());
    expect(Date.parse(expires ?? '')).toBeGreaterThan(Date.now());
    expect(expired).toBeUndefined();
    expect(only(await ask('', {}, new Date(Date.now() + 2 * HOUR_MS))).expired).toBe(true);
  });

  test('one filter or all, some targets or the namespaces as a whole', async () => {
    const other = new Site(cluster, await cluster.namespace());
    for (const name of ['a', 'b', 'bare']) await site.workload(name, { replicas: 0 });
    await other.workload('c', { kind: 'StatefulSet', replicas: 0 });
    const limit = { name: 'rate-limit' };
    await site.deployed(['a', 'b'], CONFIGURATION);
    await site.deployed(['b'], 'limit: 5', limit);
    await other.deployed('- sts/c', 'limit: 5', limit);
    const seen = async (...asked: Parameters<typeof ask>): Promise<string[]> =>
      filtersOf(await ask(...asked)).map(([workload, { filter }]) => `${workload} ${filter}`);
    const both = { namespace: `${site.namespace},${other.namespace}` };

    expect(await seen('', { name: '' })).toEqual(['a add-header', 'b add-header', 'b rate-limit']);
    expect(await seen('', limit)).toEqual(['b rate-limit']);
    expect(await seen('', { ...both, name: '' })).toEqual([
      'a add-header',
      'b add-header',
      'b rate-limit',
      'c rate-limit',
    ]);
    expect(await seen(['a'], { name: '' })).toEqual(['a add-header']);
    expect(judge((await ask('', { name: 'rate-limits' })).whole)).toMatchObject({
      headline: `Nothing found: no workload of namespace ${site.namespace} has the filter rate-limits`,
      sentence: expect.stringContaining('Filters there: add-header and rate-limit.'),
    });
    expect(await seen(`- {namespaces: [${site.namespace}, ${other.namespace}], selector: "!x"}`, limit)).toEqual([
      'a rate-limit',
      'b rate-limit',
      'bare rate-limit',
      'c rate-limit',
    ]);
    const report = await ask('', both);
    expect(report.status?.namespaces).toEqual([site.namespace, other.namespace]);
  });

  test('a workload that has come to match the selector is named, and the next deployment gives it the filter', async () => {
    const all = '- selector: "!none"';
    await site.workload('reviews', { replicas: 0 });
    await site.deployed(all, CONFIGURATION);
    await site.workload('newcomer', { replicas: 0 });
    const states = async (): Promise<unknown> =>
      Object.fromEntries(filtersOf(await ask(all)).map(([name, { health }]) => [name, health]));
    expect(await states()).toEqual({ reviews: 'scaled-to-zero', newcomer: 'missing' });
    expect(filtersOf(await ask())).toHaveLength(1);
    cluster.recorder.reset();
    await site.deployed(all, CONFIGURATION);
    expect(cluster.recorder.writes.map(({ path }) => path)).toEqual([expect.stringContaining('/newcomer?')]);
    expect(await states()).toEqual({ reviews: 'scaled-to-zero', newcomer: 'scaled-to-zero' });
  });

  test('where nothing is, nothing is found', async () => {
    await site.workload('bare', { replicas: 0 });
    const report = await ask();
    expect([report.outcome, report.problems]).toEqual(['reported', []]);
    expect(report.status).toEqual({
      workloads: [],
      namespaces: [site.namespace],
      asked: { names: [FILTER], present: [] },
      garbage: [],
    });
  });

  test('objects that no pod template names are garbage, each filter for itself', async () => {
    const workload = await site.workload('reviews', { replicas: 0 });
    const revision = await site.deployed(['reviews'], CONFIGURATION);
    await site.edit(workload, { own: { [STATE]: null }, labels: { [`deploy-wasm-filter/${FILTER}`]: null } });
    expect((await ask()).status?.garbage).toHaveLength(2);
    expect((await ask('', { name: 'rate-limit' })).status?.garbage).toEqual([]);
    expect(await site.objects()).toEqual(objectsOf(revision));
  });

  test('a namespace or workload that does not exist is a problem', async () => {
    const said = async (targets: readonly string[] | string, more: ActionInputs = {}): Promise<string[]> => {
      const report = await ask(targets, more);
      expect([report.outcome, report.status]).toEqual(['failed', undefined]);
      return report.problems.map(describeProblem);
    };
    expect(await said('', { namespace: 'no-such-place' })).toEqual([
      expect.stringMatching(/the namespace "no-such-place" does not exist/),
    ]);
    expect(await said(['reviews'])).toEqual([expect.stringMatching(/reviews does not exist/)]);
  });

  test('with less permissions the verification is weaker and says why', async () => {
    await site.workload('reviews');
    await site.deployed(['reviews'], CONFIGURATION);
    await grant(cluster.api, site.namespace, 'looker', [
      {
        apiGroups: ['', 'apps', 'argoproj.io', 'networking.istio.io'],
        resources: ['configmaps', 'deployments', 'statefulsets', 'daemonsets', 'rollouts', 'envoyfilters'],
        verbs: ['list'],
      },
    ]);
    const { health, verification } = only(await ask('', { kubeconfig: cluster.recorder.kubeconfig('looker') }));
    expect([health, verification]).toEqual([
      'verified',
      { level: 'ready', pods: 1, wanted: 1, weakness: expect.stringMatching(/cannot list pods/) },
    ]);
  });

  test('a cluster whose Istio is gone is no obstacle', async () => {
    await site.workload('reviews', { replicas: 0 });
    await site.deployed(['reviews'], CONFIGURATION);
    cluster.recorder.inject(({ path }) => (path.includes('/envoyfilters') ? { answer: { status: 404 } } : undefined));
    const report = await ask();
    expect(textsOf(only(report))).toEqual([expect.stringMatching(/EnvoyFilter \S+ was deleted/)]);
  });
});
