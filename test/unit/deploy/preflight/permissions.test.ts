import { afterEach, describe, expect, test } from '@jest/globals';
import { silentLog } from '../../../../src/base/log.ts';
import type { AccessRequest } from '../../../../src/cluster/client.ts';
import { CONFIG_MAP, type PluginKind, POD } from '../../../../src/cluster/resources.ts';
import { makePlan } from '../../../../src/deploy/plan/make-plan.ts';
import type { Plan } from '../../../../src/deploy/plan/plan.ts';
import type { RolloutPolicy } from '../../../../src/deploy/policy.ts';
import {
  describeAccess,
  missingPermissions,
  onlyReads,
  permissionProblem,
  requiredPermissions,
} from '../../../../src/deploy/preflight/permissions.ts';
import type { DeployRequest } from '../../../../src/deploy/request.ts';
import { viewGateway } from '../../../../src/mesh/gateway/view.ts';
import { WORKLOADS } from '../../../harness/kinds.ts';
import {
  type ClusterParts,
  deployRequest,
  filterRequest,
  must,
  PULLED,
  settings,
  snapshotOf,
  workload,
} from '../../builders.ts';
import { type ApiServer, refusal, startApiServer } from '../../cluster/api-server.ts';
import { executePlan } from '../execute-plan.ts';
import { NOW } from '../planned.ts';

const CLUSTER: ClusterParts = {
  workloads: {
    'shop/deploy/reviews': workload('reviews'),
    'shop/deploy/ratings': workload('ratings'),
    'shop/sts/db': workload('db'),
    'test/ds/agent': workload('agent'),
  },
};
const request = deployRequest(filterRequest('- deploy/reviews\n- deploy/ratings\n- sts/db\n- test/ds/agent'));
const planFor = (cluster: ClusterParts, over: Partial<DeployRequest> = {}): Plan =>
  must(makePlan({ ...request, ...over }, snapshotOf(cluster), NOW));
const needed = (plan: Plan, policy: Partial<RolloutPolicy> = {}): string[] =>
  requiredPermissions(plan, { ...request, ...policy }).map(({ verb, resource, subresource, namespace }) =>
    [verb, [resource.plural, ...(subresource === undefined ? [] : [subresource])].join('/'), namespace].join(' '),
  );
const probe: NonNullable<RolloutPolicy['probe']> = {
  port: 80,
  method: 'GET',
  path: '/',
  headers: {},
  expect: { status: [200], headers: {} },
};

const WRITES = [
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
];
/** What a run that waits does at its end, or when a workload fails. */
const ENDS = [
  'delete configmaps shop',
  'delete configmaps test',
  'delete envoyfilters shop',
  'delete envoyfilters test',
];
const STUCK = ['list pods shop', 'delete pods shop'];
const sorted = (permissions: readonly string[]): string[] => [...new Set(permissions)].sort();
const EXEC = (namespace: string): string[] => [
  `list pods ${namespace}`,
  `get pods/exec ${namespace}`,
  `create pods/exec ${namespace}`,
];

test('an image needs permissions to WasmPlugins in place of EnvoyFilters', () => {
  const targets = '- deploy/reviews\n- deploy/ratings\n- sts/db\n- test/ds/agent';
  const filter = filterRequest(targets, { settings: settings({ image: PULLED }) });
  const plan = must(makePlan(deployRequest(filter), snapshotOf(CLUSTER), NOW));
  const writes = [...WRITES, ...ENDS, ...STUCK].map((permission) => permission.replace('envoyfilters', 'wasmplugins'));
  expect(sorted(needed(plan))).toEqual(sorted(writes));
  const evidence = needed(plan, { verify: 'required' }).filter((permission) => !writes.includes(permission));
  const seen = [...EXEC('shop'), ...EXEC('test'), 'get pods/log shop', 'get pods/log test'];
  expect(sorted(evidence)).toEqual(sorted(seen.filter((permission) => !writes.includes(permission))));
  const newer = must(makePlan(deployRequest(filter), snapshotOf({ ...CLUSTER, pluginKind: 'TrafficExtension' }), NOW));
  expect(sorted(needed(newer))).toEqual(
    sorted(writes.map((permission) => permission.replace('wasmplugins', 'trafficextensions'))),
  );
});

