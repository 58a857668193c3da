import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { runProblems } from '../../src/deploy/report/report.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { Site } from './site.ts';

const LEVELS = 'sidecar.istio.io/componentLogLevel';

describe('the level at which proxies log', () => {
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
  type Workload = Awaited<ReturnType<Site['workload']>>;
  const levelsOf = async (workload: Workload): Promise<string | undefined> =>
    (await site.template(workload)).annotations[LEVELS];

  test('comes with a filter, goes with it, and says nothing of others in between', async () => {
    const reviews = await site.workload('reviews', { replicas: 0, podAnnotations: { [LEVELS]: 'rbac:debug' } });
    const ratings = await site.workload('ratings', { replicas: 0 });
    const found = [await site.template(reviews), await site.template(ratings)];
    const inputs = { configuration: 'x-test: 1', 'log-level': 'info' };
    const { report } = await site.run('deploy', ['reviews', 'ratings'], inputs);
    expect(runProblems(report)).toEqual([]);
    expect(await levelsOf(reviews)).toBe('rbac:debug,wasm:info');
    expect(await levelsOf(ratings)).toBe('misc:error,wasm:info');

    cluster.recorder.reset();
    const again = await site.run('deploy', ['reviews', 'ratings'], inputs);
    expect([again.report.outcome, cluster.recorder.writes]).toEqual(['unchanged', []]);

    await site.run('deploy', ['reviews'], { name: 'auth', configuration: 'x-test: 2', 'log-level': 'debug' });
    expect(await levelsOf(reviews)).toBe('rbac:debug,wasm:debug');
    await site.run('remove', ['reviews'], { name: 'auth' });
    expect(await levelsOf(reviews)).toBe('rbac:debug,wasm:info');
    await site.run('deploy', ['reviews'], { configuration: 'x-test: 1' });
    expect(await levelsOf(reviews)).toBe('rbac:debug');

    const { report: last } = await site.run('remove', ['reviews', 'ratings'], {});
    expect(last.outcome).toBe('removed');
    expect([await site.template(reviews), await site.template(ratings)]).toEqual(found);
  });

  test('is rolled back with a revision that fails', async () => {
    const reviews = await site.workload('reviews', { podAnnotations: { 'sim/refuses': 'bad' } });
    await site.run('deploy', ['reviews'], { configuration: 'x-test: 1', 'log-level': 'warning' });
    const good = await site.template(reviews);
    expect(await levelsOf(reviews)).toBe('misc:error,wasm:warning');
    const { report } = await site.run('deploy', ['reviews'], { configuration: 'bad', 'log-level': 'debug' });
    expect(report.outcome).toBe('failed');
    expect(await site.template(reviews)).toEqual(good);
  });

  test('that somebody has edited is drift, and is put right', async () => {
    const reviews = await site.workload('reviews', { replicas: 0 });
    const inputs = { configuration: 'x-test: 1', 'log-level': 'info' };
    await site.run('deploy', ['reviews'], inputs);
    await site.edit(reviews, { annotations: { [LEVELS]: 'http:debug' } });
    const { report: status } = await site.run('status', ['reviews'], {});
    expect(JSON.stringify(status)).toContain('its log level in the annotations of the pod template was edited');
    const { report } = await site.run('deploy', ['reviews'], inputs);
    expect(report.targets.map(({ drift }) => drift)).toEqual([[`the annotation ${LEVELS} was edited`]]);
    expect(await levelsOf(reviews)).toBe('http:debug,wasm:info');
  });
});
