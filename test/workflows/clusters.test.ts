import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { dump, load } from 'js-yaml';
import type { Workload } from '../../src/cluster/objects.ts';
import { jobOf } from '../harness/act.ts';
import { objectsOf } from '../mesh/mesh.ts';
import { outputsOf, PUSH, pullRequest, type Repository, startRepository, workflowOf } from './repository.ts';
import { onEmbeddedCluster, openShop, type Shop } from './shop.ts';

// The workflows for several clusters: the one of the suite is "prod-eu", the others are embedded ones.

const CLUSTERS = ['staging', 'prod-eu', 'prod-us'] as const;
type Cluster = (typeof CLUSTERS)[number];

let shops: Readonly<Record<Cluster, Shop>>;
let repository: Repository;
beforeAll(async () => {
  const main = await openShop();
  const [staging, other] = await Promise.all([onEmbeddedCluster(main.filters), onEmbeddedCluster(main.filters)]);
  shops = { staging, 'prod-eu': main, 'prod-us': other };
}, 180_000);
afterAll(() => Promise.all(Object.values(shops ?? {}).map((shop) => shop.stop())));
beforeEach(async () => {
  repository = await startRepository();
}, 600_000); // act may have to be built
afterEach(async () => {
  const { wrong } = repository.github;
  await repository.stop();
  expect(wrong).toEqual([]);
});

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: object }];
  readonly users: readonly [{ readonly user: object }];
}

/** The kubeconfig of a cluster as kubeconfig.sh prints it with a name, in which what it has is called alike. */
function secretOf(name: Cluster, namespace: string): string {
  const text = Buffer.from(shops[name].kubeconfig, 'base64').toString('utf8');
  const { clusters, users } = load(text) as Kubeconfig;
  const config = {
    clusters: [{ name, cluster: clusters[0].cluster }],
    contexts: [{ name, context: { cluster: name, user: name, namespace } }],
    'current-context': name,
    users: [{ name, user: users[0].user }],
  };
  return Buffer.from(dump({ apiVersion: 'v1', kind: 'Config', ...config })).toString('base64');
}

/** A workload in each cluster, in a namespace of one name, with the kubeconfig of that. */
async function start(): Promise<Record<Cluster, { readonly app: Workload; readonly secret: string }>> {
  const given = await shops['prod-eu'].namespace();
  const started = CLUSTERS.map(async (name) => {
    const namespace = name === 'prod-eu' ? given : await shops[name].namespace(given);
    return [name, { app: await shops[name].start(namespace, 'frontpage'), secret: secretOf(name, namespace) }] as const;
  });
  return Object.fromEntries(await Promise.all(started)) as never;
}

test('manifest-clusters.yml: one plan for all clusters, and production after staging', async () => {
  const targets = await start();
  const { github, runner, comment } = repository;
  await runner.commit('module.wasm', await readFile(shops['prod-eu'].filters.abi021));
  const configure = (value: string, prodEu = 'frontpage'): Promise<void> =>
    runner.commit(
      'filters/shop.yaml',
      JSON.stringify({
        version: 1,
        clusters: { staging: {}, 'prod-eu': { wave: 1 }, 'prod-us': { wave: 2 } },
        filters: [
          {
            name: 'add-header',
            filter: '../module.wasm',
            'root-id': 'add_header',
            configuration: `x-shop: ${value}`,
            targets: [
              { kind: 'deployment', name: 'frontpage', clusters: ['staging', 'prod-us'] },
              { kind: 'deployment', name: prodEu, clusters: ['prod-eu'] },
            ],
          },
        ],
      }),
    );
  await configure('open');
  const workflow = await workflowOf('manifest-clusters.yml');
  const [staging, eu, us] = CLUSTERS.map((name) => targets[name].secret);
  const secrets = {
    PLAN_KUBECONFIG: Buffer.from([staging, eu, us].map(decoded).join('---\n')).toString('base64'),
    STAGING_KUBECONFIG: staging ?? '',
    PROD_EU_KUBECONFIG: eu ?? '',
    PROD_US_KUBECONFIG: us ?? '',
  };
  const planned = await runner.run(workflow, pullRequest('opened'), { secrets });
  expect([...planned.jobs.keys()]).toEqual(['plan']);
  expect([outputsOf(jobOf(planned, 'plan')).result, jobOf(planned, 'plan').annotations]).toEqual(['planned', []]);
  for (const name of CLUSTERS) expect(comment()).toContain(name);

  Object.assign(github, { state: 'merged', mergedAs: runner.head });
  const pushed = await runner.run(workflow, PUSH, { secrets });
  expect(outputsOf(jobOf(pushed, 'deploy'))).toMatchObject({ result: 'deployed', deployed: '3' });
  expect(comment()).toMatch(/## ✅ add-header deployed to 3 workloads/);
  for (const name of CLUSTERS) expect(await shops[name].headers(targets[name].app, 'x-shop')).toEqual(['open']);

  // What cannot be done in one cluster is said before anything is written in another.
  await configure('closed', 'nobody');
  const refused = await runner.run(workflow, PUSH, { secrets });
  expect(outputsOf(jobOf(refused, 'deploy'))).toMatchObject({ result: 'failed', changed: 'false' });
  for (const name of CLUSTERS) expect(await shops[name].headers(targets[name].app, 'x-shop')).toEqual(['open']);
});

test('matrix-approvals.yml: each cluster has a job, an approval and a comment of its own', async () => {
  const targets = await start();
  const { github, runner } = repository;
  await repository.builds(await readFile(shops['prod-eu'].filters.abi021));
  // An environment for each cluster has the secrets of one name; act knows no environments.
  const workflow = await workflowOf('matrix-approvals.yml', {
    'bookshop/deployment/frontpage': 'deployment/frontpage',
    'secrets.KUBECONFIG ': 'fromJSON(secrets.EACH)[matrix.cluster] ',
    'secrets.PLAN_KUBECONFIG ': 'fromJSON(secrets.EACH)[matrix.cluster] ',
  });
  const secrets = { EACH: JSON.stringify(Object.fromEntries(CLUSTERS.map((name) => [name, targets[name].secret]))) };
  const planned = await runner.run(workflow, pullRequest('opened'), { secrets });
  expect([...planned.jobs.keys()].toSorted()).toEqual([
    'build',
    ...CLUSTERS.map((name) => `plan (${name})`).toSorted(),
  ]);
  const titles = (): string[] => github.comments.map(({ body }) => /^### (.*)$/m.exec(body)?.[1] ?? '').toSorted();
  const expected = CLUSTERS.map((name) => `add-header in ${name}`).toSorted();
  expect(titles()).toEqual(expected);

  Object.assign(github, { state: 'merged', mergedAs: runner.head });
  let asked = 0;
  const pushed = await runner.run(workflow, PUSH, {
    secrets,
    approve: async () => {
      asked += 1;
      if (asked > 1) return;
      for (const name of CLUSTERS) expect(await objectsOf(shops[name], targets[name].app)).toEqual([]);
    },
  });
  for (const name of CLUSTERS) {
    expect(outputsOf(jobOf(pushed, `deploy (${name})`))).toMatchObject({ result: 'deployed', deployed: '1' });
    expect(await shops[name].headers(targets[name].app, 'x-shop')).toEqual(['open']);
  }
  expect([asked, titles()]).toEqual([CLUSTERS.length, expected]);
  for (const { body } of github.comments) expect(body).toContain('## ✅ add-header deployed');
});

const decoded = (text = ''): string => Buffer.from(text, 'base64').toString('utf8');
