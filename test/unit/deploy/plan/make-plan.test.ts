import { describe, expect, test } from '@jest/globals';
import type { Result } from '../../../../src/base/problem.ts';
import { warningTexts } from '../../../../src/base/warning.ts';
import type { Workload } from '../../../../src/cluster/objects.ts';
import type { PluginKind } from '../../../../src/cluster/resources.ts';
import { makePlan } from '../../../../src/deploy/plan/make-plan.ts';
import type { Plan } from '../../../../src/deploy/plan/plan.ts';
import type { DeployRequest } from '../../../../src/deploy/request.ts';
import { revisionName } from '../../../../src/mesh/identity/revision.ts';
import { resourceOf } from '../../../../src/mesh/objects/filter-resource.ts';
import { describeWorkload } from '../../../../src/targets/target.ts';
import {
  type ClusterParts,
  countWrites,
  deployRequest,
  filterModule,
  filterRequest,
  messagesIn,
  must,
  PULLED,
  patchedWith,
  problemsIn,
  pulledRevision,
  revision,
  settings,
  snapshotOf,
  workload,
} from '../../builders.ts';
import { executePlan } from '../execute-plan.ts';
import { NOW } from '../planned.ts';
import { unmanagedEnvoyFilter } from '../unmanaged.ts';

const SHOP: Readonly<Record<string, Workload>> = {
  'shop/deploy/reviews': workload('reviews'),
  'shop/deploy/ratings': workload('ratings'),
  'shop/sts/db': workload('db'),
};
const ALL = '- deploy/reviews\n- deploy/ratings\n- sts/db';

const planFor = (request: DeployRequest, cluster: ClusterParts): Result<Plan> =>
  makePlan(request, snapshotOf(cluster), NOW);

/** The same, taking over what its filters find. */
const adopting = (request: DeployRequest): DeployRequest => ({
  ...request,
  filters: request.filters.map((filter) => ({ ...filter, adopt: true })),
});

const deployed = (request: DeployRequest, cluster: ClusterParts): ClusterParts =>
  executePlan(must(planFor(request, cluster)), cluster);
const writes = (plan: Plan): string[] => [
  ...plan.configMaps
    .filter(({ write }) => write)
    .map(({ namespace, revision }) => `ConfigMap ${namespace}/${revisionName(revision)}`),
  ...plan.filterResources
    .filter(({ write }) => write)
    .map(({ namespace, revision }) => `EnvoyFilter ${namespace}/${revisionName(revision)}`),
  ...plan.workloads.filter(({ patch }) => patch !== undefined).map(({ ref }) => describeWorkload(ref)),
];
const idOf = (over: Parameters<typeof settings>[0] = {}): string => revisionName(revision('add-header', over));

describe.each<PluginKind>(['WasmPlugin', 'TrafficExtension'])(
  'what a plan writes for an image where there is a %s',
  (pluginKind) => {
    const request = deployRequest(filterRequest(ALL, { settings: settings({ image: PULLED }) }));
    const pulled = revisionName(pulledRevision());
    const cluster = { workloads: SHOP, pluginKind };
    const after = deployed(request, cluster);
    const kindsOf = (plan: Plan): string[] =>
      plan.filterResources.map(({ podRevision }) => resourceOf(podRevision).kind);

    test('at first: a record, one of these, one patch a workload; then nothing', () => {
      const plan = must(planFor(request, cluster));
      expect(plan.configMaps.map((one) => one.render().data)).toEqual([{ image: PULLED.reference }]);
      expect(kindsOf(plan)).toEqual([pluginKind]);
      expect(countWrites(plan)).toBe(5);
      expect(countWrites(must(planFor(request, after)))).toBe(0);
    });

    test('one that was deleted is drift, and no workload restarts for it', () => {
      const plan = must(planFor(request, { ...after, filterResources: {} }));
      expect(plan.filterResources.map(({ drift }) => drift)).toEqual([`${pluginKind} shop/${pulled} was deleted`]);
      expect(plan.workloads.filter(({ patch }) => patch !== undefined)).toEqual([]);
    });

    test.each([
      ['a mounted revision', deployRequest(filterRequest(ALL)), request, 'EnvoyFilter', pluginKind],
      ['an image', request, deployRequest(filterRequest(ALL)), pluginKind, 'EnvoyFilter'],
    ])('%s that is superseded goes with its own objects', (_, before, then, gone, made) => {
      const plan = must(planFor({ ...then, keepRevisions: 0 }, deployed(before, cluster)));
      expect(kindsOf(plan)).toEqual([made]);
      expect(plan.garbage.map(({ kind }) => kind)).toEqual([gone, 'ConfigMap']);
      for (const { patch } of plan.workloads) expect(patch?.spec?.template.metadata?.annotations).toBeDefined();
    });

    test('nothing that was put in by hand is taken over by one', () => {
      const cluster: ClusterParts = {
        workloads: SHOP,
        filterResources: { shop: [unmanagedEnvoyFilter('/wasm/add-header.wasm')] },
      };
      expect(messagesIn(planFor(adopting(request), cluster))[0]).toMatch(/"delivery: configmap" first/);
    });
  },
);

