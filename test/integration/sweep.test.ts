import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { judge } from '../../src/action/verdict/verdict.ts';
import { describeProblem } from '../../src/base/problem.ts';
import type { Workload } from '../../src/cluster/objects.ts';
import { runProblems } from '../../src/deploy/report/report.ts';
import { podLabel, STATE_ANNOTATION } from '../../src/mesh/identity/names.ts';
import type { ActionInputs, SeenReport } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { awaitReady } from '../harness/workloads.ts';
import { FILTER, filterKeys, lines, objectsOf, Site, writesOf } from './site.ts';

const HOUR_MS = 3_600_000;
/** The clock of the runs, as far as expiry goes; that of the API server is the real one. */
const inHours = (hours: number): Date => new Date(Date.now() + hours * HOUR_MS);

describe('filters that are to stay for a while', () => {
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

  const sweep = async (hours: number, more: ActionInputs = {}): Promise<SeenReport> =>
    (await site.run('sweep', '', { name: '', ...more }, { date: inHours(hours) })).report;
  const carries = async (workload: Workload, filter = FILTER): Promise<boolean> =>
    filterKeys(await site.template(workload), filter).label !== undefined;

  describe('sweep', () => {
    test('takes away what has expired, with its objects, and nothing else', async () => {
      const [short, long, forever] = [
        await site.workload('short'),
        await site.workload('long', { kind: 'StatefulSet', replicas: 0 }),
        await site.workload('forever', { replicas: 0 }),
      ];
      await site.deployed(['short'], 'short', { expires: '1h' });
      const kept = [
        await site.deployed('- sts/long', 'long', { expires: '10h' }),
        await site.deployed(['forever'], 'forever'),
      ];
      const early = await sweep(0.5);
      expect([early.outcome, early.changed]).toEqual(['unchanged', false]);

      cluster.recorder.reset();
      const report = await sweep(2);
      expect(runProblems(report)).toEqual([]);
      expect(report.outcome).toBe('removed');
      expect(report.targets.map(({ ref, outcome }) => [ref.name, outcome])).toEqual([['short', 'removed']]);
      expect(await Promise.all([short, long, forever].map((one) => carries(one)))).toEqual([false, true, true]);
      expect(await site.state(short)).toEqual({});
      expect(await site.objects()).toEqual(objectsOf(...kept));

      cluster.recorder.reset();
      expect((await sweep(2)).outcome).toBe('unchanged');
      expect(cluster.recorder.writes).toEqual([]);
    });

    test('that finds nothing says what is there and when it expires; a name that is there is no failure', async () => {
      const workload = await site.workload('reviews', { replicas: 0 });
      await site.deployed(['reviews'], 'x-test: 1', { expires: '1h' });
      const expires = (await site.state(workload))[FILTER]?.expires;
      const { namespace } = site;
      const present = [
        { filter: FILTER, namespace, workloads: [expect.objectContaining({ name: 'reviews' })], expires },
      ];
      for (const more of [{}, { name: FILTER }]) {
        const early = await sweep(0.5, more);
        expect(early).toMatchObject({
          outcome: 'unchanged',
          problems: [],
          nothing: { namespaces: [namespace], present },
        });
      }
    });

    test('when a filter expires is said by plan, deploy and status', async () => {
      const workload = await site.workload('reviews', { replicas: 0 });
      const inputs = { configuration: 'x-test: 1', expires: '1h' };
      const planned = await site.run('plan', ['reviews'], inputs);
      const { report } = await site.run('deploy', ['reviews'], inputs);
      const { expires = '' } = (await site.state(workload))[FILTER] ?? {};
      expect(report.expires).toBe(expires);
      expect(Math.abs(Date.parse(planned.report.expires ?? '') - Date.parse(expires))).toBeLessThan(60_000);
      expect((await site.run('deploy', ['reviews'], inputs)).report).toMatchObject({ outcome: 'unchanged', expires });
      const when = `expires ${expires.slice(0, 10)} ${expires.slice(11, 16)} UTC`;
      const status = await site.run('status', ['reviews']);
      for (const { command, headline } of [report, status.report].map((of) => ({ ...of, ...judge(of.whole) }))) {
        expect([command, headline]).toEqual([command, expect.stringContaining(when)]);
      }
    });

    test('of two filters on a workload only the expired one goes; objects stay while another workload names them', async () => {
      const [reviews, ratings] = [
        await site.workload('reviews', { replicas: 0 }),
        await site.workload('ratings', { replicas: 0 }),
      ];
      await site.deployed(['reviews'], 'limit: 5', { name: 'rate-limit' });
      await site.deployed(['ratings'], 'x-test: 1');
      await site.deployed(['reviews'], 'x-test: 1', { expires: '1h' });
      const before = await site.objects();
      const report = await sweep(2);
      expect(report.targets.map(({ ref, outcome }) => [ref.name, outcome])).toEqual([['reviews', 'removed']]);
      expect([await carries(reviews), await carries(reviews, 'rate-limit'), await carries(ratings)]).toEqual([
        false,
        true,
        true,
      ]);
      expect(await site.objects()).toEqual(before);
    });

    test('a name sweeps this filter alone', async () => {
      const workload = await site.workload('reviews', { replicas: 0 });
      await site.deployed(['reviews'], 'limit: 5', { name: 'rate-limit', expires: '1h' });
      await site.deployed(['reviews'], 'x-test: 1', { expires: '1h' });
      await sweep(2, { name: 'rate-limit' });
      expect([await carries(workload), await carries(workload, 'rate-limit')]).toEqual([true, false]);
    });

    test('objects that no pod template names go once they are an hour old', async () => {
      const workload = await site.workload('reviews', { replicas: 0 });
      for (const name of [FILTER, 'rate-limit']) await site.deployed(['reviews'], 'x-test: 1', { name });
      const labels = { [podLabel(FILTER)]: null, [podLabel('rate-limit')]: null };
      await site.edit(workload, { labels, own: { [STATE_ANNOTATION]: null } });
      const all = await site.objects();
      expect(all).toHaveLength(4);

      expect((await sweep(0.9)).outcome).toBe('unchanged');
      expect(await site.objects()).toEqual(all);
      const named = await sweep(1.1, { name: 'rate-limit' });
      expect([named.outcome, named.targets]).toEqual(['removed', []]);
      expect(named.collected.deleted).toEqual([
        expect.stringMatching(/^EnvoyFilter \S+\/rate-limit-\w{10}$/),
        expect.stringMatching(/^ConfigMap \S+\/rate-limit-\w{10}$/),
      ]);
      expect((await sweep(1.1)).collected.deleted).toHaveLength(2);
      expect(await site.objects()).toEqual([]);
    });

    test('several namespaces, or the targets of a list', async () => {
      const other = new Site(cluster, await cluster.namespace());
      const here = await site.workload('reviews', { replicas: 0 });
      const there = await other.workload('reviews', { replicas: 0 });
      for (const one of [site, other]) await one.deployed(['reviews'], 'x-test: 1', { expires: '1h' });
      const listed = await site.run('sweep', ['reviews'], { name: '' }, { date: inHours(2) });
      expect(listed.report.targets.map(({ ref }) => ref.namespace)).toEqual([site.namespace]);
      expect([await carries(here), filterKeys(await other.template(there)).label !== undefined]).toEqual([false, true]);
      const both = await sweep(2, { namespace: `${site.namespace}, ${other.namespace}` });
      expect(both.targets.map(({ ref }) => ref.namespace)).toEqual([other.namespace]);
      expect(await other.objects()).toEqual([]);
    });

    test('a workload whose pods do not become ready without the filter is rolled back', async () => {
      const workload = await site.workload('reviews');
      await site.deployed(['reviews'], 'x-test: 1', { expires: '1h' });
      await site.edit(workload, {
        annotations: { 'sim/behaviour': 'never-ready', 'sim/behaviour-with-filter': 'ready' },
      });
      // What is not ready before a removal is not its failure.
      await awaitReady(cluster.api, workload);
      const report = await sweep(2, { timeout: '1s' });
      expect(report.targets.map(({ outcome, rollback }) => [outcome, rollback?.state])).toEqual([
        ['failed', 'rolled-back'],
      ]);
      expect(await carries(workload)).toBe(true);
    });

    test('without a namespace it is told no place', async () => {
      const { report } = await site.run('sweep', '', { name: '', namespace: '' });
      expect(report.problems.map(describeProblem)).toEqual([expect.stringMatching(/^input "namespace" is missing/)]);
    });
  });

  describe('expiry', () => {
    let workload: Workload;
    beforeEach(async () => {
      workload = await site.workload('reviews', { replicas: 0 });
      await site.deployed(['reviews'], 'x-test: 1', { expires: '10h' });
      cluster.recorder.reset();
    });
    const hoursLeft = async (): Promise<number> => {
      const { expires = '' } = (await site.state(workload))[FILTER] ?? {};
      return Math.round((Date.parse(expires) - Date.now()) / HOUR_MS);
    };
    const again = async (hours: number, more: ActionInputs = {}): Promise<string[]> => {
      const inputs = { configuration: 'x-test: 1', expires: '10h', ...more };
      const { report } = await site.run('deploy', ['reviews'], inputs, { date: inHours(hours) });
      expect(runProblems(report)).toEqual([]);
      return lines(writesOf(cluster.recorder.writes));
    };

    test('with more than half of the time left a run writes nothing', async () => {
      expect(await again(4.9)).toEqual([]);
      expect(await hoursLeft()).toBe(10);
    });

    test('with less it begins anew, without a restart', async () => {
      const before = (await site.read(workload)).spec;
      expect(await again(6)).toEqual(['change Deployment reviews']);
      expect(await hoursLeft()).toBe(16);
      expect((await site.read(workload)).spec).toEqual(before);
    });

    test('a shorter time is taken over at once', async () => {
      expect(await again(0, { expires: '1h' })).toEqual(['change Deployment reviews']);
      expect(await hoursLeft()).toBe(1);
    });

    test('a run without it makes the filter stay', async () => {
      expect(await again(0, { expires: '' })).toEqual(['change Deployment reviews']);
      expect((await site.state(workload))[FILTER]).not.toHaveProperty('expires');
      expect((await sweep(1000)).outcome).toBe('unchanged');
    });
  });
});
