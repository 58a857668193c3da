import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { runProblems } from '../../src/deploy/report/report.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { filterKeys, objectsOf, Site } from './site.ts';

describe('pruning', () => {
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

  test('a workload that left the list loses the filter once the others are verified', async () => {
    await site.workload('reviews');
    const ratings = await site.workload('ratings', { kind: 'StatefulSet' });
    const old = await site.deployed('- deployment/reviews\n- sts/ratings', 'x-test: 1');
    const more = { configuration: 'x-test: 2', prune: 'true' };
    const { plan } = (await site.run('plan', ['reviews'], more)).report;
    expect(plan?.changes.filter(({ kind }) => kind === 'StatefulSet').map(({ reasons }) => reasons)).toEqual([
      ['loses the filter add-header'],
    ]);
    cluster.recorder.reset();
    const { report } = await site.run('deploy', ['reviews'], {
      configuration: 'x-test: 2',
      prune: 'true',
      'keep-revisions': '0',
    });
    expect(runProblems(report)).toEqual([]);
    expect(report.targets.map(({ ref, outcome, wave, wavePart }) => [ref.name, outcome, wavePart ?? wave])).toEqual([
      ['reviews', 'deployed', 1],
      ['ratings', 'removed', 'prune'],
    ]);
    expect(filterKeys(await site.template(ratings))).toEqual({});
    expect(await site.state(ratings)).toEqual({});
    const revision = report.targets[0]?.revisions[0]?.revision ?? '';
    expect(revision).not.toBe(old);
    expect(await site.objects()).toEqual(objectsOf(revision));
    const at = (part: string): number => cluster.recorder.requests.findLastIndex(({ path }) => path.includes(part));
    // The last look, not the one before the first write.
    expect(at('/pods/reviews-')).toBeGreaterThan(at('/deployments/reviews?'));
    expect(at('/statefulsets/ratings?')).toBeGreaterThan(at('/pods/reviews-'));

    cluster.recorder.reset();
    const again = await site.run('deploy', ['reviews'], {
      configuration: 'x-test: 2',
      prune: 'true',
      'keep-revisions': '0',
    });
    expect([again.report.outcome, cluster.recorder.writes]).toEqual(['unchanged', []]);
  });

  test('when the others fail, it keeps the filter', async () => {
    await site.workload('reviews', { podAnnotations: { 'sim/refuses': 'bad' } });
    const ratings = await site.workload('ratings');
    const old = await site.deployed(['reviews', 'ratings'], 'x-test: 1');
    const { report } = await site.run('deploy', ['reviews'], { configuration: 'bad', prune: 'true' });
    expect(report.outcome).toBe('failed');
    expect(report.targets.map(({ ref, outcome }) => [ref.name, outcome])).toEqual([
      ['reviews', 'failed'],
      ['ratings', 'untouched'],
    ]);
    expect(filterKeys(await site.template(ratings)).label).toBe(old);
    expect(await site.objects()).toEqual(objectsOf(old));
  });

  test('only in the namespaces of the list, and only this filter', async () => {
    const other = new Site(cluster, await cluster.namespace());
    await site.workload('reviews', { replicas: 0 });
    const ratings = await site.workload('ratings', { replicas: 0 });
    const far = await other.workload('far', { replicas: 0 });
    await site.deployed(['reviews', 'ratings'], 'x-test: 1');
    await site.deployed(['ratings'], 'limit: 5', { name: 'rate-limit' });
    await other.deployed(['far'], 'x-test: 1');
    const { report } = await site.run('deploy', ['reviews'], { configuration: 'x-test: 1', prune: 'true' });
    expect(report.targets.map(({ ref, outcome }) => [ref.name, outcome])).toEqual([
      ['reviews', 'unchanged'],
      ['ratings', 'removed'],
    ]);
    const template = await site.template(ratings);
    expect(filterKeys(template).label).toBeUndefined();
    expect(filterKeys(template, 'rate-limit').label).toBeDefined();
    expect(filterKeys(await other.template(far)).label).toBeDefined();
  });

  test('without it, a workload that left the list keeps the filter', async () => {
    await site.workload('reviews', { replicas: 0 });
    const ratings = await site.workload('ratings', { replicas: 0 });
    const old = await site.deployed(['reviews', 'ratings'], 'x-test: 1');
    await site.deployed(['reviews'], 'x-test: 2', { 'keep-revisions': '0' });
    expect(filterKeys(await site.template(ratings)).label).toBe(old);
    expect(await site.objects()).toEqual(expect.arrayContaining(objectsOf(old)));
  });
});
