import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { warningTexts } from '../../src/base/warning.ts';
import type { Workload } from '../../src/cluster/objects.ts';
import { CONFIG_MAP, ENVOY_FILTER } from '../../src/cluster/resources.ts';
import { driftIn, resultOf } from '../../src/deploy/report/drift.ts';
import { runProblems } from '../../src/deploy/report/report.ts';
import {
  podLabel,
  STATE_ANNOTATION,
  USER_VOLUME_ANNOTATION,
  USER_VOLUME_MOUNT_ANNOTATION,
} from '../../src/mesh/identity/names.ts';
import type { SeenReport } from '../harness/action.ts';
import { eventually } from '../harness/api.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { pathOf } from '../harness/workloads.ts';
import { FILTER, lines, Site, writesOf } from './site.ts';

const CONFIGURATION = 'x-test: 1';

describe('what others change', () => {
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
  const deployAgain = async (targets: readonly string[] | string = ['reviews', 'ratings']): Promise<SeenReport> => {
    cluster.recorder.reset();
    const { report } = await site.run('deploy', targets, { configuration: CONFIGURATION });
    expect(runProblems(report)).toEqual([]);
    return report;
  };
  /** What a command comes to that is to fail on drift, and which workloads it counts, each with whether it has repaired it. */
  const counted = async (command: string): Promise<unknown> => {
    const more = { configuration: CONFIGURATION, 'fail-on-drift': 'true' };
    const { whole } = (await site.run(command, ['reviews', 'ratings'], more)).report;
    return [resultOf(whole), ...driftIn(whole).map(({ ref, repaired }) => [ref.name, repaired])];
  };
  const expectCounted = async (names: readonly string[], commands = ['plan', 'status']): Promise<void> => {
    for (const command of commands) {
      expect([command, await counted(command)]).toEqual([command, ['failed', ...names.map((one) => [one, false])]]);
    }
  };
  const driftOf = ({ targets }: SeenReport): unknown => targets.map(({ ref, drift }) => [ref.name, drift]);

  describe('of another filter on the workload, whose run is not this one,', () => {
    const OTHER = 'rate-limit';
    let reviews: Workload;
    let revision: string;
    let good: unknown;
    const facts = async (): Promise<unknown> => (await site.template(reviews)).annotations;
    const next = async (command: string): Promise<SeenReport> => {
      const { report } = await site.run(command, ['reviews'], { name: OTHER, configuration: 'limit: 6' });
      return report;
    };
    const LOST = /^add-header \w{10}: its (volume|mount|volume and its mount) (was|were) removed from the annotations/;
    beforeEach(async () => {
      reviews = await site.workload('reviews');
      revision = await site.deployed(['reviews'], CONFIGURATION);
      await site.deployed(['reviews'], 'limit: 5', { name: OTHER });
      good = Object.keys((await site.template(reviews)).annotations).sort();
    });
    const without = async (key: string): Promise<void> => site.edit(reviews, { annotations: { [key]: null } });
    const mounts = async (): Promise<string> => JSON.stringify(await facts());

    test.each<[string, readonly string[]]>([
      ['the volumes', [USER_VOLUME_ANNOTATION]],
      ['the mounts', [USER_VOLUME_MOUNT_ANNOTATION]],
      ['both', [USER_VOLUME_ANNOTATION, USER_VOLUME_MOUNT_ANNOTATION]],
    ])('%s are planned and put back with its own', async (_, keys) => {
      for (const key of keys) await without(key);
      const planned = await next('plan');
      expect(driftOf(planned)).toEqual([['reviews', expect.arrayContaining([expect.stringMatching(LOST)])]]);
      const report = await next('deploy');
      expect(runProblems(report)).toEqual([]);
      expect(driftOf(report)).toEqual([['reviews', expect.arrayContaining([expect.stringMatching(LOST)])]]);
      expect(Object.keys((await site.template(reviews)).annotations).sort()).toEqual(good);
      expect(await mounts()).toContain(`add-header-${revision}`);
      const { report: after } = await site.run('deploy', ['reviews'], { configuration: CONFIGURATION });
      expect([after.outcome, driftOf(after)]).toEqual(['unchanged', [['reviews', []]]]);
    });

    test('are put back by a removal of the other', async () => {
      await without(USER_VOLUME_ANNOTATION);
      const { report } = await site.run('remove', ['reviews'], { name: OTHER });
      expect(runProblems(report)).toEqual([]);
      expect(await mounts()).toContain(`add-header-${revision}`);
    });

    test('are named before anything is written where their module is gone', async () => {
      await without(USER_VOLUME_ANNOTATION);
      await cluster.api.delete(site.path(CONFIG_MAP, revision));
      cluster.recorder.reset();
      const [problem] = runProblems(await next('deploy'));
      expect(problem?.message).toContain('the volume of its filter "add-header" was removed');
      expect(problem?.remedy).toContain('Deploy "add-header" to it in the same run, by a manifest');
      expect(written()).toEqual([]);
    });
  });

  describe('is named, repaired, and nothing else is written', () => {
    let reviews: Workload;
    let revision: string;
    let good: unknown;
    const facts = async (): Promise<unknown> => {
      const { labels, annotations } = await site.template(reviews);
      const { spec, metadata } = await site.envoyFilter(revision);
      // Which run has set it last, and when, is not what was repaired.
      const { started: _, ...record } = (await site.state(reviews))[FILTER] ?? {};
      return { labels, annotations, record, spec, owned: metadata.labels };
    };
    beforeEach(async () => {
      reviews = await site.workload('reviews');
      await site.workload('ratings', { replicas: 0 });
      revision = await site.deployed(['reviews', 'ratings'], CONFIGURATION);
      good = await facts();
    });
    const name = (): string => `${FILTER}-${revision}`;
    const editEnvoyFilter = async (patch: unknown): Promise<void> => {
      await cluster.api.patch(site.path(ENVOY_FILTER, revision), patch, 'kubectl-edit');
    };

    test.each<[string, RegExp, () => Promise<void>]>([
      [
        'the volume in its annotation',
        /^the annotation sidecar.istio.io\/userVolume was edited$/,
        () => site.edit(reviews, { annotations: { [USER_VOLUME_ANNOTATION]: null } }),
      ],
      [
        'the mount in its annotation',
        /^the annotation sidecar.istio.io\/userVolumeMount was edited$/,
        () => site.edit(reviews, { annotations: { [USER_VOLUME_MOUNT_ANNOTATION]: '[]' } }),
      ],
      [
        'the mount path',
        /^add-header was mounted at \/elsewhere$/,
        () =>
          site.edit(reviews, {
            annotations: {
              [USER_VOLUME_MOUNT_ANNOTATION]: '[{"name":"wasm-filter-add-header","mountPath":"/elsewhere"}]',
            },
          }),
      ],
      [
        'the label',
        /^the label of add-header was removed$/,
        () => site.edit(reviews, { labels: { [podLabel(FILTER)]: null } }),
      ],
      [
        'the value of the label',
        /^the label of add-header was changed to 0123456789$/,
        () => site.edit(reviews, { labels: { [podLabel(FILTER)]: '0123456789' } }),
      ],
      [
        'the record',
        /^the record of add-header was missing$/,
        () => site.edit(reviews, { own: { [STATE_ANNOTATION]: null } }),
      ],
      [
        'the revision in the record',
        /^the record of add-header named the revision 0123456789$/,
        () => site.edit(reviews, { own: { [STATE_ANNOTATION]: '{"add-header":{"revision":"0123456789","run":"x"}}' } }),
      ],
    ])('%s', async (_what, sentence, change) => {
      await change();
      await expectCounted(['reviews'], ['plan']);
      const report = await deployAgain();
      expect(driftOf(report)).toEqual([
        ['reviews', [expect.stringMatching(sentence)]],
        ['ratings', []],
      ]);
      expect(report.outcome).toBe('deployed');
      expect(written()).toEqual(['change Deployment reviews']);
      expect(await facts()).toEqual(good);
    });

    test('with "fail-on-drift" the run fails all the same, once; a plan before it finds the same', async () => {
      await site.edit(reviews, { labels: { [podLabel(FILTER)]: null } });
      await expectCounted(['reviews']);
      expect(await counted('deploy')).toEqual(['failed', ['reviews', true]]);
      expect(await facts()).toEqual(good);
      cluster.recorder.reset();
      expect([await counted('deploy'), written()]).toEqual([['unchanged'], []]);
    });

    test.each<[string, string, RegExp, () => Promise<void>]>([
      [
        'a ConfigMap that was deleted',
        'create ConfigMap',
        /^ConfigMap \S+ was deleted$/,
        () => cluster.api.delete(site.path(CONFIG_MAP, revision)),
      ],
      [
        'a label of ours on the ConfigMap',
        'change ConfigMap',
        /^ConfigMap \S+ was edited$/,
        async () => {
          await cluster.api.patch(
            site.path(CONFIG_MAP, revision),
            { metadata: { labels: { 'deploy-wasm-filter/revision': 'x' } } },
            'kubectl-edit',
          );
        },
      ],
      [
        'an EnvoyFilter that was deleted',
        'create EnvoyFilter',
        /^EnvoyFilter \S+ was deleted$/,
        () => cluster.api.delete(site.path(ENVOY_FILTER, revision)),
      ],
      [
        'a changed value in the EnvoyFilter',
        'change EnvoyFilter',
        /^EnvoyFilter \S+ was edited by kubectl-edit$/,
        () => editEnvoyFilter({ spec: { priority: 99 } }),
      ],
      [
        'a further patch in the EnvoyFilter',
        'change EnvoyFilter',
        /^EnvoyFilter \S+ was edited by kubectl-edit$/,
        async () => {
          const { spec } = await site.envoyFilter(revision);
          const patches = spec.configPatches as readonly unknown[];
          await editEnvoyFilter({
            spec: { configPatches: [...patches, { applyTo: 'CLUSTER', patch: { operation: 'REMOVE' } }] },
          });
        },
      ],
      [
        'a further label that the EnvoyFilter selects by',
        'change EnvoyFilter',
        /^EnvoyFilter \S+ was edited by kubectl-edit$/,
        () => editEnvoyFilter({ spec: { workloadSelector: { labels: { only: 'these' } } } }),
      ],
    ])('%s', async (_what, write, sentence, change) => {
      await change();
      await expectCounted(['reviews', 'ratings']);
      const report = await deployAgain();
      const drift = [expect.stringMatching(sentence)];
      expect(driftOf(report)).toEqual([
        ['reviews', drift],
        ['ratings', drift],
      ]);
      expect(written()[0]).toBe(`${write} ${name()}`);
      const [, kind = ''] = write.split(' ');
      // The proxies got it anew, so what was verified is looked at again.
      if (kind === 'EnvoyFilter') expect(report.targets[0]?.verification?.level).toBe('listener');
      expect(new Set(written().map((line) => line.replace(/^\w+ /, '')))).toEqual(new Set([`${kind} ${name()}`]));
      expect(await facts()).toEqual(good);
      const next = await deployAgain();
      expect([next.outcome, cluster.recorder.writes, driftOf(next)]).toEqual([
        'unchanged',
        [],
        [
          ['reviews', []],
          ['ratings', []],
        ],
      ]);
    });

    test('both at once, on several workloads', async () => {
      await site.edit(reviews, { labels: { [podLabel(FILTER)]: null } });
      await cluster.api.delete(site.path(ENVOY_FILTER, revision));
      const report = await deployAgain();
      const deleted = `EnvoyFilter ${site.namespace}/${name()} was deleted`;
      expect(driftOf(report)).toEqual([
        ['reviews', ['the label of add-header was removed', deleted]],
        ['ratings', [deleted]],
      ]);
      expect(written()).toEqual([`create EnvoyFilter ${name()}`, 'change Deployment reviews']);
    });

    test('what others add for themselves is left as it is', async () => {
      await editEnvoyFilter({ metadata: { labels: { theirs: 'x' }, annotations: { theirs: 'x' } } });
      await site.edit(reviews, { labels: { theirs: 'x' }, annotations: { theirs: 'x' }, own: { theirs: 'x' } });
      const report = await deployAgain();
      expect([report.outcome, cluster.recorder.writes]).toEqual(['unchanged', []]);
      expect(driftOf(report)).toEqual([
        ['reviews', []],
        ['ratings', []],
      ]);
    });
  });

  test('what is missing of the revision before is named, and a workload that is unready for it is not waited for', async () => {
    const reviews = await site.workload('reviews');
    const before = await site.deployed(['reviews'], 'x-test: 0');
    await cluster.api.delete(site.path(CONFIG_MAP, before));
    // New pods wait for what they are to mount for ever.
    await site.edit(reviews, { annotations: { restarted: 'now' } });
    await eventually('a pod that cannot start', async () => {
      const { status } = await site.read(reviews);
      return (status?.replicas ?? 0) > (status?.readyReplicas ?? 0) || undefined;
    });
    const { report } = await site.run('deploy', ['reviews'], { configuration: CONFIGURATION });
    expect(runProblems(report)).toEqual([]);
    expect(driftOf(report)).toEqual([
      [
        'reviews',
        [`${FILTER} ${before}: ConfigMap ${site.namespace}/${FILTER}-${before} was deleted; new pods cannot start`],
      ],
    ]);
    expect(report.targets.map(({ outcome }) => outcome)).toEqual(['deployed']);
  });

  test('a new workload that a selector matches gets the filter, and nothing else is written', async () => {
    const labels = { tier: 'api' };
    await site.workload('reviews', { labels });
    const targets = '- selector: tier=api';
    await site.deployed(targets, CONFIGURATION);
    await site.workload('ratings', { kind: 'StatefulSet', labels });
    const report = await deployAgain(targets);
    expect(report.targets.map(({ ref, outcome, drift }) => [ref.name, outcome, drift]).sort()).toEqual([
      ['ratings', 'deployed', []],
      ['reviews', 'unchanged', []],
    ]);
    expect(written()).toEqual(['change StatefulSet ratings']);
  });

  describe('GitOps', () => {
    const mark = async (workload: Workload, metadata: object): Promise<void> => {
      await cluster.api.patch(pathOf(workload), { metadata }, 'gitops');
    };
    const warningsOf = async (names: readonly string[]): Promise<readonly string[]> =>
      warningTexts((await site.run('deploy', names, { configuration: CONFIGURATION })).report.warnings);

    test('one warning for all workloads of an application, once it matters', async () => {
      for (const name of ['a', 'b', 'c', 'd']) {
        const workload = await site.workload(name, { replicas: 0 });
        const id = `shop:apps/Deployment:${site.namespace}/${name}`;
        await mark(workload, { annotations: { 'argocd.argoproj.io/tracking-id': id } });
      }
      const flux = {
        'kustomize.toolkit.fluxcd.io/name': 'edge',
        'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
      };
      await mark(await site.workload('e', { replicas: 0 }), { labels: flux });
      await site.workload('f', { replicas: 0 });
      const names = ['a', 'b', 'c', 'd', 'e', 'f'];
      expect(await warningsOf(names)).toEqual([
        expect.stringMatching(
          /^Deployment \S+\/a, Deployment \S+\/b, Deployment \S+\/c and 1 more belong to Argo CD \(application shop\): a sync, self-heal included, leaves keys alone/,
        ),
        expect.stringMatching(
          /^Deployment \S+\/e belongs to Flux \(Kustomization flux-system\/edge\): .*"command: render"/,
        ),
      ]);
      // Where nothing is written, there is nothing to quarrel about.
      expect(await warningsOf(names)).toEqual([]);
    });

    test('where Git sets the annotations itself, it says that the next sync wins', async () => {
      const volumes = { [USER_VOLUME_ANNOTATION]: '[{"name":"theirs","emptyDir":{}}]' };
      const workload = await site.workload('reviews', { replicas: 0, podAnnotations: volumes });
      const applied = JSON.stringify({ spec: { template: { metadata: { annotations: volumes } } } });
      await mark(workload, {
        labels: { 'argocd.argoproj.io/instance': 'shop' },
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': applied },
      });
      expect(await warningsOf(['reviews'])).toEqual([
        expect.stringMatching(
          /belongs to Argo CD \(application shop\): Git sets \S+ or \S+ there, too, so the next sync/,
        ),
      ]);
    });
  });
});
