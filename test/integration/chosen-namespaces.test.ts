import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { describePermission } from '../../src/base/permission.ts';
import { describeProblem } from '../../src/base/problem.ts';
import { warningTexts } from '../../src/base/warning.ts';
import { runProblems } from '../../src/deploy/report/report.ts';
import { grant, granted } from '../harness/api.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { POD_RULES, WRITE_RULES } from './scene.ts';
import { filterKeys, Site } from './site.ts';

const TEAM = 'dwf-team';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';

let cluster: TestCluster;
let shop: Site;
let edge: Site;
let far: Site;
const users: string[] = [];
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(async () => {
  for (const user of users) {
    await cluster.api.delete(`${RBAC}/clusterrolebindings/${user}`).catch(() => undefined);
    await cluster.api.delete(`${RBAC}/clusterroles/${user}`).catch(() => undefined);
  }
  await cluster.stop();
});
beforeEach(async () => {
  cluster.recorder.reset();
  const names = [await cluster.namespace(), await cluster.namespace(), await cluster.namespace()];
  [shop, edge, far] = names.map((name) => new Site(cluster, name)) as [Site, Site, Site];
  await label(shop, shop.namespace);
  await label(edge, shop.namespace);
});

async function label({ namespace }: Site, team: string | null): Promise<void> {
  await cluster.api.patch(`/api/v1/namespaces/${namespace}`, { metadata: { labels: { [TEAM]: team } } });
}

/** Lets a user list namespaces, which no Role can. */
async function grantListing(user: string): Promise<void> {
  users.push(user);
  const rules = [{ apiGroups: [''], resources: ['namespaces'], verbs: ['list'] }];
  await cluster.api.create(`${RBAC}/clusterroles`, { metadata: { name: user }, rules } as never);
  await cluster.api.create(`${RBAC}/clusterrolebindings`, {
    metadata: { name: user },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: user },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  } as never);
  for (const rule of rules) await granted(cluster.api, '', user, rule);
}

const chosen = (more = ''): string => `- { namespace-selector: ${TEAM}=${shop.namespace}, name: front-*${more} }`;
const listsOfNamespaces = (): number =>
  cluster.recorder.requests.filter(({ path }) => path.startsWith('/api/v1/namespaces?')).length;

test('what an entry chooses gets the filter, keeps it, and loses it', async () => {
  const page = await shop.workload('front-page', { replicas: 0 });
  const legacy = await shop.workload('front-legacy', { replicas: 0 });
  const other = await shop.workload('back', { replicas: 0 });
  const edgePage = await edge.workload('front-page', { replicas: 0 });
  const farPage = await far.workload('front-page', { replicas: 0 });
  const list = chosen(', exclude: [ deployment/front-legacy, "*/front-lgeacy" ]');
  cluster.recorder.reset();
  const { report, log } = await shop.run('deploy', list, { configuration: 'x-test: 1' });
  expect(runProblems(report)).toEqual([]);
  expect(report.targets.map(({ ref, outcome }) => [ref.namespace, ref.name, outcome])).toEqual(
    [shop, edge].map(({ namespace }) => [namespace, 'front-page', 'deployed']).sort(),
  );
  expect(warningTexts(report.warnings)).toEqual([
    'targets, entry 1: exclude "*/front-lgeacy" matches none of its workloads. Did you mean front-legacy?',
  ]);
  const names = [shop.namespace, edge.namespace].sort();
  expect(log.join('\n')).toContain(
    `targets, entry 1: namespace-selector "${TEAM}=${shop.namespace}": ${names[0]} and ${names[1]}.`,
  );
  expect(listsOfNamespaces()).toBe(1);
  expect(cluster.recorder.requests.filter(({ path }) => path.includes(`/namespaces/${far.namespace}`))).toEqual([]);
  const labels = async (): Promise<unknown[]> => {
    const templates = [shop.template(page), shop.template(legacy), shop.template(other), edge.template(edgePage)];
    const all = await Promise.all([...templates, far.template(farPage)]);
    return all.map((template) => filterKeys(template).label !== undefined);
  };
  expect(await labels()).toEqual([true, false, false, true, false]);

  cluster.recorder.reset();
  const again = await shop.run('deploy', list, { configuration: 'x-test: 1' });
  expect([again.report.outcome, cluster.recorder.writes]).toEqual(['unchanged', []]);
  const { status } = (await shop.run('status', list)).report;
  expect(status?.workloads.map(({ ref }) => ref.namespace).sort()).toEqual(names);

  const removed = await shop.run('remove', list);
  expect([removed.report.outcome, await labels()]).toEqual(['removed', [false, false, false, false, false]]);
  expect(warningTexts(removed.report.warnings)).toHaveLength(1);
});

