import { expect, test } from '@jest/globals';
import type { Workload } from '../../../../src/cluster/objects.ts';
import { lentTemplates } from '../../../../src/deploy/plan/lent-template.ts';
import type { WorkloadIndex, WorkloadListKey } from '../../../../src/targets/workload-index.ts';

const rollout = (name: string, source: string): Workload => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name, namespace: 'shop' },
  spec: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: source } } as NonNullable<Workload['spec']>,
});

/** A snapshot with these Rollouts in the namespace `shop`, and the lists that it was asked for. */
function snapshotWith(...rollouts: Workload[]) {
  const asked: string[] = [];
  const list = ({ kind, namespace }: WorkloadListKey): readonly Workload[] => {
    asked.push(`${namespace}/${kind}`);
    return kind === 'Rollout' && namespace === 'shop' ? rollouts : [];
  };
  const workloadIndex: WorkloadIndex = {
    kinds: ['Deployment', 'Rollout'],
    list,
    namespaceState: () => 'there',
    namespaces: [],
  };
  return { snapshot: { workloadIndex }, asked };
}

const deployment = (name: string, namespace = 'shop') => ({ kind: 'Deployment', namespace, name });

test('a target whose template a Rollout refers to is a problem; of several Rollouts the first is named', () => {
  const { snapshot } = snapshotWith(rollout('one', 'reviews'), rollout('two', 'reviews'), rollout('three', 'ratings'));
  const refs = [deployment('details'), deployment('reviews'), deployment('reviews', 'billing')];
  expect(lentTemplates(refs, snapshot)).toEqual([
    {
      kind: 'targets',
      subject: 'Deployment shop/reviews',
      message:
        'lends its pod template to Rollout shop/one (workloadRef), whose pods would get the change, and nobody would verify them.',
      remedy:
        'Write "rollout/one" in the target list, and not "deployment/reviews"; where labels select it, leave it out with "exclude".',
    },
  ]);
});

test('each list is looked at once, for however many targets', () => {
  const { snapshot, asked } = snapshotWith(rollout('one', 'w7'));
  const refs = Array.from({ length: 200 }, (_, index) => deployment(`w${index}`, index % 2 === 0 ? 'shop' : 'billing'));
  lentTemplates(refs, snapshot);
  expect(asked).toEqual([...new Set(asked)]);
});
