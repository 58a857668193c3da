import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { makePlan } from '../../../../src/deploy/plan/make-plan.ts';
import { type OrderedFilter, ordersOn } from '../../../../src/deploy/plan/order.ts';
import type { FilterRequest } from '../../../../src/deploy/request.ts';
import { BEFORE_ROUTER } from '../../../../src/filter/insertion.ts';
import { deployRequest, filterRequest, must, PULLED, snapshotOf, workload } from '../../builders.ts';
import { NOW } from '../planned.ts';

const at = (order: number, over: Partial<OrderedFilter> = {}): OrderedFilter => ({
  insert: BEFORE_ROUTER,
  order,
  ...over,
});
const first = { insert: { place: 'first' } } as const;

describe('orders on one workload', () => {
  test.each<[string, readonly OrderedFilter[], readonly number[]]>([
    ['of one filter is its own', [at(0)], [0]],
    ['without a number are those of the list', [at(0), at(0), at(0)], [0, 1, 2]],
    ['that differ stay', [at(30), at(10), at(20)], [30, 10, 20]],
    ['that are equal are those of the list', [at(10), at(10), at(0)], [10, 11, 0]],
    ['make way', [at(0), at(0), at(1)], [0, 1, 2]],
    ['count for each place', [at(0), at(0, first), at(0), at(0, first)], [0, 0, 1, 1]],
    ['count for those that are pulled', [at(0), at(0, { image: PULLED }), at(0, { image: PULLED })], [0, 0, 1]],
  ])('%s', (_, filters, expected) => {
    expect(ordersOn(filters)).toEqual(expected);
  });

  test('are all different, and go with the numbers first, then with the list', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3, max: 3 })), (numbers) => {
        const orders = ordersOn(numbers.map((order) => at(order)));
        const indexes = [...numbers.keys()];
        const asked = [...indexes].sort((a, b) => (numbers[a] ?? 0) - (numbers[b] ?? 0) || a - b);
        const given = [...indexes].sort((a, b) => (orders[a] ?? 0) - (orders[b] ?? 0));
        expect(given).toEqual(asked);
        expect(new Set(orders).size).toBe(numbers.length);
      }),
    );
  });
});

describe('a plan', () => {
  const cluster = { workloads: { 'shop/deploy/a': workload('a'), 'shop/deploy/b': workload('b') } };
  const named = (name: string, targets: string): FilterRequest => filterRequest(targets, { name });
  const both = '- deploy/a\n- deploy/b';
  const idsOn = (workloadName: string, ...filters: readonly FilterRequest[]): Record<string, string> => {
    const plan = must(makePlan(deployRequest(...filters), snapshotOf(cluster), NOW));
    const planned = plan.workloads.find(({ ref }) => ref.name === workloadName);
    return Object.fromEntries((planned?.revisions ?? []).map(({ revision }) => [revision.filter, revision.id]));
  };

  test('keeps the revisions of workloads that do not get what is put between others', () => {
    const [auth, limits, header] = [named('auth', both), named('limits', '- deploy/a'), named('header', both)];
    const before = { a: idsOn('a', auth, header), b: idsOn('b', auth, header) };
    expect(idsOn('b', auth, limits, header)).toEqual(before.b);
    expect(idsOn('a', auth, limits, header)).toMatchObject({ auth: before.a.auth });
    expect(idsOn('a', auth, limits, header).header).not.toBe(before.a.header);
  });

  test('gives a filter that is alone on a workload the revision that it has alone in the run', () => {
    const header = named('header', '- deploy/b');
    expect(idsOn('b', named('auth', '- deploy/a'), header)).toEqual(idsOn('b', header));
  });
});
