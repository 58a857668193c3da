import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { loadAll } from 'js-yaml';
import { renderSummary } from '../../src/action/summary/summary.ts';
import { verdictOf } from '../../src/action/verdict/verdict.ts';
import { describePermission } from '../../src/base/permission.ts';
import { describeProblem } from '../../src/base/problem.ts';
import { ENVOY_FILTER } from '../../src/cluster/resources.ts';
import type { PlannedChange } from '../../src/deploy/report/plan-report.ts';
import type { SeenReport } from '../harness/action.ts';
import { grant, granted } from '../harness/api.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import type { ApiObject } from '../kubelet/client.ts';
import { objectsOf, Site } from './site.ts';

const READ = [
  { apiGroups: [''], resources: ['configmaps'], verbs: ['list'] },
  {
    apiGroups: ['apps', 'argoproj.io'],
    resources: ['deployments', 'statefulsets', 'daemonsets', 'rollouts'],
    verbs: ['list', 'watch'],
  },
  { apiGroups: ['networking.istio.io'], resources: ['envoyfilters'], verbs: ['list'] },
];

describe('planning', () => {
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

  const dryRuns = (): string[] =>
    cluster.recorder.requests
      .filter(({ path, body = '' }) => /dryRun=All/.test(path) || body.includes('"dryRun"'))
      .map(({ method, path }) => `${method} ${path}`);
  const named = ({ plan }: SeenReport): string[] =>
    (plan?.changes ?? []).map(({ action, kind, name }) => `${action} ${kind} ${name}`);
  const changeOf = ({ plan }: SeenReport, kind: string): PlannedChange | undefined =>
    plan?.changes.find((change) => change.kind === kind);

  test('what changes in configuration and environment is told by key, once for all workloads', async () => {
    for (const name of ['reviews', 'ratings', 'details']) await site.workload(name, { replicas: 0 });
    const before = { configuration: '{"header":"open","pin":4711}', environment: '{ MODE: gentle }' };
    await site.run('deploy', ['reviews', 'ratings'], before);
    const after = { configuration: '{"header":"closed","pin":4711}', environment: '{ MODE: gentle, LEVEL: "2" }' };
    const { report } = await site.run('plan', ['reviews', 'ratings', 'details'], after);
    const page = renderSummary(report.whole);
    expect(report.plan?.settings.map(({ workloads }) => workloads.length)).toEqual([2]);
    expect(report.plan?.modules.map(({ state, workloads }) => [state, workloads.length])).toEqual([
      ['same', 2],
      ['new', 1],
    ]);
    expect(page).toMatch(/ on 3 workloads: the same on 2 workloads, none on 1 workload → .*B\)$/m);
    expect(/```diff\n([\s\S]*?)\n```/.exec(page)?.[1]?.split('\n')).toEqual([
      '- configuration.header: "open"',
      '+ configuration.header: "closed"',
      '+ environment.LEVEL: "2"',
    ]);
    const same = (await site.run('plan', ['reviews', 'ratings'], before)).report;
    expect(same.plan?.settings).toEqual([]);
  });

  test.each([
    ['plan', '🛑 Plan: cancelled'],
    ['deploy', '🛑 Cancelled before anything was written'],
    ['render', '🛑 Render: cancelled'],
  ])('cancelled while the filter is tried, %s is no success', async (command, verdict) => {
    await site.workload('reviews', { replicas: 0 });
    const cancel = new AbortController();
    const { report, written: files } = await site.run(
      command,
      ['reviews'],
      { configuration: 'x-test: 1', filter: 'filter.wasm' },
      {
        cancelled: cancel.signal,
        abandoned: new AbortController().signal,
        trial: async () => {
          cancel.abort();
          return { state: 'inconclusive', why: 'the run was cancelled', logs: [] };
        },
      },
    );
    expect([report.outcome, report.cancelled, report.changed, files.size]).toEqual(['failed', true, false, 0]);
    expect(verdictOf(report.whole)).toBe(verdict);
    expect(cluster.recorder.writes).toEqual([]);
  });

  test('lists each write with its difference, the restarts by wave, and writes nothing', async () => {
    const reviews = await site.workload('reviews', { replicas: 2 });
    await site.workload('ratings', { kind: 'StatefulSet' });
    const before = await site.read(reviews);
    const { report } = await site.run('plan', '- deployment/reviews\n- sts/ratings', {
      configuration: 'x-test: 1',
      canary: '1',
    });

    expect(report.problems).toEqual([]);
    expect([report.outcome, report.changed]).toEqual(['planned', false]);
    expect(cluster.recorder.writes).toEqual([]);
    expect(dryRuns()).toHaveLength(4);
    const [, revision = ''] = /add-header-(\w+)/.exec(changeOf(report, 'ConfigMap')?.name ?? '') ?? [];
    expect(named(report)).toEqual([
      `create ConfigMap add-header-${revision}`,
      `create EnvoyFilter add-header-${revision}`,
      'change Deployment reviews',
      'change StatefulSet ratings',
    ]);
    expect(report.plan?.changes.map(({ admission }) => admission.state)).toEqual(Array(4).fill('accepted'));
    // The file itself would be a megabyte.
    expect(changeOf(report, 'ConfigMap')?.diff.join('\n')).toMatch(
      /^\+ {2}add-header-\w+\.wasm: .*<.* B, sha256:\w{64}>/m,
    );
    expect(changeOf(report, 'EnvoyFilter')?.diff).toContain("+                value: 'x-test: 1'");
    expect(changeOf(report, 'Deployment')?.diff).toEqual(
      expect.arrayContaining([
        ' spec.template.metadata.labels:',
        `+  deploy-wasm-filter/add-header: ${revision}`,
        ' spec.template.metadata.annotations:',
        `+  sidecar.istio.io/userVolume: [{"name":"wasm-filter-add-header","configMap":{"name":"add-header-${revision}"}}]`,
      ]),
    );
    expect(report.plan?.restarts.map(({ ref, pods, wave, wavePart }) => [ref.name, pods, wave, wavePart])).toEqual([
      ['reviews', 2, 1, 'canary'],
      ['ratings', 1, 1, undefined],
    ]);
    expect(report.plan?.waves).toBe(2);
    expect(report.plan?.missingPermissions).toEqual([]);

    expect(await site.objects()).toEqual([]);
    expect((await site.read(reviews)).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  test('makes the secrets known that stand in the cluster, in its targets and in its inputs', async () => {
    await site.workload('reviews', { replicas: 0 });
    const revision = await site.deployed(['reviews'], '{"apiToken":"deployed-value"}');
    const drifted = await site.envoyFilter(revision);
    const spec = JSON.parse(JSON.stringify(drifted.spec).replace('deployed-value', 'edited-value'));
    await cluster.api.patch(site.path(ENVOY_FILTER, revision), { spec }, 'kubectl-edit');
    const known = new Set<string>();
    const targets = '- { kind: deployment, name: reviews, configuration: \'{"apiToken":"deployed-value"}\' }';
    const { report } = await site.run(
      'plan',
      targets,
      { configuration: 'signing_key: input-value' },
      { mask: (secret) => known.add(secret) },
    );
    expect(changeOf(report, 'EnvoyFilter')?.diff).toEqual(['! only secret values change']);
    expect([...known]).toEqual(expect.arrayContaining(['edited-value', 'deployed-value', 'input-value']));
  });

  test('after a deployment there is nothing to plan; a change shows what it changes', async () => {
    await site.workload('reviews');
    const old = await site.deployed(['reviews'], 'x-test: 1');
    cluster.recorder.reset();
    const same = await site.run('plan', ['reviews'], { configuration: 'x-test: 1' });
    expect(same.report.outcome).toBe('planned');
    expect(same.report.plan).toEqual({
      parts: expect.any(Array),
      changes: [],
      modules: [],
      settings: [],
      restarts: [],
      inPlace: [],
      adoptions: [],
      waves: 0,
      missingPermissions: [],
      uncheckedPermissions: [],
    });
    expect(dryRuns()).toEqual([]);

    const other = await site.run('plan', ['reviews'], { configuration: 'x-test: 2', 'keep-revisions': '0' });
    expect(named(other.report).map((line) => line.replace(/add-header-\w+$/, ''))).toEqual([
      'create ConfigMap ',
      'create EnvoyFilter ',
      'change Deployment reviews',
      'delete EnvoyFilter ',
      'delete ConfigMap ',
    ]);
    expect(changeOf(other.report, 'Deployment')?.diff).toContain(`-  deploy-wasm-filter/add-header: ${old}`);
    expect(cluster.recorder.writes).toEqual([]);
    expect(await site.objects()).toEqual(objectsOf(old));
  });

  test('what others changed is planned with the reason', async () => {
    await site.workload('reviews');
    const ratings = await site.workload('ratings');
    const revision = await site.deployed(['reviews', 'ratings'], 'x-test: 1');
    await cluster.api.patch(
      `/apis/networking.istio.io/v1alpha3/namespaces/${site.namespace}/envoyfilters/add-header-${revision}`,
      { spec: { priority: 99 } },
      'kubectl-edit',
    );
    await site.edit(ratings, { annotations: { 'sidecar.istio.io/userVolume': null } });
    const { report } = await site.run('plan', ['reviews', 'ratings'], { configuration: 'x-test: 1' });
    expect(report.plan?.changes.map(({ action, kind, name, reasons }) => [action, kind, name, reasons])).toEqual([
      [
        'change',
        'EnvoyFilter',
        `add-header-${revision}`,
        [`EnvoyFilter ${site.namespace}/add-header-${revision} was edited by kubectl-edit`],
      ],
      ['change', 'Deployment', 'ratings', ['the annotation sidecar.istio.io/userVolume was edited']],
    ]);
    expect(changeOf(report, 'EnvoyFilter')?.diff).toEqual(
      expect.arrayContaining(['-  priority: 99', '+  priority: 10']),
    );
    expect(report.plan?.restarts.map(({ ref }) => ref.name)).toEqual(['ratings']);
  });

  test('who may only read may plan; what may not be asked says why', async () => {
    await site.workload('reviews', { replicas: 0 });
    await grant(cluster.api, site.namespace, 'planner', READ);
    const { report } = await site.run('plan', ['reviews'], { kubeconfig: cluster.recorder.kubeconfig('planner') });
    expect(report.problems).toEqual([]);
    expect(report.outcome).toBe('planned');
    const where = `in namespace "${site.namespace}"`;
    expect(report.plan?.missingPermissions).toEqual([]);
    expect(report.plan?.uncheckedPermissions.map(describePermission)).toEqual([
      `create configmaps ${where}`,
      `create envoyfilters.networking.istio.io ${where}`,
      `delete configmaps ${where}`,
      `delete envoyfilters.networking.istio.io ${where}`,
      `patch configmaps ${where}`,
      `patch deployments.apps ${where}`,
      `patch envoyfilters.networking.istio.io ${where}`,
    ]);
    expect(report.plan?.changes.map(({ admission }) => admission)).toEqual([
      { state: 'not-asked', why: `the kubeconfig user cannot create configmaps ${where}` },
      {
        state: 'not-asked',
        why: `the kubeconfig user cannot create envoyfilters.networking.istio.io ${where}`,
      },
      { state: 'not-asked', why: `the kubeconfig user cannot patch deployments.apps ${where}` },
    ]);
    expect(dryRuns()).toEqual([]);
  });

  test('who may not list is offered a Role with which the next run deploys', async () => {
    await site.workload('reviews');
    await grant(cluster.api, site.namespace, 'reader', [
      { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list'] },
    ]);
    const kubeconfig = cluster.recorder.kubeconfig('reader');
    const before = await site.run('deploy', ['reviews'], { kubeconfig });
    expect(before.report.problems.map(describeProblem)).toEqual(
      expect.arrayContaining([expect.stringMatching(/cannot list configmaps in namespace/)]),
    );
    const page = renderSummary(before.report.whole);
    const [role, binding] = loadAll(/```yaml\n(apiVersion.*?)```/s.exec(page)?.[1] ?? '') as ApiObject[];
    expect(binding).toMatchObject({ subjects: [{ kind: 'User', name: 'reader' }] });
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${site.namespace}`;
    await cluster.api.create(`${rbac}/roles`, role as never);
    await cluster.api.create(`${rbac}/rolebindings`, binding as never);
    const listing = { apiGroups: [''], resources: ['configmaps'], verbs: ['list'] };
    await granted(cluster.api, site.namespace, 'reader', listing);
    const { report } = await site.run('deploy', ['reviews'], { kubeconfig });
    expect(report.problems).toEqual([]);
    expect(report.outcome).toBe('deployed');
  });

  test.each(['status', 'remove'])('%s offers a Role for what it may not list', async (command) => {
    await grant(cluster.api, site.namespace, 'reader', [
      { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list'] },
    ]);
    const inputs = { kubeconfig: cluster.recorder.kubeconfig('reader'), name: 'add-header' };
    const { report } = await site.run(command, ['reviews'], inputs);
    expect(renderSummary(report.whole)).toMatch(/apiVersion: rbac.*resources: \[.*statefulsets/s);
  });

  test('a missing permission to delete is no failure of the plan', async () => {
    await site.workload('reviews', { replicas: 0 });
    await site.deployed(['reviews'], 'x-test: 1');
    await grant(cluster.api, site.namespace, 'keeper', [
      ...READ,
      { apiGroups: [''], resources: ['configmaps'], verbs: ['create', 'patch'] },
      { apiGroups: ['apps'], resources: ['deployments'], verbs: ['patch'] },
      { apiGroups: ['networking.istio.io'], resources: ['envoyfilters'], verbs: ['create', 'patch'] },
    ]);
    const { report } = await site.run('plan', ['reviews'], {
      configuration: 'x-test: 2',
      'keep-revisions': '0',
      kubeconfig: cluster.recorder.kubeconfig('keeper'),
    });
    expect(report.outcome).toBe('planned');
    const deletions = report.plan?.changes.filter(({ action }) => action === 'delete') ?? [];
    expect(deletions.map(({ admission }) => admission)).toEqual([
      { state: 'not-asked', why: expect.stringMatching(/cannot delete envoyfilters/) },
      { state: 'not-asked', why: expect.stringMatching(/cannot delete configmaps/) },
    ]);
  });

  describe('admission', () => {
    const answer = (status: number, message: string, reason?: string): void =>
      cluster.recorder.inject(({ path }) =>
        path.includes('/deployments/') && path.includes('dryRun=All')
          ? {
              answer: {
                status,
                body: JSON.stringify({ kind: 'Status', status: 'Failure', code: status, message, reason }),
              },
            }
          : undefined,
      );
    beforeEach(async () => {
      await site.workload('reviews', { replicas: 0 });
    });

    test.each<[string, number, string, string | undefined]>([
      ['a webhook', 403, 'admission webhook "no.example" denied the request: frozen until Monday', undefined],
      ['a webhook that says Forbidden', 403, 'admission webhook "no.example" denied the request: frozen', 'Forbidden'],
      ['a policy', 422, "ValidatingAdmissionPolicy 'labels' denied request: no such label", 'Invalid'],
    ])('what %s refuses fails the plan', async (_who, status, message, reason) => {
      answer(status, message, reason);
      const { report } = await site.run('plan', ['reviews']);
      expect([report.outcome, report.changed]).toEqual(['failed', false]);
      expect(changeOf(report, 'Deployment')?.admission).toEqual({ state: 'refused', message });
      expect(report.problems.map(describeProblem)).toEqual([
        expect.stringContaining(`Deployment ${site.namespace}/reviews would be rejected by the API server: ${message}`),
      ]);
      expect(cluster.recorder.writes).toEqual([]);
    });

    test.each<[string, number, string, string]>([
      ['a webhook has side effects', 400, 'admission webhook "x.example" does not support dry run', 'BadRequest'],
      ['somebody was faster', 409, 'the object has been modified', 'Conflict'],
    ])('where %s, nothing is known of what it would say', async (_case, status, message, reason) => {
      answer(status, message, reason);
      const { report } = await site.run('plan', ['reviews']);
      expect(report.problems).toEqual([]);
      expect(report.outcome).toBe('planned');
      expect(changeOf(report, 'Deployment')?.admission.state).toBe('not-asked');
    });
  });

  test('a problem of the targets is one of the plan, too', async () => {
    await site.workload('reviews', { replicas: 0 });
    const { report } = await site.run('plan', ['review']);
    expect(report.outcome).toBe('failed');
    expect(report.problems.map(describeProblem)).toEqual([expect.stringMatching(/Change it to deployment\/reviews/)]);
  });
});
