import { describe, expect, test } from '@jest/globals';
import { makePlan } from '../../../../src/deploy/plan/make-plan.ts';
import type { Plan } from '../../../../src/deploy/plan/plan.ts';
import { ON_NEW_DIGEST } from '../../../../src/deploy/policy.ts';
import type { FilterRequest } from '../../../../src/deploy/request.ts';
import type { FilterModule } from '../../../../src/filter/module/module.ts';
import { withBytes } from '../../../../src/mesh/objects/config-map.ts';
import {
  type ClusterParts,
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
const NAMES = ['a', 'b', 'c', 'd'] as const;

/** What a tag named at a time, by a letter; `other` is the repository that a record names in its place. */
const pulled = (letter: string, tag = 'v1', repository = REPOSITORY): FilterModule => ({
  ...filterModule(letter.charCodeAt(0)),
  source: {
    kind: 'image',
    given: `oci://${REPOSITORY}:${tag}`,
    pinned: `${repository}@sha256:${letter.repeat(64)}`,
    istioCanPull: true,
    isImage: true,
  },
});
const letterOf = ({ digest }: FilterModule): string =>
  [...'abcdef'].find((letter) => pulled(letter).digest === digest) ?? digest;

const empty: ClusterParts = {
  workloads: Object.fromEntries(NAMES.map((name) => [`shop/deploy/${name}`, workload(name)])),
};
const planFor = (
  module: FilterModule,
  cluster: ClusterParts,
  over: Partial<FilterRequest> = {},
  names: readonly string[] = NAMES,
): Plan => {
  const targets = names.map((name) => `- deploy/${name}\n`).join('');
  return must(makePlan(deployRequest(filterRequest(targets, { module, ...over })), snapshotOf(cluster), NOW));
};
/** The cluster once each workload was given what its place says: `aab-`: a has a, b has a, c has b, d nothing. */
const running = (places: string, of: (letter: string) => FilterModule = pulled): ClusterParts => {
  let cluster = empty;
  for (const letter of new Set(places.replaceAll('-', ''))) {
    const names = NAMES.filter((_, at) => places[at] === letter);
    cluster = executePlan(planFor(of(letter), cluster, {}, names), cluster);
  }
  return cluster;
};
/** What each workload has once a plan is done. */
const placesOf = ({ workloads }: Plan): string =>
  NAMES.map((name) => {
    const { revisions = [] } = workloads.find(({ ref }) => ref.name === name) ?? {};
    return revisions.map(({ revision }) => letterOf(revision.module)).join('') || '-';
  }).join('');

describe('what workloads get of a filter whose tag names f', () => {
  test.each<[string, string, string]>([
    ['all keep what they run', 'aaaa', 'aaaa'],
    ['each keeps its own', 'abca', 'abca'],
    ['a new one gets what most of the others run', 'abb-', 'abbb'],
    ['also where that is what the tag names', 'aff-', 'afff'],
    ['of two that as many run, that of the first', 'ab--', 'abaa'],
    ['what the tag names, where none has the filter', '----', 'ffff'],
    ['all run it already', 'ffff', 'ffff'],
  ])('%s', (_, before, after) => {
    const cluster = running(before);
    for (const onNewDigest of ON_NEW_DIGEST) {
      const plan = planFor(pulled('f'), cluster, { onNewDigest });
      expect([onNewDigest, placesOf(plan)]).toEqual([onNewDigest, onNewDigest === 'deploy' ? 'ffff' : after]);
      const done = executePlan(plan, cluster);
      expect(placesOf(planFor(pulled('f'), done, { onNewDigest }))).toBe(placesOf(plan));
    }
  });

  test.each<[string, ClusterParts]>([
    ['from another tag', running('aaaa', (letter) => pulled(letter, 'v0'))],
    ['from a file', running('aaaa', (letter) => filterModule(letter.charCodeAt(0)))],
    ['recorded with another repository', running('aaaa', (letter) => pulled(letter, 'v1', 'ghcr.io/evil/f'))],
  ])('what runs %s is replaced', (_, cluster) => {
    expect(placesOf(planFor(pulled('f'), cluster, { onNewDigest: 'report' }))).toBe('ffff');
  });

  test('one that runs it from elsewhere already keeps it, whatever the others run', () => {
    const cluster = executePlan(planFor(filterModule('f'.charCodeAt(0)), empty, {}, ['d']), running('aaa-'));
    expect(placesOf(planFor(pulled('f'), cluster, { onNewDigest: 'report' }))).toBe('aaaf');
  });

  test('the bytes that stay are needed only where they are written', () => {
    const kept = planFor(pulled('f'), running('aaaa'), { onNewDigest: 'report' });
    expect(kept.configMaps.map(({ write, earlier }) => [write, earlier])).toEqual([[false, true]]);
    expect(() => kept.configMaps.map(({ render }) => withBytes(render()))).toThrow(/were not read/);
    const earlier = new Map([[pulled('a').digest, pulled('a')]]);
    const read = planFor(pulled('f'), running('aaaa'), { onNewDigest: 'report', earlier });
    expect(Object.keys(read.configMaps[0]?.render().binaryData ?? {})).toHaveLength(1);
  });
});