describe('what a plan writes', () => {
  const request = deployRequest(filterRequest(ALL));

  test('at first: one ConfigMap, one EnvoyFilter, one patch a workload', () => {
    const plan = must(planFor(request, { workloads: SHOP }));
    expect(writes(plan)).toEqual([
      `ConfigMap shop/${idOf()}`,
      `EnvoyFilter shop/${idOf()}`,
      'Deployment shop/reviews',
      'Deployment shop/ratings',
      'StatefulSet shop/db',
    ]);
    expect(countWrites(plan)).toBe(5);
    for (const { before, patch } of plan.workloads) {
      expect(before.size).toBe(0);
      expect(patch?.metadata?.annotations['deploy-wasm-filter/state']).toContain('"run":"o/r/1/1"');
    }
  });

  test('when all is in place: nothing, whichever run asks', () => {
    const plan = must(planFor({ ...request, run: 'o/r/2/1' }, deployed(request, { workloads: SHOP })));
    expect(countWrites(plan)).toBe(0);
    expect(plan.workloads.map(({ before }) => before.get('add-header'))).toEqual(Array(3).fill(revision().id));
  });

  test('equal requests and snapshots give equal plans', () => {
    const [one, other] = [1, 2].map(() => JSON.stringify(planFor(request, { workloads: SHOP })));
    expect(one).toBe(other);
  });

  test('what drifted, and only that', () => {
    const cluster = deployed(request, { workloads: SHOP });
    const path = 'shop/deploy/ratings';
    const label = { spec: { template: { metadata: { labels: { 'deploy-wasm-filter/add-header': null } } } } };
    const drifted = patchedWith(cluster.workloads?.[path] as Workload, label);
    const [envoyFilter] = cluster.filterResources?.shop ?? [];
    if (envoyFilter === undefined) throw new Error('no EnvoyFilter');
    const managedFields = [{ manager: 'deploy-wasm-filter' }, { manager: 'kubectl-edit' }];
    const edited = {
      metadata: { ...envoyFilter.metadata, managedFields },
      spec: { ...envoyFilter.spec, priority: 0 },
    };

    const noConfigMap = must(planFor(request, { ...cluster, configMaps: {} }));
    expect(writes(noConfigMap)).toEqual([`ConfigMap shop/${idOf()}`]);
    expect(noConfigMap.configMaps[0]?.drift).toBe(`ConfigMap shop/${idOf()} was deleted`);
    const otherPriority = must(planFor(request, { ...cluster, filterResources: { shop: [edited] } }));
    expect(writes(otherPriority)).toEqual([`EnvoyFilter shop/${idOf()}`]);
    expect(otherPriority.filterResources[0]?.drift).toBe(`EnvoyFilter shop/${idOf()} was edited by kubectl-edit`);
    const workloads = { ...cluster.workloads, [path]: drifted };
    expect(writes(must(planFor(request, { ...cluster, workloads })))).toEqual(['Deployment shop/ratings']);
  });

  test('for new settings: new objects beside the old ones, and the revision that was there before', () => {
    const newer = deployRequest(filterRequest(ALL, { settings: settings({ configuration: 'new' }) }));
    const plan = must(planFor(newer, deployed(request, { workloads: SHOP })));
    expect(countWrites(plan)).toBe(5);
    expect(plan.configMaps[0]?.render().metadata.name).not.toBe(idOf());
    expect(plan.workloads[0]?.before).toEqual(new Map([['add-header', revision().id]]));
  });

  test('for new code: a new ConfigMap', () => {
    const newer = deployRequest(filterRequest(ALL, { module: filterModule(1) }));
    expect(must(planFor(newer, deployed(request, { workloads: SHOP }))).configMaps).toMatchObject([{ write: true }]);
  });

  test('in two namespaces: the same objects in each', () => {
    const workloads = { ...SHOP, 'test/deploy/reviews': workload('reviews') };
    const both = deployRequest(filterRequest('- deploy/reviews\n- deploy/ratings\n- test/deploy/reviews'));
    expect(writes(must(planFor(both, { workloads })))).toEqual([
      `ConfigMap shop/${idOf()}`,
      `ConfigMap test/${idOf()}`,
      `EnvoyFilter shop/${idOf()}`,
      `EnvoyFilter test/${idOf()}`,
      'Deployment shop/reviews',
      'Deployment shop/ratings',
      'Deployment test/reviews',
    ]);
  });

  test('settings of one target: a second revision with objects of its own', () => {
    const list = '- deploy/reviews\n- {kind: deploy, name: ratings, port: 9080, configuration: own}';
    const plan = must(planFor(deployRequest(filterRequest(list)), { workloads: SHOP }));
    const own = { port: 9080, configuration: 'own' };
    expect(plan.configMaps.map(({ revision }) => revisionName(revision))).toEqual([idOf(), idOf(own)]);
    const carried = plan.workloads.map(({ revisions }) =>
      revisions.map(({ podRevision }) => revisionName(podRevision)),
    );
    expect(carried).toEqual([[idOf()], [idOf(own)]]);
    expect(plan.filterResources[1]?.revision.settings).toMatchObject(own);
  });

  test('two filters on one workload: one patch with both', () => {
    const two = deployRequest(filterRequest('- deploy/reviews'), filterRequest('- deploy/reviews', { name: 'auth' }));
    const plan = must(planFor(two, { workloads: SHOP }));
    expect(plan.workloads).toHaveLength(1);
    expect(countWrites(plan)).toBe(5);
    expect(Object.keys(plan.workloads[0]?.patch?.spec?.template.metadata?.labels ?? {})).toEqual([
      'deploy-wasm-filter/add-header',
      'deploy-wasm-filter/auth',
    ]);
  });

  test('a second filter later: nothing about the first', () => {
    const auth = deployRequest(filterRequest('- deploy/reviews', { name: 'auth' }));
    const plan = must(planFor(auth, deployed(request, { workloads: SHOP })));
    expect(plan.workloads[0]?.patch?.spec?.template.metadata?.labels).toEqual({
      'deploy-wasm-filter/auth': revision('auth', { vmId: 'auth' }).id,
    });
  });
});