test('who may not list namespaces is told what to grant, and gets by with that', async () => {
  await shop.workload('front-page', { replicas: 0 });
  await edge.workload('front-page', { replicas: 0 });
  const user = `${shop.namespace}-deployer`;
  const kubeconfig = cluster.recorder.kubeconfig(user);
  const inputs = { configuration: 'x-test: 1', kubeconfig, verify: 'off' };
  for (const { namespace } of [shop, edge]) {
    await grant(cluster.api, namespace, user, [...WRITE_RULES, POD_RULES.list]);
  }
  cluster.recorder.reset();
  for (const command of ['deploy', 'status', 'remove']) {
    const { report } = await shop.run(command, chosen(), command === 'deploy' ? inputs : { kubeconfig });
    expect(runProblems(report).map(describeProblem)).toEqual([
      expect.stringMatching(
        /permission to list namespaces in the whole cluster \(a ClusterRole and ClusterRoleBinding\)\. Or name the namespaces one by one in targets, entry 1\.$/,
      ),
    ]);
    const permissions = (report.permissions ?? []).map(describePermission);
    expect(permissions).toEqual(
      expect.arrayContaining([
        'list namespaces in the whole cluster',
        'list deployments.apps in namespace "NAMESPACE"',
      ]),
    );
    expect(cluster.recorder.writes).toEqual([]);
  }
  await grantListing(user);
  const { report } = await shop.run('deploy', chosen(), inputs);
  expect(runProblems(report)).toEqual([]);
  expect(report.targets).toHaveLength(2);
});

test('what is wrong with a choice is told with everything else', async () => {
  await shop.workload('front-page', { replicas: 0 });
  const { report } = await shop.run(
    'deploy',
    `- { namespace-selector: ${TEAM}=${shop.namespace}x, name: "*" }\n- ${shop.namespace}/deployment/front-pgae\n- ${far.namespace}-*/deployment/a`,
    { configuration: 'x-test: 1' },
  );
  expect(report.problems.map(describeProblem)).toEqual([
    expect.stringMatching(
      `^targets, entry 1: namespace-selector "${TEAM}=${shop.namespace}x" matches none of the cluster's \\d+ namespaces\\. Change it to ${TEAM}=${shop.namespace}\\.`,
    ),
    expect.stringMatching(/^targets, entry 3: the namespace pattern ".+-\*" matches no namespace\./),
    `targets, entry 2: Deployment ${shop.namespace}/front-pgae does not exist. Change it to deployment/front-page.`,
  ]);
  expect(cluster.recorder.writes).toEqual([]);
});

test('a namespace that is no longer chosen keeps the filter, and is named where others are pruned', async () => {
  await shop.workload('front-page', { replicas: 0 });
  const old = await shop.workload('front-old', { replicas: 0 });
  const edgePage = await edge.workload('front-page', { replicas: 0 });
  // Of a name of its own: it is looked for in the whole cluster.
  const name = 'left-behind';
  await shop.deployed(chosen(), 'x-test: 1', { name });
  await label(edge, null);
  const { report } = await shop.run('deploy', chosen(', exclude: front-old'), {
    configuration: 'x-test: 1',
    prune: 'true',
    name,
  });
  expect(report.targets.map(({ ref, outcome }) => [ref.name, outcome])).toEqual([
    ['front-page', 'unchanged'],
    ['front-old', 'removed'],
  ]);
  expect(filterKeys(await shop.template(old), name).label).toBeUndefined();
  expect(filterKeys(await edge.template(edgePage), name).label).toBeDefined();
  expect(warningTexts(report.warnings)).toEqual([
    `Namespace ${edge.namespace} has the filter "left-behind", too, but no target chooses it. "prune" removes a filter only from namespaces that a target chooses, because others may be somebody else's. To remove the filter there, use "command: remove" with "name: left-behind" and that namespace.`,
  ]);
});
