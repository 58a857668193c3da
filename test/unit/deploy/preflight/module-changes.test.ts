import { expect, test } from '@jest/globals';
import { makePlan } from '../../../../src/deploy/plan/make-plan.ts';
import { moduleChanges } from '../../../../src/deploy/preflight/module-changes.ts';
import type { PlannedModule } from '../../../../src/deploy/report/plan-report.ts';
import type { FilterRequest } from '../../../../src/deploy/request.ts';
import {
  type ClusterParts,
  deployRequest,
  filterModule,
  filterRequest,
  must,
  PULLED,
  settings,
  snapshotOf,
  workload,
} from '../../builders.ts';
import { executePlan } from '../execute-plan.ts';
import { NOW } from '../planned.ts';

const EMPTY: ClusterParts = {
  workloads: { 'shop/deploy/reviews': workload('reviews'), 'shop/deploy/ratings': workload('ratings') },
};
const REVIEWS = 'Deployment shop/reviews';
const RATINGS = 'Deployment shop/ratings';
const [old, fresh] = [filterModule(), filterModule(7)];
const version = ({ digest, bytes }: typeof old, image?: string) => ({
  digest,
  bytes: bytes.length,
  ...(image !== undefined && { image }),
});

const planOf = (cluster: ClusterParts, over: Partial<FilterRequest>, targets = '- deploy/reviews\n- deploy/ratings') =>
  must(makePlan(deployRequest(filterRequest(targets, over)), snapshotOf(cluster), NOW));
const after = (cluster: ClusterParts, over: Partial<FilterRequest>, targets?: string): ClusterParts =>
  executePlan(planOf(cluster, over, targets), cluster);
const changes = (cluster: ClusterParts, over: Partial<FilterRequest>): PlannedModule[] =>
  moduleChanges(planOf(cluster, over), snapshotOf(cluster));

test('a module that is new on workloads', () => {
  expect(changes(EMPTY, { module: old })).toEqual([
    { filter: 'add-header', state: 'new', after: version(old), workloads: [REVIEWS, RATINGS] },
  ]);
});

test('another module, of which the cluster tells the digest and not the size', () => {
  const running = after(EMPTY, { module: old });
  expect(changes(running, { module: fresh })).toEqual([
    {
      filter: 'add-header',
      state: 'other',
      before: { digest: old.digest },
      after: version(fresh),
      workloads: [REVIEWS, RATINGS],
    },
  ]);
});

test('the same module with other settings, and nothing where nothing changes', () => {
  const running = after(EMPTY, { module: old });
  expect(changes(running, { module: old, settings: settings({ configuration: 'other' }) })).toEqual([
    {
      filter: 'add-header',
      state: 'same',
      before: version(old),
      after: version(old),
      workloads: [REVIEWS, RATINGS],
    },
  ]);
  expect(changes(running, { module: old })).toEqual([]);
});

test('workloads that run different modules are told apart', () => {
  const both = after(after(EMPTY, { module: old }), { module: filterModule(9) }, '- deploy/ratings');
  expect(changes(both, { module: fresh }).map(({ state, before, workloads }) => [state, before, workloads])).toEqual([
    ['other', { digest: old.digest }, [REVIEWS]],
    ['other', { digest: filterModule(9).digest }, [RATINGS]],
  ]);
});

test('an image in the place of a mounted module, and another image', () => {
  const running = after(EMPTY, { module: old });
  const image = { module: old, settings: settings({ image: PULLED }) };
  expect(changes(running, image)).toMatchObject([
    { state: 'other', before: version(old), after: version(old, PULLED.reference) },
  ]);
  const pulled = after(EMPTY, image);
  const reference = PULLED.reference.replaceAll('a'.repeat(64), 'b'.repeat(64));
  expect(changes(pulled, { module: fresh, settings: settings({ image: { ...PULLED, reference } }) })).toMatchObject([
    { before: { digest: old.digest, image: PULLED.reference }, after: version(fresh, reference) },
  ]);
});

test('nothing tells what runs where its ConfigMap is gone', () => {
  const { configMaps: _, ...running } = after(EMPTY, { module: old });
  expect(changes(running, { module: fresh }).map(({ state, before }) => [state, before])).toEqual([
    ['unknown', undefined],
  ]);
});
