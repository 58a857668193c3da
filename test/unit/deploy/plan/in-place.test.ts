import { describe, expect, test } from '@jest/globals';
import type { Result } from '../../../../src/base/problem.ts';
import { warningTexts } from '../../../../src/base/warning.ts';
import type { Workload } from '../../../../src/cluster/objects.ts';
import { observedFilter } from '../../../../src/deploy/observe/snapshot.ts';
import { explainRestarts, findInPlaceUpdates } from '../../../../src/deploy/plan/in-place.ts';
import {
  makeRevision,
  mountedRevision,
  type PodRevision,
  type Revision,
} from '../../../../src/mesh/identity/revision.ts';
import { renderConfigMap } from '../../../../src/mesh/objects/config-map.ts';
import { renderEnvoyFilter } from '../../../../src/mesh/objects/envoy-filter.ts';
import { workloadKey } from '../../../../src/targets/target.ts';
import {
  type ClusterParts,
  filterModule,
  must,
  patchedWith,
  problemsIn,
  refOf,
  revision,
  settings,
  snapshotOf,
  workload,
} from '../../builders.ts';
import { plannedFor } from '../planned.ts';

const ours = revision();
const newer = revision('add-header', { configuration: 'new' });
const running = (path: string, revision: Revision = ours): Workload => {
  const { observed, patch } = plannedFor(path, { revisions: [revision] });
  return patchedWith(observed, patch);
};
const CLUSTER: ClusterParts = {
  workloads: {
    'shop/deploy/reviews': running('shop/deploy/reviews'),
    'shop/deploy/ratings': running('shop/deploy/ratings'),
    'test/deploy/reviews': running('test/deploy/reviews'),
    'shop/deploy/fresh': workload('fresh'),
  },
  configMaps: { shop: [renderConfigMap(ours, 'shop')], test: [renderConfigMap(ours, 'test')] },
};

function targetsOf(wanted: Readonly<Record<string, Revision>>, cluster: ClusterParts) {
  return Object.entries(wanted).map(([path, revision]) => {
    const on = cluster.workloads?.[path];
    if (on === undefined) throw new Error(`no workload: ${path}`);
    return {
      current: observedFilter(revision.filter, { ref: refOf(path), workload: on }, snapshotOf(cluster)),
      revision: revision,
    };
  });
}
function inPlaceUpdatesFor(
  wanted: Readonly<Record<string, Revision>>,
  cluster: ClusterParts = CLUSTER,
): Result<ReadonlyMap<string, PodRevision>> {
  return findInPlaceUpdates(targetsOf(wanted, cluster), snapshotOf(cluster));
}
const rollsFor = (wanted: Readonly<Record<string, Revision>>, cluster: ClusterParts): string[] =>
  warningTexts(explainRestarts(targetsOf(wanted, cluster)));
const podRevisionIn = (
  wanted: Readonly<Record<string, Revision>>,
  cluster: ClusterParts = CLUSTER,
): Record<string, string> =>
  Object.fromEntries([...must(inPlaceUpdatesFor(wanted, cluster))].map(([key, { id }]) => [key, id]));
const REVIEWS = workloadKey(refOf('shop/deploy/reviews'));
const RATINGS = workloadKey(refOf('shop/deploy/ratings'));

