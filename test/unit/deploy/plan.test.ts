import { describe, expect, test } from '@jest/globals';
import { type Checked, describeProblem } from '../../../src/base/problem.ts';
import type { Workload } from '../../../src/cluster/objects.ts';
import { countWrites, makePlan, neededRights, type Plan, planWorkload } from '../../../src/deploy/plan.ts';
import type { DeployRequest } from '../../../src/deploy/request.ts';
import { revisionName } from '../../../src/mesh/revision.ts';
import { describeWorkload } from '../../../src/targets/target.ts';
import {
  type ClusterParts,
  deployRequest,
  filterModule,
  filterRequest,
  must,
  observationOf,
  patchedWith,
  problemsIn,
  refOf,
  revision,
  settings,
  workload,
} from '../builders.ts';
import { carryOut } from './carry-out.ts';

const SHOP: Readonly<Record<string, Workload>> = {
  'shop/deploy/reviews': workload('reviews'),
  'shop/deploy/ratings': workload('ratings'),
  'shop/sts/db': workload('db'),
};
const ALL = '- deploy/reviews\n- deploy/ratings\n- sts/db';

const planFor = (request: DeployRequest, cluster: ClusterParts): Checked<Plan> =>
  makePlan(request, observationOf(cluster));

const deployed = (request: DeployRequest, cluster: ClusterParts): ClusterParts =>
  carryOut(must(planFor(request, cluster)), cluster);
const writes = (plan: Plan): string[] => [
  ...plan.configMaps
    .filter(({ write }) => write)
    .map(({ namespace, revision: of }) => `ConfigMap ${namespace}/${revisionName(of)}`),
  ...plan.envoyFilters
    .filter(({ write }) => write)
    .map(({ namespace, revision: of }) => `EnvoyFilter ${namespace}/${revisionName(of)}`),
  ...plan.workloads.filter(({ patch }) => patch !== undefined).map(({ ref }) => describeWorkload(ref)),
];
const idOf = (over: Parameters<typeof settings>[0] = {}): string => revisionName(revision('add-header', over));

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
    expect(neededRights(plan)).toEqual([]);
    expect(plan.workloads.map(({ before }) => before.get('add-header'))).toEqual(Array(3).fill(revision().id));
  });

  test('equal requests and observations give equal plans', () => {
    const [one, other] = [1, 2].map(() => JSON.stringify(planFor(request, { workloads: SHOP })));
    expect(one).toBe(other);
  });

  test('what drifted, and only that', () => {
    const cluster = deployed(request, { workloads: SHOP });
    const path = 'shop/deploy/ratings';
    const label = { spec: { template: { metadata: { labels: { 'deploy-wasm-filter/add-header': null } } } } };
    const drifted = patchedWith(cluster.workloads?.[path] as Workload, label);
    const [envoyFilter] = cluster.envoyFilters?.shop ?? [];
    if (envoyFilter === undefined) throw new Error('no EnvoyFilter');
    const edited = { ...envoyFilter, spec: { ...envoyFilter.spec, priority: 0 } };

    expect(writes(must(planFor(request, { ...cluster, configMaps: {} })))).toEqual([`ConfigMap shop/${idOf()}`]);
    expect(writes(must(planFor(request, { ...cluster, envoyFilters: { shop: [edited] } })))).toEqual([
      `EnvoyFilter shop/${idOf()}`,
    ]);
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
    expect(plan.configMaps.map(({ revision: of }) => revisionName(of))).toEqual([idOf(), idOf(own)]);
    expect(plan.workloads.map(({ revisions }) => revisions.map(revisionName))).toEqual([[idOf()], [idOf(own)]]);
    expect(plan.envoyFilters[1]?.revision.settings).toMatchObject(own);
  });

  test('two filters on one workload: one patch with both', () => {
    const two = deployRequest(filterRequest('- deploy/reviews'), filterRequest('- deploy/reviews', { name: 'auth' }));
    const plan = must(planFor(two, { workloads: SHOP }));
    expect(plan.workloads).toHaveLength(1);
    expect(countWrites(plan)).toBe(5);
    expect(Object.keys(plan.workloads[0]?.patch?.spec?.template.metadata.labels ?? {})).toEqual([
      'deploy-wasm-filter/add-header',
      'deploy-wasm-filter/auth',
    ]);
  });

  test('a second filter later: nothing about the first', () => {
    const auth = deployRequest(filterRequest('- deploy/reviews', { name: 'auth' }));
    const plan = must(planFor(auth, deployed(request, { workloads: SHOP })));
    expect(plan.workloads[0]?.patch?.spec?.template.metadata.labels).toEqual({
      'deploy-wasm-filter/auth': revision('auth', { vmId: 'auth' }).id,
    });
  });
});

describe('workloads that cannot be rolled', () => {
  const path = 'shop/deploy/reviews';
  const problemOf = (on: Workload, wait = true): string[] => {
    const checked = planWorkload({ ref: refOf(path), observed: on, revisions: [revision()] }, { run: 'r', wait });
    return checked.ok ? [] : checked.problems.map(describeProblem);
  };

  test.each<[string, Workload, string]>([
    ['paused', workload('reviews', { spec: { paused: true } }), 'is paused, so no pod would get the filter. Resume it'],
    [
      'being deleted',
      workload('reviews', { deletionTimestamp: '2026-01-01T00:00:00Z' }),
      'is being deleted. Take it out of the target list.',
    ],
    [
      'updated by hand',
      workload('reviews', { spec: { updateStrategy: { type: 'OnDelete' } } }),
      'update strategy OnDelete',
    ],
    [
      'kept from some pods',
      workload('reviews', { spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } } }),
      'has the partition 1',
    ],
  ])('%s', (_, on, complaint) => {
    expect(problemOf(on)).toEqual([expect.stringContaining(`Deployment shop/reviews: `)]);
    expect(problemOf(on)[0]).toContain(complaint);
  });

  test('what is updated by hand can be changed by a run that does not wait', () => {
    expect(problemOf(workload('reviews', { spec: { updateStrategy: { type: 'OnDelete' } } }), false)).toEqual([]);
  });

  test('what needs no new pods is no problem', () => {
    const cluster = deployed(deployRequest(filterRequest('- deploy/reviews')), { workloads: SHOP });
    const paused = patchedWith(cluster.workloads?.[path] as Workload, { spec: { paused: true } });
    expect(problemOf(paused)).toEqual([]);
    const stateless = patchedWith(paused, { metadata: { annotations: null } });
    expect(problemOf(stateless)).toEqual([]);
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

test('the rights that writing needs, each once', () => {
  const workloads = { ...SHOP, 'test/ds/agent': workload('agent') };
  const plan = must(planFor(deployRequest(filterRequest(`${ALL}\n- test/ds/agent`)), { workloads }));
  expect(neededRights(plan).map(({ verb, resource, namespace }) => `${verb} ${resource.plural} ${namespace}`)).toEqual([
    'create configmaps shop',
    'patch configmaps shop',
    'create configmaps test',
    'patch configmaps test',
    'create envoyfilters shop',
    'patch envoyfilters shop',
    'create envoyfilters test',
    'patch envoyfilters test',
    'patch deployments shop',
    'patch statefulsets shop',
    'patch daemonsets test',
  ]);
});
