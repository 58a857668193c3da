import { expect, test } from '@jest/globals';
import { Fleet } from '../../../bench/fleet.ts';
import { withLab } from '../../../bench/lab.ts';
import { RolloutClock } from '../../../bench/rollout-clock.ts';
import { eventually } from '../../harness/api.ts';

const GIVEN = { programs: { measure: '' }, dist: '', log: () => undefined };

test('the clock counts rollouts of its own namespaces alone', async () => {
  await withLab(undefined, GIVEN, async ({ api, prefix, straight }) => {
    const size = { workloads: 1, namespaces: 1 };
    const [own, foreign] = [
      await Fleet.create(api, `${prefix}-own`, size),
      await Fleet.create(api, `${prefix}-foreign`, size),
    ];
    const clock = await RolloutClock.start(straight.kubeconfig, own.namespaces);
    try {
      // The foreign one first: the watch brings changes in their order.
      for (const { workloads } of [foreign, own]) {
        for (const { metadata } of workloads) {
          await api.patch(`/apis/apps/v1/namespaces/${metadata.namespace}/deployments/${metadata.name}`, {
            spec: { template: { metadata: { annotations: { changed: 'yes' } } } },
          });
        }
      }
      const { slowest } = await eventually('the rollout is seen to its end', async () => {
        try {
          return clock.read(1);
        } catch {
          return undefined;
        }
      });
      expect(slowest).toBeGreaterThanOrEqual(0);
      clock.reset();
      expect(() => clock.read(1)).toThrow('0 of 1 rollouts were seen');
    } finally {
      await clock.stop();
    }
  });
});