test.each<[PluginKind, string]>([
  ['WasmPlugin', 'wasmplugins'],
  ['TrafficExtension', 'trafficextensions'],
])('a Gateway needs permissions to what names it, a %s, in place of itself', (pluginKind, plural) => {
  const web = viewGateway({ metadata: { name: 'web' } }, [], pluginKind);
  const filter = filterRequest('- gateway/web', { settings: settings({ image: PULLED }) });
  const snapshot = snapshotOf({ pluginKind, workloads: { 'shop/gateway/web': web } });
  const permissions = needed(must(makePlan(deployRequest(filter), snapshot, NOW)));
  expect(permissions.filter((permission) => !permission.includes('configmaps'))).toEqual(
    ['create', 'patch', 'delete'].map((verb) => `${verb} ${plural} shop`),
  );
});
const PROXY = (namespace: string): string[] => [`list pods ${namespace}`, `get pods/proxy ${namespace}`];

describe('neededRights', () => {
  const plan = planFor(CLUSTER);

  test.each<[string, Partial<RolloutPolicy>, string[]]>([
    ['the writes, each once, and what a rollback deletes', {}, [...ENDS, ...STUCK]],
    ['no evidence is insisted on', { verify: 'off' }, [...ENDS, ...STUCK]],
    ['nothing is deleted where what fails is kept', { onFailure: 'keep' }, []],
    ['to look into every proxy', { verify: 'required' }, [...ENDS, ...STUCK, ...EXEC('shop'), ...EXEC('test')]],
    ['to ask every pod', { probe }, [...ENDS, ...STUCK, ...PROXY('shop'), ...PROXY('test')]],
    [
      'both',
      { verify: 'required', probe },
      [...ENDS, ...STUCK, ...EXEC('shop'), ...EXEC('test'), 'get pods/proxy shop', 'get pods/proxy test'],
    ],
    ['nothing more for a run that does not wait', { wait: false, verify: 'required', probe }, []],
  ])('%s', (_, policy, more) => {
    expect(sorted(needed(plan, policy))).toEqual(sorted([...WRITES, ...more]));
  });

  test.each([
    ['GET', 'get'],
    ['HEAD', 'get'],
    ['POST', 'create'],
    ['PUT', 'update'],
    ['PATCH', 'patch'],
    ['DELETE', 'delete'],
    // No verb is for it alone.
    ['OPTIONS', '*'],
  ] as const)('of a probe that sends %s: %s on pods/proxy', (method, verb) => {
    const permissions = needed(plan, { probe: { ...probe, method } });
    expect(permissions.filter((permission) => permission.includes('pods/proxy shop'))).toEqual([
      `${verb} pods/proxy shop`,
    ]);
  });

  test('of a plan that writes nothing: none', () => {
    const settled = planFor(executePlan(plan, CLUSTER));
    expect(needed(settled)).toEqual([]);
  });

  test('of one patch: that patch', () => {
    const cluster = executePlan(plan, CLUSTER);
    const workloads = { ...cluster.workloads, 'shop/sts/db': workload('db') };
    expect(needed(planFor({ ...cluster, workloads }))).toEqual(['patch statefulsets shop', ...STUCK]);
  });

  test('of what is superseded: to mark and delete it', () => {
    const superseded = { kind: 'EnvoyFilter', namespace: 'shop', name: 'a-1', filter: 'a', revision: '1' } as const;
    const nothing = { configMaps: [], filterResources: [], workloads: [], warnings: [] };
    const clearing = { ...planFor(executePlan(plan, CLUSTER)), ...nothing, garbage: [superseded] };
    expect(needed(clearing)).toEqual(['patch envoyfilters shop', 'delete envoyfilters shop']);
    expect(needed(clearing, { onFailure: 'keep' })).toEqual(['patch envoyfilters shop', 'delete envoyfilters shop']);
    expect(needed(clearing, { wait: false })).toEqual([]);
  });

  test('of a StatefulSet whose pods are managed in parallel: none to delete them', () => {
    const parallel = { ...workload('db').spec, podManagementPolicy: 'Parallel' };
    const workloads = { 'shop/sts/db': { ...workload('db'), spec: parallel } };
    const only = planFor({ workloads }, { filters: [filterRequest('- sts/db')] });
    expect(needed(only).filter((permission) => permission.includes('pods'))).toEqual([]);
  });

  test('settings that are pushed have to be seen in the proxies', () => {
    const cluster = executePlan(plan, CLUSTER);
    const targets = '- deploy/reviews\n- deploy/ratings\n- sts/db';
    const filters = [filterRequest(targets, { settings: settings({ configuration: 'new' }) })];
    const pushing = planFor(cluster, { filters, settingsChange: 'push' });
    const write = ['create envoyfilters shop', 'patch envoyfilters shop'];
    expect(needed(pushing)).toEqual([...write, ...EXEC('shop')]);
    expect(needed(pushing, { verify: 'off' })).toEqual(write);
    expect(needed(pushing, { wait: false })).toEqual(write);
  });
});

