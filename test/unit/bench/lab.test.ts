import { expect, test } from '@jest/globals';
import { Fleet } from '../../../bench/fleet.ts';
import type { Competitor } from '../../../bench/lab.ts';
import { withLab } from '../../../bench/lab.ts';
import { envoyFilterByHand, patchByHand } from '../../../bench/peers/objects.ts';
import type { Subject } from '../../../bench/results.ts';
import { type Kept, playRounds } from '../../../bench/rounds.ts';
import { connectApi } from '../../harness/api.ts';

const COST = { wallMs: 10, userMs: 5, systemMs: 1, peakKiB: 1_000 };
const SIZE = { workloads: 3, namespaces: 2 };
const GIVEN = { programs: { measure: '' }, dist: '', log: () => undefined };

test('everyone plays the rounds, another one first in each; what passes is counted once; who fails is out', async () => {
  const kept: Kept = { samples: [], counts: [], failures: [] };
  const ways = new Set<string>();
  await withLab(undefined, GIVEN, async (lab) => {
    const one = (subject: Subject): Competitor => ({
      cycle: (take, round) =>
        take(subject, 'deploy', async ({ kubeconfig }) => {
          if (subject === 'helm' && round === 2) throw new Error('no release');
          ways.add(`${round}: ${kubeconfig === lab.recorded.kubeconfig ? 'recorded' : 'straight'}`);
          const api = await connectApi(kubeconfig);
          await api.create('/api/v1/namespaces/default/configmaps', { metadata: { name: `${subject}-${round}` } });
          await api.close();
          return COST;
        }),
      end: async () => undefined,
    });
    const everyone = [one('action'), one('kubectl'), one('helm'), one('script')].map(
      (competitor, index) => [competitor, index === 3 ? 1 : 3] as const,
    );
    await playRounds(lab, SIZE, everyone, true, kept);
  });
  expect(kept.samples.map(({ round, subject }) => `${round} ${subject}`)).toEqual([
    ...['1 kubectl', '1 helm', '1 script', '1 action'],
    ...['2 action', '2 kubectl'],
    ...['3 kubectl', '3 action'],
  ]);
  expect(kept.failures).toEqual(['3 in 2, round 2: no release']);
  expect([...ways].sort()).toEqual(['0: recorded', '1: straight', '2: straight', '3: straight']);
  // The script plays too few rounds for a run that only counts.
  expect(kept.counts.map(({ subject, requests, writes, sockets }) => [subject, requests, writes, sockets])).toEqual([
    ['action', 1, 1, 1],
    ['kubectl', 1, 1, expect.any(Number)],
    ['helm', 1, 1, expect.any(Number)],
  ]);
});

test('Deployments are looked at after each turn, and are what they were after a reset', async () => {
  await withLab(undefined, GIVEN, async ({ api, prefix }) => {
    const fleet = await Fleet.create(api, `${prefix}-fleet`, SIZE);
    expect(fleet.workloads.map(({ metadata }) => metadata.namespace)).toEqual(
      [0, 1, 0].map((index) => `${prefix}-fleet-${index}`),
    );
    await fleet.expect('plain');
    const templates = async (): Promise<unknown[]> =>
      (await fleet.present()).map(({ spec }) => {
        const { labels, annotations = {} } = spec?.template?.metadata ?? {};
        return { labels, annotations };
      });
    const before = await templates();
    const put = async (count: number): Promise<void> => {
      for (const { metadata } of fleet.workloads.slice(0, count)) {
        await api.patch(`/apis/apps/v1/namespaces/${metadata.namespace}/deployments/${metadata.name}`, patchByHand(1));
      }
    };
    await put(2);
    await expect(fleet.expect('filtered')).rejects.toThrow('2 of 3 Deployments have the filter, with 0 EnvoyFilters');
    await put(3);
    for (const namespace of fleet.namespaces) {
      const path = `/apis/networking.istio.io/v1alpha3/namespaces/${namespace}/envoyfilters`;
      await api.create(path, envoyFilterByHand(namespace, 1) as never);
    }
    await fleet.expect('filtered');
    await expect(fleet.expect('plain')).rejects.toThrow('3 of 3 Deployments have the filter');
    await fleet.reset();
    await fleet.expect('plain');
    expect(await templates()).toEqual(before);
    await fleet.remove();
  });
});
