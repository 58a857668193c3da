import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeProblem } from '../../src/base/problem.ts';
import { eventually } from '../harness/api.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { manualEnvoyFilter } from './by-hand.ts';
import { onlyTarget, Scene } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

/** An EnvoyFilter of somebody else, whose file no pod mounts. */
const insertWaf = ({ namespace }: Scene, app: string): Promise<unknown> =>
  cluster.api.create(
    `/apis/networking.istio.io/v1alpha3/namespaces/${namespace}/envoyfilters`,
    manualEnvoyFilter('waf', { filter: 'waf', file: 'waf.wasm', selector: { app } }) as never,
  );

test.concurrent('a filter of others that running proxies reject stops the run before its first write', async () => {
  const scene = await Scene.open(cluster);
  await scene.workload('reviews');
  await insertWaf(scene, 'reviews');
  await eventually('a proxy that refuses it', async () => {
    const { problems } = await scene.deploy({ command: 'plan' });
    return problems.some(({ kind }) => kind === 'proxy') ? problems : undefined;
  });
  const report = await scene.deploy();
  expect(report.problems.map(describeProblem)).toEqual([
    expect.stringMatching(
      /its proxies already reject their configuration, so new pods cannot become ready: Invalid path: \S+\/waf\.wasm; EnvoyFilter \S+\/waf inserts \S+\/waf\.wasm\. Correct or delete EnvoyFilter/,
    ),
  ]);
  expect(onlyTarget(report).outcome).toBe('untouched');
  expect(scene.writes).toEqual([]);
});

test.concurrent('and that only new pods show is not blamed on ours', async () => {
  const scene = await Scene.open(cluster);
  const podAnnotations = { 'sim/behaviour-with-filter': 'proxy-not-ready' };
  await scene.workload('reviews', { podAnnotations });
  await insertWaf(scene, 'another');
  // The simulated node has no logs; these are a real proxy's words.
  const body =
    "warning\tenvoy config x.cc:1\tlds: listener 'virtualInbound' config rejected: Invalid path: /var/local/lib/wasm-filters/waf.wasm\tthread=13";
  scene.inject(({ path }) => (path.includes('/log?') ? { answer: { status: 200, body } } : undefined));
  const { problem, rollback } = onlyTarget(await scene.deploy({ timeout: '10m' }));
  expect(problem?.message).toBe(
    `cannot become ready: Envoy rejects another filter, not add-header: Invalid path: /var/local/lib/wasm-filters/waf.wasm (EnvoyFilter ${scene.namespace}/waf).`,
  );
  expect(problem?.remedy).toMatch(/^Correct or delete EnvoyFilter .*with or without this run\.$/);
  expect(rollback?.state).toBe('rolled-back');
});
