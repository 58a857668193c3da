import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../src/base/problem.ts';
import { eventually } from '../harness/api.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { pathOf } from '../harness/workloads.ts';
import { manualEnvoyFilter } from './by-hand.ts';
import { onlyTarget, ownPart, REVISION_LABEL, Scene } from './scene.ts';

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
  const workload = await scene.workload('reviews', { podAnnotations });
  // The simulated node has no logs; these are a real proxy's words.
  const body =
    "2026-01-02T03:04:05.678901Z\twarning\tenvoy config x.cc:1\tlds: listener 'virtualInbound' config rejected: Invalid path: /var/local/lib/wasm-filters/waf.wasm\tthread=13";
  scene.inject(({ path }) => (path.includes('/log?') ? { answer: { status: 200, body } } : undefined));
  const deploying = scene.deploy({ timeout: '10m' });
  await scene.seen(
    'the change',
    ({ method, path }) => method === 'PATCH' && path.startsWith(`${pathOf(workload)}?`) && !path.includes('dryRun'),
  );
  await insertWaf(scene, 'reviews');
  const { problem, rollback } = onlyTarget(await deploying);
  expect(problem?.message).toBe(
    `cannot become ready: Envoy rejects another filter, not add-header: Invalid path: /var/local/lib/wasm-filters/waf.wasm (EnvoyFilter ${scene.namespace}/waf).`,
  );
  expect(problem?.remedy).toMatch(/^Correct or delete EnvoyFilter .*with or without this run\.$/);
  expect(rollback?.state).toBe('rolled-back');
});

describe('a filter of this action that its proxies reject', () => {
  const LOG = [
    '2026-01-02T03:04:05.678901Z\terror\tenvoy wasm wasm.cc:104\tWasm VM failed Failed to load Wasm bytecode\tthread=13',
    "2026-01-02T03:04:05.678901Z\twarning\tenvoy config x.cc:1\tlds: listener 'virtualInbound' config rejected: Unable to create Wasm plugin add-header\tthread=13",
  ].join('\n');

  test.concurrent('is no filter of others, and another one that cannot repair it leaves the workload as it is', async () => {
    const scene = await Scene.open(cluster);
    const workload = await scene.workload('reviews', {
      podAnnotations: { 'sim/behaviour-with-filter': 'proxy-not-ready' },
    });
    scene.inject(({ path }) => (path.includes('/log?') ? { answer: { status: 200, body: LOG } } : undefined));
    await scene.deploy({ timeout: '4s', 'on-failure': 'keep' });
    await scene.deploy({ timeout: '4s', 'on-failure': 'keep', configuration: 'x-test: 2' });
    const id = (await scene.now(workload)).spec?.template?.metadata?.labels?.[REVISION_LABEL];
    const { report: seen } = await scene.run({ command: 'status' });
    const notes = JSON.stringify(seen);
    expect(notes).toContain('not ready: Failed to load Wasm bytecode');
    expect(notes).not.toMatch(/another filter|Correct or delete/);
    scene.forget();
    const before = ownPart(await scene.now(workload));
    const second = onlyTarget(await scene.deploy({ name: 'second', timeout: '4s' }));
    expect(second.problem && describeProblem(second.problem)).toMatch(
      new RegExp(
        `was not ready before this run, .*: Envoy rejects another filter of this action \\(add-header ${id}\\), not second: Failed to load Wasm bytecode\\. Deploy add-header `,
      ),
    );
    expect(second.rollback).toBeUndefined();
    expect(scene.writes).toEqual([]);
    expect(ownPart(await scene.now(workload))).toEqual(before);
  });

  test.concurrent('and is back after a rollback, is as ready as before', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { podAnnotations: { 'sim/behaviour-with-filter': 'proxy-not-ready' } });
    scene.inject(({ path }) => (path.includes('/log?') ? { answer: { status: 200, body: LOG } } : undefined));
    await scene.deploy({ timeout: '4s', 'on-failure': 'keep' });
    const { outcome, rollback } = onlyTarget(await scene.deploy({ timeout: '4s', configuration: 'x-test: 2' }));
    expect([outcome, rollback]).toEqual([
      'failed',
      expect.objectContaining({ state: 'rolled-back', unready: expect.any(String) }),
    ]);
  });
});