test('every problem of targets, mounts and workloads comes at once, and then there is no plan', () => {
  const workloads = {
    'shop/deploy/a': workload('a', { podAnnotations: { 'sidecar.istio.io/userVolume': '{' } }),
    'shop/deploy/b': workload('b', { spec: { paused: true } }),
    'shop/deploy/c': workload('c'),
  };
  const request = deployRequest(filterRequest('- deploy/a\n- deploy/b\n- deploy/c\n- sts/nothing'));
  const kinds = problemsIn(planFor(request, { workloads })).map(({ kind, subject }) => `${kind} ${subject}`);
  expect(kinds).toEqual(['targets targets, entry 4', 'mount Deployment shop/a', 'workload Deployment shop/b']);
});

describe('objects that are there already', () => {
  const request = deployRequest(filterRequest('- deploy/reviews'));

  test('of a first deployment are no drift', () => {
    const plan = must(planFor(request, { workloads: SHOP }));
    expect([...plan.configMaps, ...plan.filterResources].map(({ drift, exists }) => [drift, exists])).toEqual([
      [undefined, false],
      [undefined, false],
    ]);
  });

  test('and marked as garbage are taken back into use', () => {
    const cluster = deployed(request, { workloads: SHOP });
    const marked = <T extends { readonly metadata: object }>(
      objects: Readonly<Record<string, readonly T[]>> = {},
    ): Record<string, T[]> => ({
      shop: (objects.shop ?? []).map(
        (one) =>
          patchedWith(one as never, {
            metadata: { annotations: { 'deploy-wasm-filter/garbage': 'o/r/9/1' } },
          }) as never,
      ),
    });
    const parts = {
      ...cluster,
      configMaps: marked(cluster.configMaps),
      filterResources: marked(cluster.filterResources),
    };
    const plan = must(planFor(request, parts));
    expect(writes(plan)).toEqual([`ConfigMap shop/${idOf()}`, `EnvoyFilter shop/${idOf()}`]);
    for (const object of [...plan.configMaps, ...plan.filterResources]) {
      expect(object).toMatchObject({ marked: true, exists: true });
      expect(object).not.toHaveProperty('drift');
    }
  });
});