describe('findCarriers', () => {
  test('gives the revision that the pods carry, for new settings and for the same', () => {
    const all = { 'shop/deploy/reviews': newer, 'shop/deploy/ratings': newer };
    expect(podRevisionIn(all)).toEqual({ [REVIEWS]: ours.id, [RATINGS]: ours.id });
    expect(must(inPlaceUpdatesFor(all)).get(REVIEWS)?.mountPath).toBe(ours.settings.mountPath);
    expect(podRevisionIn({ 'shop/deploy/reviews': ours, 'shop/deploy/ratings': ours })).toEqual({
      [REVIEWS]: ours.id,
      [RATINGS]: ours.id,
    });
  });

  test('takes each namespace for itself', () => {
    const key = workloadKey(refOf('test/deploy/reviews'));
    expect(podRevisionIn({ 'test/deploy/reviews': newer })).toEqual({ [key]: ours.id });
  });

  const both = (revision: Revision): Record<string, Revision> => ({
    'shop/deploy/reviews': revision,
    'shop/deploy/ratings': revision,
  });
  test.each<[string, Record<string, Revision>, ClusterParts]>([
    ['runs no filter yet', { 'shop/deploy/fresh': newer }, CLUSTER],
    [
      'gets another module',
      both(makeRevision('add-header', filterModule(1), settings({ configuration: 'new' }))),
      CLUSTER,
    ],
    ['gets another mount path', both(revision('add-header', { mountPath: '/elsewhere' })), CLUSTER],
    ['has lost its ConfigMap', both(newer), { ...CLUSTER, configMaps: {} }],
    [
      'does not mount it',
      { 'shop/deploy/reviews': newer },
      {
        ...CLUSTER,
        workloads: {
          'shop/deploy/reviews': patchedWith(running('shop/deploy/reviews'), {
            spec: { template: { metadata: { annotations: null } } },
          }),
        },
      },
    ],
  ])('gives none for a workload that %s', (_, wanted, cluster) => {
    expect(podRevisionIn(wanted, cluster)).toEqual({});
  });

  test('does not change what a workload gets that nobody asks for', () => {
    expect(problemsIn(inPlaceUpdatesFor({ 'shop/deploy/reviews': newer }))).toMatchObject([
      {
        kind: 'workload',
        subject: `EnvoyFilter shop/add-header-${ours.id}`,
        message: expect.stringContaining('Deployment shop/ratings would get the same settings'),
        remedy: expect.stringContaining('"settings: roll"'),
      },
    ]);
  });

  test('does not take sides between workloads that want different settings, and says so once', () => {
    const problems = problemsIn(inPlaceUpdatesFor({ 'shop/deploy/reviews': newer, 'shop/deploy/ratings': ours }));
    expect(problems).toHaveLength(1);
  });

  test('does not mind who else has the settings that are there already', () => {
    expect(podRevisionIn({ 'shop/deploy/reviews': ours })).toEqual({ [REVIEWS]: ours.id });
    const pushed = renderEnvoyFilter(newer, 'shop', { podRevision: mountedRevision(ours) });
    const cluster = { ...CLUSTER, filterResources: { shop: [pushed] } };
    expect(podRevisionIn({ 'shop/deploy/reviews': newer }, cluster)).toEqual({ [REVIEWS]: ours.id });
    expect(inPlaceUpdatesFor({ 'shop/deploy/reviews': ours }, cluster).ok).toBe(false);
  });

  test('does not count on a running proxy for what Envoy reads only when it starts a filter', () => {
    const cluster = { ...CLUSTER, filterResources: { shop: [renderEnvoyFilter(ours, 'shop')] } };
    const wanted = revision('add-header', { configuration: 'new', environment: { MODE: 'x' }, allowPrecompiled: true });
    expect(podRevisionIn(both(wanted), cluster)).toEqual({});
    expect(rollsFor(both(wanted), cluster)).toEqual([
      '"settings: push" cannot change "environment" and "allow-precompiled", which Envoy reads only when it starts a filter: the pods of Deployment shop/reviews and Deployment shop/ratings are replaced.',
    ]);
    // Nobody has to be told of what is replaced anyway, or not at all.
    expect(rollsFor(both(newer), cluster)).toEqual([]);
    expect(rollsFor({ 'shop/deploy/fresh': wanted }, cluster)).toEqual([]);
    expect(rollsFor(both(wanted), CLUSTER)).toEqual([]);
  });

  test('does not count on a running proxy for the level that it logs at, either', () => {
    const cluster = { ...CLUSTER, filterResources: { shop: [renderEnvoyFilter(ours, 'shop')] } };
    expect(rollsFor(both(revision('add-header', { logLevel: 'info' })), cluster)).toEqual([
      '"settings: push" cannot change "log-level", which Envoy reads only when it starts a filter: the pods of Deployment shop/reviews and Deployment shop/ratings are replaced.',
    ]);
  });

  test('pushes what else changes beside them, and repairs what was edited', () => {
    const strict = { environment: { MODE: 'x' }, capabilities: ['proxy_log'] };
    const [old, next] = [revision('add-header', strict), revision('add-header', { ...strict, configuration: 'new' })];
    const workloads = {
      'shop/deploy/reviews': running('shop/deploy/reviews', old),
      'shop/deploy/ratings': running('shop/deploy/ratings', old),
    };
    const edited = renderEnvoyFilter(revision(), 'shop', { podRevision: mountedRevision(old) });
    const { annotations: _, ...metadata } = edited.metadata;
    for (const [wanted, envoyFilter] of [
      [next, renderEnvoyFilter(old, 'shop')],
      [old, { ...edited, metadata }],
    ] as const) {
      const cluster = {
        workloads: workloads,
        configMaps: { shop: [renderConfigMap(old, 'shop')] },
        filterResources: { shop: [envoyFilter] },
      };
      expect(podRevisionIn(both(wanted), cluster)).toEqual({ [REVIEWS]: old.id, [RATINGS]: old.id });
      expect(rollsFor(both(wanted), cluster)).toEqual([]);
    }
  });

  test('names not more than a few of many', () => {
    const many = Object.fromEntries(
      Array.from({ length: 8 }, (_, at) => [`shop/deploy/w${at}`, running(`shop/deploy/w${at}`)]),
    );
    const cluster = { ...CLUSTER, workloads: { ...CLUSTER.workloads, ...many } };
    const [problem] = problemsIn(inPlaceUpdatesFor({ 'shop/deploy/reviews': newer }, cluster));
    expect(problem?.message).toContain(' and 4 more would get');
  });
});
