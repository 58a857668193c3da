import { describe, expect, test } from '@jest/globals';
import { observedFilter } from '../../../../src/deploy/observe/snapshot.ts';
import { podRevisionMaker } from '../../../../src/deploy/plan/pod-revision.ts';
import {
  type MountedRevision,
  mountedRevision,
  podIdsOf,
  podRevisionOf,
  type Revision,
} from '../../../../src/mesh/identity/revision.ts';
import { type EnvoyFilter, renderEnvoyFilter } from '../../../../src/mesh/objects/envoy-filter.ts';
import { workloadKey } from '../../../../src/targets/target.ts';
import { patchedWith, pulledRevision, refOf, revision, snapshotOf, workload } from '../../builders.ts';
import { plannedFor } from '../planned.ts';

const ours = revision();
const newer = revision('add-header', { configuration: 'new' });
const pulled = pulledRevision();
const [, second = '', third = ''] = podIdsOf(ours).take(3);
const under = (id: string): MountedRevision => ({ ...mountedRevision(ours), id });
const held = (id: string, revision: Revision): EnvoyFilter =>
  renderEnvoyFilter(revision, 'shop', { podRevision: under(id) });

/** The id that pods get which carry `carried` now, where there are `envoyFilters`. */
function idFor(wanted: Revision, carried: string | undefined, envoyFilters: readonly EnvoyFilter[]): string {
  const path = 'shop/deploy/reviews';
  const { observed, patch } = plannedFor(path, { revisions: [ours] });
  const mounted = patchedWith(observed, patch);
  const labels = { 'deploy-wasm-filter/add-header': carried };
  const on =
    carried === undefined
      ? workload('reviews')
      : patchedWith(mounted, { spec: { template: { metadata: { labels } } } });
  const snapshot = snapshotOf({ workloads: { [path]: on }, filterResources: { shop: envoyFilters } });
  const target = {
    current: observedFilter('add-header', { ref: refOf(path), workload: on }, snapshot),
    revision: wanted,
  };
  return podRevisionMaker([target], new Map(), snapshot)(target).id;
}

describe('podRevisionMaker', () => {
  test.each<[string, string | undefined, readonly EnvoyFilter[], string]>([
    ['nothing is there', undefined, [], ours.id],
    ['its own objects are as they were made', undefined, [held(ours.id, ours)], ours.id],
    ['the pods carry its own', ours.id, [held(ours.id, ours)], ours.id],
    ['the pods carry its own without an EnvoyFilter', ours.id, [], ours.id],
    ['others were pushed into its own', undefined, [held(ours.id, newer)], second],
    ['others were pushed into its own, which the pods carry', ours.id, [held(ours.id, newer)], second],
    ['it was rolled out beside them', undefined, [held(ours.id, newer), held(second, ours)], second],
    ['the pods carry it beside them', second, [held(ours.id, newer), held(second, ours)], second],
    ['the pods carry it beside them, and its own id is free again', second, [held(second, ours)], second],
    ['others were pushed into that, too', second, [held(ours.id, newer), held(second, newer)], third],
    ['others were pushed into that, and its own is free again', second, [held(second, newer)], ours.id],
    ['it was pushed into the pods of another', newer.id, [held(newer.id, ours)], ours.id],
  ])('gives an id whose settings nobody else has: %s', (_, carried, envoyFilters, expected) => {
    expect(idFor(ours, carried, envoyFilters)).toBe(expected);
  });

  test('takes what this run pushes into an EnvoyFilter for what it holds', () => {
    const snapshot = snapshotOf({ filterResources: { shop: [held(ours.id, ours)] } });
    const [reviews, fresh] = ['shop/deploy/reviews', 'shop/deploy/fresh'].map((path) => ({
      ref: refOf(path),
      workload: workload('fresh'),
    }));
    if (reviews === undefined || fresh === undefined) throw new Error('no targets');
    const wanted = [
      { current: observedFilter('add-header', reviews, snapshot), revision: newer },
      { current: observedFilter('add-header', fresh, snapshot), revision: ours },
    ] as const;
    const inPlace = new Map([[workloadKey(reviews.ref), under(ours.id)]]);
    const podRevisionFor = podRevisionMaker(wanted, inPlace, snapshot);
    expect(wanted.map(podRevisionFor)).toEqual([under(ours.id), under(second)]);
  });

  test('leaves plugins, whose settings are never pushed, their own', () => {
    expect(idFor(pulled, undefined, [])).toBe(podRevisionOf(pulled).id);
  });
});
