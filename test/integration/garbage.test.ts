import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { warningTexts } from '../../src/base/warning.ts';
import type { KubernetesObject, Workload } from '../../src/cluster/objects.ts';
import { CONFIG_MAP, ENVOY_FILTER } from '../../src/cluster/resources.ts';
import { runProblems } from '../../src/deploy/report/report.ts';
import { GARBAGE_ANNOTATION, podLabel } from '../../src/mesh/identity/names.ts';
import { revisionOn, stateOn } from '../../src/mesh/template/template.ts';
import type { ActionInputs, SeenReport } from '../harness/action.ts';
import { eventually, grant } from '../harness/api.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import type { FaultRule } from '../harness/recorder.ts';
import { makeWorkload } from '../harness/workloads.ts';
import { revisionOf, Scene } from './scene.ts';
import { FILTER, filterKeys, objectsOf, Site } from './site.ts';

describe('superseded revisions', () => {
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

  /** Deploys one configuration after the other, and gives their revisions. */
  const deployAll = async (
    targets: readonly string[],
    configurations: readonly string[],
    more: ActionInputs = {},
  ): Promise<string[]> => {
    const revisions: string[] = [];
    for (const one of configurations) revisions.push(await site.deployed(targets, one, more));
    return revisions;
  };
  const names = (revision: string): string[] =>
    ['EnvoyFilter', 'ConfigMap'].map((kind) => `${kind} ${site.namespace}/${FILTER}-${revision}`);
  const marks = async (): Promise<string[]> => {
    const objects = await Promise.all(
      [CONFIG_MAP, ENVOY_FILTER].map((resource) => cluster.api.list<KubernetesObject>(site.path(resource))),
    );
    return objects.flat().flatMap(({ metadata }) => metadata.annotations?.[GARBAGE_ANNOTATION] ?? []);
  };
  /** The objects that every pod template needs. */
  const expectWhole = async (...workloads: readonly Workload[]): Promise<void> => {
    const there = await site.objects();
    for (const workload of workloads) {
      const { label = '' } = filterKeys(await site.template(workload));
      expect(there).toEqual(expect.arrayContaining(objectsOf(label)));
    }
  };
  /** Strikes once. */
  const once = (
    fits: (request: { method: string; path: string }) => boolean,
    meanwhile: () => Promise<void>,
  ): FaultRule => {
    let left = 1;
    return (request) => (left > 0 && fits(request) && left-- > 0 ? { meanwhile } : undefined);
  };

  test.each<[string, number[]]>([
    ['', [2, 3]],
    ['1', [2, 3]],
    ['0', [3]],
    ['3', [0, 1, 2, 3]],
  ])('after four deployments with keep-revisions %j those stay: %j', async (keep, kept) => {
    const workload = await site.workload('reviews');
    const configurations = ['a', 'b', 'c', 'd'];
    const revisions = await deployAll(['reviews'], configurations, { 'keep-revisions': keep });
    expect(await site.objects()).toEqual(objectsOf(...kept.map((at) => revisions[at] ?? '')));
    expect(await marks()).toEqual([]);
    await expectWhole(workload);
    cluster.recorder.reset();
    const again = await site.run('deploy', ['reviews'], { configuration: 'd', 'keep-revisions': keep });
    expect([again.report.outcome, cluster.recorder.writes]).toEqual(['unchanged', []]);
  });

  test('going back and forth between two revisions keeps both', async () => {
    await site.workload('reviews', { replicas: 0 });
    const [a = '', b = ''] = await deployAll(['reviews'], ['a', 'b', 'a', 'b']);
    expect(await site.objects()).toEqual(objectsOf(a, b));
  });

  test('what each workload would go back to stays, even if that is more than is kept', async () => {
    for (const name of ['reviews', 'ratings']) await site.workload(name, { replicas: 0 });
    const [a = ''] = await deployAll(['reviews'], ['a']);
    const [b = ''] = await deployAll(['ratings'], ['b']);
    const [c = ''] = await deployAll(['reviews', 'ratings'], ['c']);
    expect(await site.objects()).toEqual(objectsOf(a, b, c));
  });

  test('one that was rejected and never verified goes, once a good one takes its place on some of the workloads', async () => {
    const scene = await Scene.open(cluster);
    const workload = await scene.switched('reviews');
    await scene.switched('ratings');
    const run = async (configuration: string, more: ActionInputs = {}): Promise<string> => {
      const { targets } = await scene.deploy({ configuration: `x-test: ${configuration}`, ...more });
      return targets[0] === undefined ? '' : revisionOf(targets[0]);
    };
    const targets = '- deployment/reviews';
    const good = await run('1');
    await scene.turn('unready');
    const bad = await run('2', { targets, 'on-failure': 'keep', timeout: '2s' });
    expect(revisionOn(await scene.now(workload), FILTER)).toBe(bad);
    await scene.turn('well');
    const next = await run('3', { targets });
    const { configMaps, envoyFilters } = await scene.objects();
    const kept = [good, next].map((id) => `${FILTER}-${id}`).sort();
    expect([configMaps, envoyFilters]).toEqual([kept, kept]);
    expect(stateOn(await scene.now(workload))[FILTER]).toMatchObject({ revision: next, previous: good });
  });

  test('a revision that another workload has in its pod template stays', async () => {
    await site.workload('reviews', { replicas: 0 });
    const other = await site.workload('ratings', { kind: 'StatefulSet', replicas: 0 });
    const a = await site.deployed('- deployment/reviews\n- sts/ratings', 'a');
    const [, c = ''] = await deployAll(['reviews'], ['b', 'c'], { 'keep-revisions': '0' });
    expect(await site.objects()).toEqual(objectsOf(a, c));
    await expectWhole(other);
  });

  test('a revision that a living pod has stays until the pod is gone', async () => {
    await site.workload('reviews', { replicas: 0 });
    const a = await site.deployed(['reviews'], 'a');
    const { metadata, spec } = makeWorkload(site.namespace, 'stray').spec?.template ?? {};
    const pods = `/api/v1/namespaces/${site.namespace}/pods`;
    await cluster.api.create(pods, {
      metadata: { ...metadata, name: 'stray', labels: { app: 'stray', [podLabel(FILTER)]: a } },
      spec,
    } as never);
    const keep = { 'keep-revisions': '0' };
    const { report } = await site.run('deploy', ['reviews'], { configuration: 'b', ...keep });
    expect([report.outcome, runProblems(report)]).toEqual(['deployed', []]);
    expect(report.collected).toEqual({
      deleted: [],
      left: names(a).map((object) => ({ object, why: 'the pod stray runs it', runBy: 'stray' })),
    });
    expect(await marks()).toEqual([]);

    await cluster.api.delete(`${pods}/stray?gracePeriodSeconds=0`);
    await eventually('the end of the pod', async () =>
      (await cluster.api.list(pods)).length === 0 ? true : undefined,
    );
    const next = await site.run('deploy', ['reviews'], { configuration: 'b', ...keep });
    expect([next.report.outcome, next.report.changed, next.report.collected.deleted]).toEqual([
      'deployed',
      true,
      names(a),
    ]);
  });

  describe('what a missing permission prevents is left as it is, and the run succeeds', () => {
    const rules = (configMaps: readonly string[], pods: readonly string[]): object[] => [
      { apiGroups: [''], resources: ['configmaps'], verbs: ['list', 'create', ...configMaps] },
      { apiGroups: [''], resources: ['pods'], verbs: ['get', ...pods] },
      { apiGroups: ['networking.istio.io'], resources: ['envoyfilters'], verbs: ['list', 'create', ...configMaps] },
      {
        apiGroups: ['apps', 'argoproj.io'],
        resources: ['deployments', 'statefulsets', 'daemonsets', 'rollouts'],
        verbs: ['get', 'list', 'watch', 'patch'],
      },
    ];
    const deployAs = async (user: string): Promise<SeenReport> => {
      const { report } = await site.run('deploy', ['reviews'], {
        configuration: 'b',
        'keep-revisions': '0',
        kubeconfig: cluster.recorder.kubeconfig(user),
      });
      expect(runProblems(report)).toEqual([]);
      return report;
    };

    test.each<[string, object[], RegExp]>([
      ['list pods', rules(['patch', 'delete'], []), /cannot list pods in namespace/],
    ])('to %s', async (user, granted, why) => {
      await site.workload('reviews', { replicas: 0 });
      const a = await site.deployed(['reviews'], 'a');
      const name = user.replace(' ', '-');
      await grant(cluster.api, site.namespace, name, granted);
      const report = await deployAs(name);
      expect(report.outcome).toBe('deployed');
      expect(report.collected).toEqual({
        deleted: [],
        left: names(a).map((object) => ({
          object,
          why: expect.stringMatching(why),
          missing: [expect.objectContaining({ verb: 'list', resource: 'pods' })],
        })),
      });
      expect(await marks()).toEqual([]);
      cluster.recorder.reset();
      const again = await deployAs(name);
      expect([again.outcome, cluster.recorder.writes]).toEqual(['unchanged', []]);
    });

    test('to list the other kinds of workloads, which is warned of, with the Role', async () => {
      await site.workload('reviews', { replicas: 0 });
      await site.deployed(['reviews'], 'a');
      const [configMaps, pods, envoyFilters] = rules(['patch', 'delete'], ['list']);
      const deployments = { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch', 'patch'] };
      await grant(cluster.api, site.namespace, 'narrow', [configMaps, pods, envoyFilters, deployments] as object[]);
      const { warnings, missingForCleanup, outcome } = await deployAs('narrow');
      expect(outcome).toBe('deployed');
      expect(warningTexts(warnings)).toEqual([
        expect.stringMatching(/^2 superseded objects kept in namespace \S+: the kubeconfig user cannot list .*apps/),
        expect.stringMatching(/^It is not known whether a Rollout takes its pod template from a Deployment/),
      ]);
      expect(missingForCleanup?.map(({ resource }) => resource).sort()).toEqual([
        'daemonsets',
        'rollouts',
        'statefulsets',
      ]);
    });

    test('but to delete, which is said before the first write', async () => {
      await site.workload('reviews', { replicas: 0 });
      await site.deployed(['reviews'], 'a');
      await grant(cluster.api, site.namespace, 'keeper', rules(['patch'], ['list']));
      cluster.recorder.reset();
      const { report } = await site.run('deploy', ['reviews'], {
        configuration: 'b',
        'keep-revisions': '0',
        kubeconfig: cluster.recorder.kubeconfig('keeper'),
      });
      expect(runProblems(report).map(({ message }) => message)).toEqual([
        expect.stringMatching(/cannot delete configmaps in namespace/),
        expect.stringMatching(/cannot delete envoyfilters\./),
      ]);
      expect(cluster.recorder.writes).toEqual([]);
    });

    test('to list another kind of workloads, which might use it', async () => {
      await site.workload('reviews', { replicas: 0 });
      const a = await site.deployed(['reviews'], 'a');
      await grant(cluster.api, site.namespace, 'half', [
        ...rules(['patch', 'delete'], ['list']).slice(0, 3),
        { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch', 'patch'] },
      ]);
      const report = await deployAs('half');
      expect(report.outcome).toBe('deployed');
      expect(await site.objects()).toEqual(expect.arrayContaining(objectsOf(a)));
    });
  });

  describe('a run that takes a revision into use while another one collects it', () => {
    let workload: Workload;
    const keep = { 'keep-revisions': '0' };
    beforeEach(async () => {
      workload = await site.workload('reviews');
      await site.workload('ratings', { replicas: 0 });
    });

    test('between the mark and the deletion: it takes the mark away', async () => {
      const a = await site.deployed(['reviews'], 'a', keep);
      let inner: SeenReport | undefined;
      let seen: string[] = [];
      cluster.recorder.inject(
        once(
          ({ method, path }) => method === 'DELETE' && !path.includes('/pods/'),
          async () => {
            seen = await marks();
            inner = (await site.run('deploy', ['ratings'], { configuration: 'a', ...keep })).report;
          },
        ),
      );
      const { report } = await site.run('deploy', ['reviews'], { configuration: 'b', ...keep });
      expect(seen).toHaveLength(2);
      expect([report.outcome, inner?.outcome]).toEqual(['deployed', 'deployed']);
      const b = report.targets[0]?.revisions[0]?.revision ?? '';
      expect(await site.objects()).toEqual(objectsOf(a, b));
      expect(report.collected.deleted).toEqual([]);
      expect(await marks()).toEqual([]);
    });

    test('before its own patch: it makes the objects anew', async () => {
      await site.deployed(['reviews'], 'a', keep);
      const b = await site.deployed(['reviews'], 'b');
      let collected: SeenReport['collected'] | undefined;
      cluster.recorder.inject(
        once(
          ({ method, path }) => method === 'PATCH' && path.includes('/deployments/reviews?'),
          async () => {
            collected = (await site.run('deploy', ['reviews'], { configuration: 'b', ...keep })).report.collected;
          },
        ),
      );
      const { report } = await site.run('deploy', ['reviews'], { configuration: 'a' });
      expect(collected?.deleted).toHaveLength(2);
      expect([report.outcome, runProblems(report)]).toEqual(['deployed', []]);
      await expectWhole(workload);
      expect(filterKeys(await site.template(workload)).label).not.toBe(b);
    });

    test('when the mark of a killed run is still there, it is taken away', async () => {
      const a = await site.deployed(['reviews'], 'a');
      await site.deployed(['reviews'], 'b');
      for (const resource of [CONFIG_MAP, ENVOY_FILTER]) {
        const annotations = { [GARBAGE_ANNOTATION]: 'killed' };
        await cluster.api.patch(site.path(resource, a), { metadata: { annotations } }, 'deploy-wasm-filter');
      }
      await site.deployed(['reviews'], 'a');
      expect(await marks()).toEqual([]);
      await expectWhole(workload);
    });
  });
});
