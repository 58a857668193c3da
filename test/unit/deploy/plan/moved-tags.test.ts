import { describe, expect, test } from '@jest/globals';
import { warningTexts } from '../../../../src/base/warning.ts';
import { makePlan } from '../../../../src/deploy/plan/make-plan.ts';
import type { FilterRequest } from '../../../../src/deploy/request.ts';
import type { FilterModule } from '../../../../src/filter/module/module.ts';
import { packImage } from '../../../../src/registry/pack.ts';
import {
  type ClusterParts,
  countWrites,
  deployRequest,
  filterModule,
  filterRequest,
  must,
  snapshotOf,
  workload,
} from '../../builders.ts';
import { executePlan } from '../execute-plan.ts';
import { NOW } from '../planned.ts';

const REPOSITORY = 'ghcr.io/me/add-header';
const V1 = `oci://${REPOSITORY}:v1`;
const digest = (digit: number): string => `sha256:${String(digit).repeat(64)}`;
/** A module that an image was resolved to; `manifest` tells images apart. */
const pulled = (given: string, manifest: number, ...salt: readonly number[]): FilterModule => ({
  ...filterModule(...salt),
  source: { kind: 'image', given, pinned: `${REPOSITORY}@${digest(manifest)}`, istioCanPull: true, isImage: true },
});

const planFor = (module: FilterModule, cluster: ClusterParts, over: Partial<FilterRequest> = {}, targets = ALL) =>
  must(makePlan(deployRequest(filterRequest(targets, { module, ...over })), snapshotOf(cluster), NOW));
const ALL = '- deploy/reviews\n- deploy/ratings\n- deploy/details';
const empty: ClusterParts = {
  workloads: {
    'shop/deploy/reviews': workload('reviews'),
    'shop/deploy/ratings': workload('ratings'),
    'shop/deploy/details': workload('details'),
  },
};
const running = executePlan(planFor(pulled(V1, 1), empty), empty);

test('a tag that names other bytes than are recorded is told once, with the run and the workloads', () => {
  const { warnings } = planFor(pulled(V1, 2, 7), running);
  expect(warningTexts(warnings)).toEqual([
    `The tag "v1" of ${REPOSITORY} moved from ${digest(1)} to ${digest(2)} since run o/r/1/1, which put it on Deployment shop/reviews and 2 more.`,
  ]);
});

describe('no warning', () => {
  test.each<[string, FilterModule, ClusterParts, Partial<FilterRequest>]>([
    ['at the first deployment', pulled(V1, 1), empty, {}],
    ['where all is as it was', pulled(V1, 1), running, {}],
    ['of another tag', pulled(`oci://${REPOSITORY}:v2`, 2, 7), running, {}],
    ['of a digest', pulled(`${V1}@${digest(2)}`, 2, 7), running, {}],
    ['of a file', filterModule(7), running, {}],
  ])('%s', (_, module, cluster, over) => {
    expect(warningTexts(planFor(module, cluster, over).warnings)).toEqual([]);
  });

  test('where the run itself moves the tag', async () => {
    const reference = { host: 'ghcr.io', repository: 'me/add-header', tag: 'v1' };
    const push = { image: await packImage(filterModule(7).bytes), reference };
    expect(warningTexts(planFor(pulled(V1, 2, 7), running, { push }).warnings)).toEqual([]);
  });
});

test('a module that was shrunk is compared by what is in its image', () => {
  const shrunk: FilterModule = {
    ...pulled(V1, 2, 7),
    original: { bytes: filterModule().bytes, digest: filterModule().digest, dropped: [], optimized: true },
  };
  expect(warningTexts(planFor(shrunk, running).warnings)).toEqual([]);
});

test('another image with the same filter in it writes nothing, and is no move', () => {
  const plan = planFor(pulled(V1, 2), running);
  expect([countWrites(plan), warningTexts(plan.warnings)]).toEqual([0, []]);
  expect(countWrites(planFor(filterModule(), running))).toBe(0);
});