describe('waves', () => {
  test('a workload of two filters goes with the earlier one', () => {
    const late = filterRequest('- {kind: deploy, name: reviews, wave: 5}\n- {kind: deploy, name: ratings, wave: 2}');
    const early = filterRequest('- {kind: deploy, name: reviews, wave: 3}', { name: 'auth' });
    const plan = must(planFor(deployRequest(late, early), { workloads: SHOP }));
    expect(plan.workloads.map(({ ref, wave }) => [ref.name, wave])).toEqual([
      ['reviews', 3],
      ['ratings', 2],
    ]);
  });
});

describe('prune', () => {
  const all = deployRequest(filterRequest(ALL));
  const fewer = { ...deployRequest(filterRequest('- deploy/reviews')), prune: true };
  const cluster = deployed(all, { workloads: { ...SHOP, 'test/deploy/reviews': workload('reviews') } });

  test('takes the filter from workloads that are no targets any more, after the others', () => {
    const plan = must(planFor(fewer, cluster));
    expect(plan.workloads.map(({ ref, removals }) => [describeWorkload(ref), ...removals])).toEqual([
      ['Deployment shop/reviews'],
      ['Deployment shop/ratings', 'add-header'],
      ['StatefulSet shop/db', 'add-header'],
    ]);
    const [kept, ...leaving] = plan.workloads;
    expect(kept?.patch).toBeUndefined();
    for (const one of leaving) {
      expect(one.wave).toBeGreaterThan(100);
      expect(one.before.get('add-header')).toBe(revision().id);
      expect(one.rollbackTargets.get('add-header')?.id).toBe(revision().id);
      expect(one.patch?.spec?.template.metadata?.labels).toEqual({ 'deploy-wasm-filter/add-header': null });
    }
    expect(countWrites(must(planFor(fewer, executePlan(plan, cluster))))).toBe(0);
  });

  test('is not done unless it is asked for, nor in namespaces that the target list does not name', () => {
    expect(countWrites(must(planFor({ ...fewer, prune: false }, cluster)))).toBe(0);
    const elsewhere = { ...deployRequest(filterRequest('- test/deploy/reviews')), prune: true };
    const removed = must(planFor(elsewhere, cluster)).workloads.filter(({ removals }) => removals.length > 0);
    expect(removed).toEqual([]);
  });

  test('leaves other filters of the same workloads alone', () => {
    const both = deployed(deployRequest(filterRequest(ALL, { name: 'auth' })), cluster);
    const then = executePlan(must(planFor(fewer, both)), both);
    const labels = then.workloads['shop/sts/db']?.spec?.template?.metadata?.labels;
    expect(Object.keys(labels ?? {})).toEqual(['app', 'deploy-wasm-filter/auth']);
  });

  test('removes nothing where targets are wrong', () => {
    const wrong = { ...deployRequest(filterRequest('- deploy/reveiws')), prune: true };
    expect(messagesIn(planFor(wrong, cluster))).toEqual([expect.stringContaining('does not exist')]);
  });
});

