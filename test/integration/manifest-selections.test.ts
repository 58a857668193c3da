/** A manifest whose filters choose their workloads by labels of namespaces, names and exclusions that overlap, over its whole life. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeProblem } from '../../src/base/problem.ts';
import { runProblems, type TargetReport } from '../../src/deploy/report/report.ts';
import { makeModule, runAction, type SeenReport } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { Scene } from './scene.ts';

const TEAM = 'dwf-team';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

const manifest = (team: string): string => `version: 1
filters:
  - name: auth
    filter: auth.wasm
    targets:
      - { namespace-selector: ${TEAM}=${team}, name: '*', exclude: [ legacy, deployment/back-* ] }
  - name: header
    filter: header.wasm
    targets:
      - { namespace-selector: ${TEAM}=${team}, name: front-*, exclude: [ ${team}/deployment/front-b ] }
      - ${team}/deployment/legacy
`;
const FILES = { 'mesh/auth.wasm': makeModule('auth'), 'mesh/header.wasm': makeModule('header') };

test('plan, deploy, status, a second run and remove all mean the same workloads and filters', async () => {
  const [shop, edge] = [await Scene.open(cluster), await Scene.open(cluster)];
  const team = shop.namespace;
  for (const { namespace } of [shop, edge]) {
    await cluster.api.patch(`/api/v1/namespaces/${namespace}`, { metadata: { labels: { [TEAM]: team } } });
  }
  for (const name of ['front-a', 'front-b', 'back-a', 'legacy']) await shop.workload(name);
  for (const name of ['front-b', 'single']) await edge.workload(name);
  const run = async (command: string): Promise<SeenReport> => {
    const { report } = await runAction(
      {
        command,
        manifest: 'mesh/*.yaml',
        'max-parallel': '100%',
        kubeconfig: cluster.recorder.kubeconfig(),
        timeout: '30s',
      },
      { files: { ...FILES, 'mesh/filters.yaml': manifest(team) } },
    );
    expect(runProblems(report).map(describeProblem)).toEqual([]);
    return report;
  };
  const nameOf = ({ namespace, name }: TargetReport['ref']): string =>
    `${namespace === team ? 'shop' : 'edge'} ${name}`;
  const meant = ({ targets }: SeenReport): Record<string, readonly string[]> =>
    Object.fromEntries(targets.map(({ ref, revisions }) => [nameOf(ref), revisions.map(({ filter }) => filter)]));
  const expected = {
    'shop front-a': ['auth', 'header'],
    'shop front-b': ['auth'],
    'shop legacy': ['header'],
    'edge front-b': ['auth', 'header'],
    'edge single': ['auth'],
  };

  cluster.recorder.reset();
  const planned = await run('plan');
  expect(meant(planned)).toEqual(expected);
  expect(planned.plan?.restarts.map(({ ref }) => nameOf(ref)).sort()).toEqual(Object.keys(expected).sort());
  expect(cluster.recorder.writes).toEqual([]);

  const deployed = await run('deploy');
  expect([deployed.outcome, meant(deployed)]).toEqual(['deployed', expected]);
  const patched = cluster.recorder.writes.filter(({ path }) => path.includes('/deployments/'));
  expect(new Set(patched.map(({ path }) => path.split('?')[0])).size).toBe(Object.keys(expected).length);

  const { status } = await run('status');
  expect(
    Object.fromEntries(
      (status?.workloads ?? []).map(({ ref, filters }) => [
        nameOf(ref),
        filters.map(({ filter, health }) => `${filter} ${health}`).sort(),
      ]),
    ),
  ).toEqual(
    Object.fromEntries(
      Object.entries(expected).map(([name, filters]) => [name, filters.map((one) => `${one} verified`)]),
    ),
  );

  cluster.recorder.reset();
  expect((await run('deploy')).outcome).toBe('unchanged');
  expect(cluster.recorder.writes).toEqual([]);

  const removed = await run('remove');
  expect([removed.outcome, Object.keys(meant(removed)).sort()]).toEqual(['removed', Object.keys(expected).sort()]);
  for (const scene of [shop, edge]) expect(await scene.objects()).toEqual({ configMaps: [], envoyFilters: [] });
});
