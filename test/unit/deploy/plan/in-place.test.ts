import { describe, expect, test } from '@jest/globals';
import type { Checked } from '../../../../src/base/problem.ts';
import type { Workload } from '../../../../src/cluster/objects.ts';
import { observedFilter } from '../../../../src/deploy/observe/snapshot.ts';
import { explainRolls, findCarriers } from '../../../../src/deploy/plan/in-place.ts';
import {
  makeRevision,
  mountedPlacement,
  type Placement,
  type Revision,
} from '../../../../src/mesh/identity/revision.ts';
import { renderConfigMap } from '../../../../src/mesh/objects/config-map.ts';
import { renderEnvoyFilter } from '../../../../src/mesh/objects/envoy-filter.ts';
import { workloadKey } from '../../../../src/targets/target.ts';
import {
  type ClusterParts,
  filterModule,
  must,
  observationOf,
  patchedWith,
  problemsIn,
  refOf,
  revision,
  settings,
  workload,
} from '../../builders.ts';
import { plannedFor } from '../planned.ts';

const ours = revision();
const newer = revision('add-header', { configuration: 'new' });
const running = (path: string, of: Revision = ours): Workload => {
  const { observed, patch } = plannedFor(path, { revisions: [of] });
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
  return Object.entries(wanted).map(([path, of]) => {
    const on = cluster.workloads?.[path];
    if (on === undefined) throw new Error(`no workload: ${path}`);
    return {
      current: observedFilter(of.filter, { ref: refOf(path), workload: on }, observationOf(cluster)),
      revision: of,
    };
  });
}
function carriersFor(
  wanted: Readonly<Record<string, Revision>>,
  cluster: ClusterParts = CLUSTER,
): Checked<ReadonlyMap<string, Placement>> {
  return findCarriers(targetsOf(wanted, cluster), observationOf(cluster));
}
const rollsFor = (wanted: Readonly<Record<string, Revision>>, cluster: ClusterParts): string[] =>
  explainRolls(targetsOf(wanted, cluster));
const carriedBy = (
  wanted: Readonly<Record<string, Revision>>,
  cluster: ClusterParts = CLUSTER,
): Record<string, string> =>
  Object.fromEntries([...must(carriersFor(wanted, cluster))].map(([key, { id }]) => [key, id]));
const REVIEWS = workloadKey(refOf('shop/deploy/reviews'));
const RATINGS = workloadKey(refOf('shop/deploy/ratings'));

describe('findCarriers', () => {
  test('gives the revision that the pods carry, for new settings and for the same', () => {
    const all = { 'shop/deploy/reviews': newer, 'shop/deploy/ratings': newer };
    expect(carriedBy(all)).toEqual({ [REVIEWS]: ours.id, [RATINGS]: ours.id });
    expect(must(carriersFor(all)).get(REVIEWS)?.mountPath).toBe(ours.settings.mountPath);
    expect(carriedBy({ 'shop/deploy/reviews': ours, 'shop/deploy/ratings': ours })).toEqual({
      [REVIEWS]: ours.id,
      [RATINGS]: ours.id,
    });
  });

  test('takes each namespace for itself', () => {
    const key = workloadKey(refOf('test/deploy/reviews'));
    expect(carriedBy({ 'test/deploy/reviews': newer })).toEqual({ [key]: ours.id });
  });

  const both = (of: Revision): Record<string, Revision> => ({ 'shop/deploy/reviews': of, 'shop/deploy/ratings': of });
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
    expect(carriedBy(wanted, cluster)).toEqual({});
  });

  test('does not change what a workload gets that nobody asks for', () => {
    expect(problemsIn(carriersFor({ 'shop/deploy/reviews': newer }))).toMatchObject([
      {
        kind: 'workload',
        subject: `EnvoyFilter shop/add-header-${ours.id}`,
        message: expect.stringContaining('Deployment shop/ratings would get the same settings'),
        remedy: expect.stringContaining('"settings: roll"'),
      },
    ]);
  });

  test('does not take sides between workloads that want different settings, and says so once', () => {
    const problems = problemsIn(carriersFor({ 'shop/deploy/reviews': newer, 'shop/deploy/ratings': ours }));
    expect(problems).toHaveLength(1);
  });

  test('does not mind who else has the settings that are there already', () => {
    expect(carriedBy({ 'shop/deploy/reviews': ours })).toEqual({ [REVIEWS]: ours.id });
    const pushed = renderEnvoyFilter(newer, 'shop', { carrier: mountedPlacement(ours) });
    const cluster = { ...CLUSTER, inserters: { shop: [pushed] } };
    expect(carriedBy({ 'shop/deploy/reviews': newer }, cluster)).toEqual({ [REVIEWS]: ours.id });
    expect(carriersFor({ 'shop/deploy/reviews': ours }, cluster).ok).toBe(false);
  });

  test('does not count on a running proxy for what Envoy reads only when it starts a filter', () => {
    const cluster = { ...CLUSTER, inserters: { shop: [renderEnvoyFilter(ours, 'shop')] } };
    const wanted = revision('add-header', { configuration: 'new', environment: { MODE: 'x' }, allowPrecompiled: true });
    expect(carriedBy(both(wanted), cluster)).toEqual({});
    expect(rollsFor(both(wanted), cluster)).toEqual([
      '"settings: push" cannot change "environment" and "allow-precompiled", which Envoy reads only when it starts a filter: the pods of Deployment shop/reviews and Deployment shop/ratings are replaced.',
    ]);
    // Nobody has to be told of what is replaced anyway, or not at all.
    expect(rollsFor(both(newer), cluster)).toEqual([]);
    expect(rollsFor({ 'shop/deploy/fresh': wanted }, cluster)).toEqual([]);
    expect(rollsFor(both(wanted), CLUSTER)).toEqual([]);
  });

  test('pushes what else changes beside them, and puts right what was edited', () => {
    const strict = { environment: { MODE: 'x' }, capabilities: ['proxy_log'] };
    const [old, next] = [revision('add-header', strict), revision('add-header', { ...strict, configuration: 'new' })];
    const of = {
      'shop/deploy/reviews': running('shop/deploy/reviews', old),
      'shop/deploy/ratings': running('shop/deploy/ratings', old),
    };
    const edited = renderEnvoyFilter(revision(), 'shop', { carrier: mountedPlacement(old) });
    const { annotations: _, ...metadata } = edited.metadata;
    for (const [wanted, envoyFilter] of [
      [next, renderEnvoyFilter(old, 'shop')],
      [old, { ...edited, metadata }],
    ] as const) {
      const cluster = {
        workloads: of,
        configMaps: { shop: [renderConfigMap(old, 'shop')] },
        inserters: { shop: [envoyFilter] },
      };
      expect(carriedBy(both(wanted), cluster)).toEqual({ [REVIEWS]: old.id, [RATINGS]: old.id });
      expect(rollsFor(both(wanted), cluster)).toEqual([]);
    }
  });

  test('names not more than a few of many', () => {
    const many = Object.fromEntries(
      Array.from({ length: 8 }, (_, at) => [`shop/deploy/w${at}`, running(`shop/deploy/w${at}`)]),
    );
    const cluster = { ...CLUSTER, workloads: { ...CLUSTER.workloads, ...many } };
    const [problem] = problemsIn(carriersFor({ 'shop/deploy/reviews': newer }, cluster));
    expect(problem?.message).toContain(' and 4 more would get');
  });
});