describe('a filter that was put in by hand', () => {
  const VOLUME = 'sidecar.istio.io/userVolume';
  const MOUNT = 'sidecar.istio.io/userVolumeMount';
  const byHand = (name: string): Workload =>
    workload(name, {
      podAnnotations: {
        [VOLUME]: '[{"name":"hand","configMap":{"name":"filters"}},{"name":"data","emptyDir":{}}]',
        [MOUNT]: '[{"name":"hand","mountPath":"/filters"},{"name":"data","mountPath":"/data"}]',
      },
    });
  const workloads = { ...SHOP, 'shop/deploy/reviews': byHand('reviews'), 'shop/deploy/ratings': byHand('ratings') };
  const cluster = (app?: string, name?: string): ClusterParts => ({
    workloads,
    filterResources: { shop: [unmanagedEnvoyFilter('/filters/filter.wasm', app, name)] },
    unmanaged: { files: () => ({ 'filter.wasm': 'sha256:0' }) },
  });
  const request = deployRequest(filterRequest('- deploy/reviews'));
  const removalsOf = (plan: Plan): string[] => {
    const patches = plan.filterResources[0]?.render().spec.configPatches;
    return (Array.isArray(patches) ? patches : []).map((patch) => patch.patch.operation);
  };

  test('is a conflict unless it is to be adopted', () => {
    const problems = problemsIn(planFor(request, cluster()));
    expect(problems).toMatchObject([{ kind: 'conflict', subject: 'Deployment shop/reviews' }]);
    expect(messagesIn(planFor(request, cluster()))[0]).toMatch(
      /"add-header" of EnvoyFilter shop\/by-hand \(\/filters\/filter\.wasm; SIDECAR_INBOUND.+twice.+"adopt: true"/,
    );
  });

  test.each<[string, ClusterParts]>([
    ['for other pods', cluster('ratings')],
    [
      'of another name and root id',
      { ...cluster(), filterResources: { shop: [unmanagedEnvoyFilter('/filters/x.wasm', undefined, 'auth')] } },
    ],
  ])('is nothing to care for when it is %s', (_, parts) => {
    const other = deployRequest(filterRequest('- deploy/reviews', { settings: settings({ rootId: 'own' }) }));
    const plan = must(planFor(other, parts));
    expect(plan.workloads[0]?.adopted).toEqual([]);
    expect(removalsOf(plan)).toEqual(['INSERT_BEFORE']);
  });

  test('of another name with the same root id is a warning', () => {
    const plan = must(planFor(request, cluster(undefined, 'auth')));
    expect(warningTexts(plan.warnings)).toEqual([
      expect.stringMatching(/reviews also runs "auth".+has the root id "root".+"adopt: by-hand"/),
    ]);
    expect(plan.workloads[0]?.adopted).toEqual([]);
  });

  test('is taken over when it is to be adopted: its volume goes, and ours takes it out of our pods', () => {
    const plan = must(planFor(adopting(request), cluster('reviews')));
    expect(plan.workloads[0]?.adopted).toMatchObject([
      { envoyFilter: { namespace: 'shop', name: 'by-hand' }, httpFilter: 'add-header', by: 'add-header' },
    ]);
    expect(removalsOf(plan)).toEqual(['REMOVE', 'INSERT_BEFORE']);
    const then = executePlan(plan, cluster('reviews'));
    const annotations = then.workloads['shop/deploy/reviews']?.spec?.template?.metadata?.annotations;
    expect(annotations?.[VOLUME]).not.toContain('"hand"');
    expect(annotations?.[MOUNT]).toContain('"data"');
    // The file is gone from the pods, so ours must keep taking the other's filter out while that is there.
    expect(countWrites(must(planFor(request, then)))).toBe(0);
  });

  test('that still serves other workloads is kept out of a later revision, too', () => {
    const then = executePlan(must(planFor(adopting(request), cluster())), cluster());
    // A removal of ours gives it back to our pods, which then need its file.
    const annotations = then.workloads['shop/deploy/reviews']?.spec?.template?.metadata?.annotations;
    expect(annotations?.[VOLUME]).toContain('"hand"');
    const newer = deployRequest(filterRequest('- deploy/reviews', { settings: settings({ configuration: 'new' }) }));
    expect(removalsOf(must(planFor(newer, then)))).toEqual(['REMOVE', 'INSERT_BEFORE']);
  });
});

test('whoever else writes pod templates is warned of, and not where nothing is written', () => {
  const request = deployRequest(filterRequest('- deploy/reviews'));
  const flux = { 'kustomize.toolkit.fluxcd.io/name': 'shop', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' };
  const workloads = { 'shop/deploy/reviews': workload('reviews', { labels: flux }) };
  const plan = must(planFor(request, { workloads }));
  expect(warningTexts(plan.warnings)).toEqual([
    expect.stringMatching(/^Deployment shop\/reviews belongs to Flux \(Kustomization flux-system\/shop\): /),
  ]);
  expect(warningTexts(must(planFor(request, executePlan(plan, { workloads }))).warnings)).toEqual([]);
});

describe('new settings for running proxies', () => {
  const request = deployRequest(filterRequest(ALL));
  const newer = filterRequest(ALL, { settings: settings({ configuration: 'new' }) });
  const push: DeployRequest = { ...deployRequest(newer), settingsChange: 'push' };
  const cluster = deployed(request, { workloads: SHOP });

  test('are one EnvoyFilter, under the name that the pods carry', () => {
    const plan = must(planFor(push, cluster));
    expect(countWrites(plan)).toBe(1);
    const [envoyFilter] = plan.filterResources;
    expect(envoyFilter?.pushedOver?.metadata.name).toBe(idOf());
    expect(envoyFilter).not.toHaveProperty('drift');
    expect(envoyFilter?.render().metadata).toMatchObject({
      name: idOf(),
      annotations: { 'deploy-wasm-filter/pushed': revision('add-header', { configuration: 'new' }).id },
    });
  });

  test('once there, leave nothing to write; and the rollback is a push again', () => {
    const then = deployed(push, cluster);
    expect(countWrites(must(planFor(push, then)))).toBe(0);
    const back: DeployRequest = { ...request, settingsChange: 'push' };
    const again = must(planFor(back, then));
    expect(again.workloads[0]?.before.get('add-header')).toBe(revision('add-header', { configuration: 'new' }).id);
    expect([countWrites(again), again.filterResources[0]?.pushedOver?.metadata.name]).toEqual([1, idOf()]);
    expect(again.filterResources[0]?.render().metadata.annotations).toBeUndefined();
  });

  test('roll all the same where nothing runs yet, or the code is another', () => {
    expect(countWrites(must(planFor(push, { workloads: SHOP })))).toBe(5);
    const recompiled: DeployRequest = {
      ...deployRequest(filterRequest(ALL, { module: filterModule(1) })),
      settingsChange: 'push',
    };
    expect(must(planFor(recompiled, cluster)).workloads.every(({ patch }) => patch?.spec !== undefined)).toBe(true);
  });
});

describe('an expiry', () => {
  test('is recorded, and renewed only when half of it is over', () => {
    const request = deployRequest(filterRequest('- deploy/reviews', { expiresMs: 3_600_000 }));
    const cluster = deployed(request, { workloads: SHOP });
    expect(countWrites(must(planFor(request, cluster)))).toBe(0);
    const later = new Date(NOW.getTime() + 2_000_000);
    const plan = must(makePlan(request, snapshotOf(cluster), later));
    expect(plan.workloads[0]?.patch).toEqual({
      metadata: { annotations: { 'deploy-wasm-filter/state': expect.stringContaining('2026-01-02T04:37:25.000Z') } },
    });
  });
});
