import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../src/base/problem.ts';
import { warningTexts } from '../../src/base/warning.ts';
import type { Workload } from '../../src/cluster/objects.ts';
import { runProblems } from '../../src/deploy/report/report.ts';
import { grant } from '../harness/api.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { makeWorkload, pathOf } from '../harness/workloads.ts';
import { FILTER, filterKeys, lines, objectsOf, Site, writesOf } from './site.ts';

const USER_VOLUME = 'sidecar.istio.io/userVolume';
const USER_VOLUME_MOUNT = 'sidecar.istio.io/userVolumeMount';
const STATE = 'deploy-wasm-filter/state';

describe('taking a filter away', () => {
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

  const written = (): string[] => lines(writesOf(cluster.recorder.writes));
  const templateAndState = async (workload: Workload): Promise<unknown> => {
    const { metadata, spec } = await site.read(workload);
    return { template: spec?.template, state: metadata.annotations?.[STATE] };
  };

  test('template first, then the wait, then the objects; afterwards the template is what it was before', async () => {
    const workloads = [
      await site.workload('reviews', { replicas: 2 }),
      await site.workload('ratings', { kind: 'StatefulSet' }),
      await site.workload('agent', { kind: 'DaemonSet' }),
    ];
    const before = await Promise.all(workloads.map(templateAndState));
    const targets = '- deployment/reviews\n- sts/ratings\n- ds/agent';
    const revision = await site.deployed(targets, 'x-test: 1');
    cluster.recorder.reset();

    const { report } = await site.run('remove', targets);
    expect(runProblems(report)).toEqual([]);
    expect([report.outcome, report.changed]).toEqual(['removed', true]);
    expect(report.targets.map(({ ref, outcome, revisions }) => [ref.name, outcome, revisions])).toEqual(
      ['reviews', 'ratings', 'agent'].map((name) => [name, 'removed', [{ filter: FILTER, before: revision }]]),
    );
    expect(await Promise.all(workloads.map(templateAndState))).toEqual(before);
    expect(await site.objects()).toEqual([]);
    expect(report.collected).toEqual({
      deleted: ['EnvoyFilter', 'ConfigMap'].map((kind) => `${kind} ${site.namespace}/${FILTER}-${revision}`),
      left: [],
    });
    expect(written().slice(0, 3).sort()).toEqual([
      'change DaemonSet agent',
      'change Deployment reviews',
      'change StatefulSet ratings',
    ]);
    // No proxy is told to read a file that is gone.
    expect(written().slice(3)).toEqual([
      `delete EnvoyFilter ${FILTER}-${revision}`,
      `delete ConfigMap ${FILTER}-${revision}`,
    ]);

    cluster.recorder.reset();
    const again = await site.run('remove', targets, { missing: 'ok' });
    expect([again.report.outcome, again.report.changed]).toEqual(['unchanged', false]);
    expect(cluster.recorder.writes).toEqual([]);
  });

  describe('a filter that is not there', () => {
    const GONE = 'If it may be gone already, as when a preview is closed twice, set "missing: ok".';
    const problemsOf = async (...given: Parameters<Site['run']>): Promise<string[]> => {
      cluster.recorder.reset();
      const { report } = await site.run(...given);
      expect(report).toMatchObject({ outcome: 'failed', changed: false });
      expect(cluster.recorder.writes).toEqual([]);
      return runProblems(report).map(describeProblem);
    };

    test('is a failure that names the filter, the namespace, and what is there', async () => {
      const none = `input "name" is "add-hedder", and namespace ${site.namespace} has no such filter: no workload runs it, and no object of it is left.`;
      await site.workload('reviews', { replicas: 0 });
      expect(await problemsOf('remove', '', { name: 'add-hedder' })).toEqual([
        `${none} No filter of this action is there. ${GONE}`,
      ]);
      await site.deployed(['reviews'], 'x-test: 1');
      const there = `Filters that exist: "${FILTER}" in ${site.namespace} (on 1 workload).`;
      for (const command of ['remove', 'sweep']) {
        expect(await problemsOf(command, '', { name: 'add-hedder' })).toEqual([
          `${none} Change it to "${FILTER}". ${there} ${GONE}`,
        ]);
      }
      expect(await problemsOf('remove', '', { name: 'something-else' })).toEqual([
        expect.stringContaining(`is left. ${there}`),
      ]);
    });

    test('on the workloads that the target list names is a failure, too, and says which have it', async () => {
      for (const name of ['reviews', 'ratings']) await site.workload(name, { replicas: 0 });
      await site.deployed(['reviews'], 'x-test: 1');
      expect(await problemsOf('remove', ['ratings'])).toEqual([
        `target list means Deployment ${site.namespace}/ratings, and it does not have the filter "${FILTER}". Deployment ${site.namespace}/reviews has it. ${GONE}`,
      ]);
    });

    test('on some of the named workloads is said', async () => {
      for (const name of ['reviews', 'ratings']) await site.workload(name, { replicas: 0 });
      await site.deployed(['reviews'], 'x-test: 1');
      const warning = (what: string): string =>
        `The target list names Deployment ${site.namespace}/ratings, which has ${what}.`;
      const status = await site.run('status', ['reviews', 'ratings'], { name: '' });
      expect(warningTexts(status.report.warnings)).toEqual([warning('no filter of this action')]);
      const { report } = await site.run('remove', ['reviews', 'ratings']);
      expect([report.outcome, warningTexts(report.warnings)]).toEqual(['removed', [warning(`no filter "${FILTER}"`)]]);
    });

    test('is nothing to do with "missing: ok", and the report says what is there', async () => {
      const { report } = await site.run('remove', '', { name: 'auth', missing: 'ok' });
      expect(report).toMatchObject({
        outcome: 'unchanged',
        problems: [],
        nothing: { filters: ['auth'], namespaces: [site.namespace], present: [] },
      });
    });
  });

  test('nothing is deleted before the last pod without the filter is ready', async () => {
    const workload = await site.workload('reviews', { replicas: 3, podAnnotations: { 'sim/ready-after-ms': '60' } });
    await site.deployed(['reviews'], 'x-test: 1');
    let ready: unknown;
    cluster.recorder.inject(({ method }) =>
      method === 'DELETE' && ready === undefined
        ? {
            meanwhile: async () => {
              ready = (await site.read(workload)).status;
            },
          }
        : undefined,
    );
    await site.run('remove', ['reviews']);
    expect(ready).toMatchObject({ updatedReplicas: 3, availableReplicas: 3, replicas: 3 });
  });

  test('volumes of the user and of other filters stay as they are', async () => {
    const volumes = { theirs: { emptyDir: {} } };
    const mounts = { theirs: { mountPath: '/theirs' } };
    const workload = await site.workload('reviews', {
      podAnnotations: { [USER_VOLUME]: JSON.stringify(volumes), [USER_VOLUME_MOUNT]: JSON.stringify(mounts) },
    });
    await site.deployed(['reviews'], 'limit: 5', { name: 'rate-limit' });
    const between = await templateAndState(workload);
    const kept = await site.objects();
    await site.deployed(['reviews'], 'x-test: 1');
    await site.run('remove', ['reviews']);
    expect(await templateAndState(workload)).toEqual(between);
    expect(await site.objects()).toEqual(kept);
    expect(filterKeys(await site.template(workload), 'rate-limit').label).toBeDefined();
  });

  test('of some targets: the objects stay while another workload names the revision', async () => {
    await site.workload('reviews');
    const ratings = await site.workload('ratings');
    const revision = await site.deployed(['reviews', 'ratings'], 'x-test: 1');
    const first = await site.run('remove', ['reviews']);
    expect(first.report.outcome).toBe('removed');
    expect(first.report.collected).toEqual({ deleted: [], left: [] });
    const way = `run "remove" with "name: ${FILTER}" and "namespace: ${site.namespace}", without targets and without a manifest.`;
    expect(warningTexts(first.report.warnings)).toEqual([
      `Deployment ${site.namespace}/ratings still has the filter "${FILTER}", because the target list does not mean it. To remove it there, too, ${way}`,
    ]);
    expect(await site.objects()).toEqual(objectsOf(revision));
    expect(filterKeys(await site.template(ratings)).label).toBe(revision);
    const last = await site.run('remove', ['ratings']);
    expect(last.report.collected.deleted).toHaveLength(2);
    expect(last.report.warnings).toEqual([]);
    expect(await site.objects()).toEqual([]);
  });

  test('of some targets: what the others go back to stays, and what only these ran goes', async () => {
    for (const name of ['reviews', 'ratings']) await site.workload(name);
    const both = ['reviews', 'ratings'];
    const before = await site.deployed(both, 'x-test: 1');
    const revision = await site.deployed(both, 'x-test: 2');
    await site.deployed(['reviews'], 'x-test: 3');
    const { report } = await site.run('remove', ['reviews']);
    expect(report.outcome).toBe('removed');
    expect(await site.objects()).toEqual(objectsOf(...[before, revision]));
    await site.run('remove', ['ratings']);
    expect(await site.objects()).toEqual([]);
  });

  test('of some targets: the others that still have it are named, and where there are many, counted', async () => {
    for (let at = 1; at <= 8; at++) await site.workload(`w${at}`, { replicas: 0 });
    await site.workload('bare', { replicas: 0 });
    await site.deployed('- { name: "w*" }', 'x-test: 1', { 'max-parallel': '100%' });
    const { report } = await site.run('remove', ['w1', 'w8']);
    const names = [2, 3, 4, 5, 6].map((at) => `Deployment ${site.namespace}/w${at}`).join(', ');
    expect(warningTexts(report.warnings)).toEqual([
      expect.stringContaining(`${names} and 1 more still have the filter`),
    ]);
    // As the warning says.
    const rest = await site.run('remove', '');
    expect([rest.report.outcome, rest.report.targets.length, rest.report.warnings]).toEqual(['removed', 6, []]);
    expect(await site.objects()).toEqual([]);
  });

  test('without targets: from every workload of the namespace, with what no workload uses any more', async () => {
    const workload = await site.workload('reviews', { replicas: 0 });
    await site.workload('ratings', { kind: 'StatefulSet', replicas: 0 });
    await site.workload('bare', { replicas: 0 });
    await site.deployed('- deployment/reviews\n- sts/ratings', 'x-test: 1');
    await site.deployed(['reviews'], 'x-test: 2');
    const { report } = await site.run('remove', '');
    expect(report.targets.map(({ ref }) => ref.name).sort()).toEqual(['ratings', 'reviews']);
    expect(report.outcome).toBe('removed');
    expect(await site.objects()).toEqual([]);
    expect(filterKeys(await site.template(workload))).toEqual({});
  });

  test('objects that were left when their workloads were deleted go, too', async () => {
    const workload = await site.workload('reviews', { replicas: 0 });
    await site.deployed(['reviews'], 'x-test: 1');
    await cluster.api.delete(pathOf(workload));
    const { report } = await site.run('remove', '');
    expect([report.outcome, report.targets]).toEqual(['removed', []]);
    expect(await site.objects()).toEqual([]);
  });

  test('works where Istio is gone', async () => {
    const workload = await site.workload('reviews', { replicas: 0 });
    await site.deployed(['reviews'], 'x-test: 1');
    cluster.recorder.inject(({ path }) =>
      path.includes('/envoyfilters') ? { answer: { status: 404, body: '404 page not found' } } : undefined,
    );
    const { report } = await site.run('remove', ['reviews']);
    expect(runProblems(report)).toEqual([]);
    expect(report.outcome).toBe('removed');
    expect(filterKeys(await site.template(workload))).toEqual({});
    expect((await site.objects()).map((line) => line.split(' ')[0])).toEqual(['EnvoyFilter']);
  });

  test('a workload whose pods do not become ready without it is rolled back, and the objects stay', async () => {
    const workload = makeWorkload(site.namespace, 'reviews', {
      podAnnotations: { 'sim/behaviour': 'never-ready', 'sim/behaviour-with-filter': 'ready' },
    });
    await cluster.api.create(`/apis/apps/v1/namespaces/${site.namespace}/deployments`, workload);
    await site.workload('ratings');
    const revision = await site.deployed(['reviews', 'ratings'], 'x-test: 1', { unready: 'deploy' });
    const before = await templateAndState(workload);
    const { report } = await site.run('remove', ['reviews', 'ratings'], { timeout: '1s' });
    expect(report.outcome).toBe('failed');
    expect(report.targets.map(({ outcome, rollback }) => [outcome, rollback?.state, rollback?.to])).toEqual([
      ['failed', 'rolled-back', { [FILTER]: revision }],
      ['removed', undefined, undefined],
    ]);
    expect(await templateAndState(workload)).toEqual(before);
    expect(await site.objects()).toEqual(objectsOf(revision));
  });

  test('a missing permission to delete is said before the first write', async () => {
    const workload = await site.workload('reviews', { replicas: 0 });
    const revision = await site.deployed(['reviews'], 'x-test: 1');
    await grant(cluster.api, site.namespace, 'patcher', [
      {
        apiGroups: ['', 'apps', 'argoproj.io', 'networking.istio.io'],
        resources: ['configmaps', 'deployments', 'statefulsets', 'daemonsets', 'rollouts', 'envoyfilters'],
        verbs: ['get', 'list', 'watch', 'patch'],
      },
    ]);
    cluster.recorder.reset();
    const { report } = await site.run('remove', ['reviews'], { kubeconfig: cluster.recorder.kubeconfig('patcher') });
    expect([report.outcome, report.changed]).toEqual(['failed', false]);
    expect(report.problems.map(describeProblem)).toEqual([
      expect.stringMatching(/cannot delete configmaps in/),
      expect.stringMatching(/cannot delete envoyfilters.networking.istio.io in/),
    ]);
    expect(cluster.recorder.writes).toEqual([]);
    expect(filterKeys(await site.template(workload)).label).toBe(revision);
  });

  test('without waiting the objects stay for the pods that still use them, and it says so', async () => {
    const workload = await site.workload('reviews');
    const revision = await site.deployed(['reviews'], 'x-test: 1');
    const { report } = await site.run('remove', ['reviews'], { wait: 'false', timeout: '' });
    expect([report.outcome, report.targets[0]?.outcome]).toEqual(['removed', 'removed']);
    expect(filterKeys(await site.template(workload))).toEqual({});
    expect(await site.objects()).toEqual(objectsOf(revision));
    expect(report.collected).toEqual({
      deleted: [],
      left: ['EnvoyFilter', 'ConfigMap'].map((kind) => ({
        object: `${kind} ${site.namespace}/${FILTER}-${revision}`,
        why: expect.stringMatching(/did not wait/),
        untried: true,
      })),
    });
    // The next run that waits clears them, whatever is left of the workloads.
    const next = await site.run('remove', '');
    expect([next.report.outcome, next.report.targets]).toEqual(['removed', []]);
    expect(await site.objects()).toEqual([]);
  });

  test('a workload that does not exist is a problem, and nothing is written', async () => {
    await site.workload('reviews', { replicas: 0 });
    await site.deployed(['reviews'], 'x-test: 1');
    cluster.recorder.reset();
    const { report } = await site.run('remove', ['reviews', 'rewievs']);
    expect(report.problems.map(describeProblem)).toEqual([expect.stringMatching(/Change it to deployment\/reviews/)]);
    expect(cluster.recorder.writes).toEqual([]);
  });
});