describe('missingRights', () => {
  let server: ApiServer | undefined;
  afterEach(() => server?.close());
  const permissions: AccessRequest[] = [
    { verb: 'patch', resource: WORKLOADS.Deployment, namespace: 'shop' },
    { verb: 'get', resource: POD, subresource: 'exec', namespace: 'shop' },
    { verb: 'create', resource: CONFIG_MAP, namespace: 'shop' },
  ];
  /** An API server that allows the given verbs. */
  const allowing = async (...verbs: readonly string[]): Promise<ApiServer> => {
    server = await startApiServer({
      answer: ({ body }) => {
        const { verb } = JSON.parse(body).spec.resourceAttributes;
        const headers = { 'content-type': 'application/json' };
        return { status: 201, headers, body: JSON.stringify({ status: { allowed: verbs.includes(verb) } }) };
      },
    });
    return server;
  };

  test('are those that the API server does not allow, in one order', async () => {
    const { client } = await allowing('create');
    const missing = await missingPermissions(permissions, client(), silentLog);
    expect(missing.map(describeAccess)).toEqual([
      'get pods/exec in namespace "shop"',
      'patch deployments.apps in namespace "shop"',
    ]);
  });

  test('are none where one may not ask', async () => {
    server = await startApiServer({ answer: () => refusal(403, 'Forbidden', 'no reviews') });
    expect(await missingPermissions(permissions, server.client(), silentLog)).toEqual([]);
  });

  test('of nothing: nobody is asked', async () => {
    const { client, seen } = await allowing();
    expect(await missingPermissions([], client(), silentLog)).toEqual([]);
    expect(seen).toEqual([]);
  });

  test.each([
    ['all that it writes', ['create configmaps', 'patch deployments.apps'], true],
    ['a part of that', ['patch deployments.apps'], false],
    ['what it reads', ['get pods/exec'], false],
    ['all', ['create configmaps', 'get pods/exec', 'patch deployments.apps'], true],
  ])('an account that lacks %s', (_, lacking, only) => {
    const missing = permissions.filter((one) => lacking.some((words) => describeAccess(one).startsWith(`${words} `)));
    expect(missing).toHaveLength(lacking.length);
    expect(onlyReads(permissions, missing)).toBe(only);
    expect(onlyReads([], [])).toBe(false);
  });

  test('as problems: one of a subresource is one of evidence', () => {
    expect(permissions.map((permission) => permissionProblem(permission, 'jane'))).toMatchObject([
      { kind: 'permission', message: expect.stringContaining('cannot patch deployments.apps in namespace "shop"') },
      { kind: 'permission', remedy: expect.stringContaining('With "verify: auto"') },
      { kind: 'permission', remedy: expect.stringContaining('RoleBinding') },
    ]);
  });
});
