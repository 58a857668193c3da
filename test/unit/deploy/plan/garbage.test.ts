import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { KubernetesObject, Workload } from '../../../../src/cluster/objects.ts';
import {
  type FilterInNamespace,
  findGarbage,
  mayHaveGarbage,
  unclearGarbage,
} from '../../../../src/deploy/plan/garbage.ts';
import type { Garbage, Plan } from '../../../../src/deploy/plan/plan.ts';
import { ownedLabels, VERIFIED_ANNOTATION } from '../../../../src/mesh/identity/names.ts';
import { podRevisionOf } from '../../../../src/mesh/identity/revision.ts';
import type { EnvoyFilter } from '../../../../src/mesh/objects/envoy-filter.ts';
import { revisionOn } from '../../../../src/mesh/template/template.ts';
import { type ClusterParts, patchedWith, revision, snapshotOf, workload } from '../../builders.ts';
import { plannedFor, type WantedParts } from '../planned.ts';

const FILTER = 'add-header';
const ours = revision();
/** Revisions by age: `old(3)` is older than `old(2)`. */
const old = (age: number): string => `000000000${age}`;

const object = (id: string, over: object = {}, filter = FILTER): KubernetesObject => ({
  metadata: {
    name: `${filter}-${id}`,
    labels: ownedLabels(filter, id),
    creationTimestamp: `2026-01-0${/^0{9}\d$/.test(id) ? 9 - Number(id.at(-1)) : 9}T00:00:00Z`,
    ...over,
  },
});
const objects = (...ids: readonly string[]): Pick<ClusterParts, 'configMaps' | 'filterResources'> => ({
  configMaps: { shop: ids.map((id) => object(id)) },
  filterResources: { shop: ids.map((id): EnvoyFilter => ({ metadata: object(id).metadata, spec: {} })) },
});
/** A workload whose pods carry a revision, and whose state names the one before. */
const carrying = (name: string, id?: string, previous?: string): Workload =>
  workload(name, {
    ...(id === undefined ? {} : { podLabels: { 'deploy-wasm-filter/add-header': id } }),
    ...(previous === undefined
      ? {}
      : {
          annotations: {
            'deploy-wasm-filter/state': JSON.stringify({ [FILTER]: { revision: id, run: 'r', previous } }),
          },
        }),
  });
const planOf = (workloads: Plan['workloads']): Omit<Plan, 'garbage'> => ({
  configMaps: [],
  filterResources: [],
  workloads,
  warnings: [],
});
const revisionsOf = (garbage: readonly Garbage[]): string[] => [...new Set(garbage.map((one) => one.revision))];

interface Case {
  readonly there: readonly string[];
  /** What runs before the plan, by name of the workload. */
  readonly workloads: Readonly<Record<string, Workload>>;
  /** What the plan wants of them. */
  readonly wanted?: Readonly<Record<string, WantedParts>>;
  /** The revisions that were verified once. */
  readonly verified?: readonly string[];
  readonly keep?: number;
  readonly unlisted?: readonly string[];
}

function clusterOf({ there, workloads, verified = [], unlisted = [] }: Case): ClusterParts {
  const placed = Object.entries(workloads).map(([name, one]) => [`shop/deploy/${name}`, one]);
  const record = { annotations: { [VERIFIED_ANNOTATION]: 'Deployment/a listener' } };
  const configMaps = { shop: there.map((id) => object(id, verified.includes(id) ? record : {})) };
  return { ...objects(...there), configMaps, workloads: Object.fromEntries(placed), unlisted };
}

function garbageOf(parts: Case, further: readonly FilterInNamespace[] = []): Garbage[] {
  const { workloads, wanted = { a: {} }, keep = 1 } = parts;
  const planned = Object.entries(wanted).map(([name, one]) =>
    plannedFor(`shop/deploy/${name}`, { observed: workloads[name] ?? workload(name), ...one }),
  );
  return findGarbage(planOf(planned), snapshotOf(clusterOf(parts)), { keepRevisions: keep }, further);
}

describe('findGarbage', () => {
  const removed: Pick<Case, 'wanted'> = { wanted: { a: { revisions: [], removals: [FILTER] } } };

  test.each<[string, Case, string[]]>([
    ['nothing superseded', { there: [ours.id], workloads: { a: carrying('a', ours.id) } }, []],
    [
      'the newest superseded one stays',
      { there: [ours.id, old(1), old(2)], workloads: { a: carrying('a', ours.id) } },
      [old(2)],
    ],
    [
      'none stays',
      { there: [ours.id, old(1), old(2)], workloads: { a: carrying('a', ours.id) }, keep: 0 },
      [old(1), old(2)],
    ],
    ['many stay', { there: [ours.id, old(1), old(2)], workloads: { a: carrying('a', ours.id) }, keep: 5 }, []],
    [
      'the one before stays first',
      { there: [ours.id, old(1), old(2)], workloads: { a: carrying('a', ours.id, old(2)) } },
      [old(1)],
    ],
    [
      'one that was verified stays before a newer one that never was',
      {
        there: [ours.id, old(1), old(2), old(3)],
        workloads: { a: carrying('a', ours.id) },
        verified: [old(2), old(3)],
      },
      [old(1), old(3)],
    ],
    [
      'the one before stays whatever it is, beside one that was verified',
      {
        there: [ours.id, old(1), old(2), old(3)],
        workloads: { a: carrying('a', ours.id, old(1)) },
        verified: [old(2)],
      },
      [old(3)],
    ],
    [
      'the one before, if it was verified, is the one that stays',
      {
        there: [ours.id, old(1), old(2)],
        workloads: { a: carrying('a', ours.id, old(2)) },
        verified: [old(1), old(2)],
      },
      [old(1)],
    ],
    [
      'what this plan supersedes is the one before',
      {
        there: [old(1), old(2)],
        workloads: { a: carrying('a', old(2)) },
        wanted: { a: { rollbackTargets: [{ ...podRevisionOf(ours), id: old(2) }] } },
      },
      [old(1)],
    ],
    [
      'every one before stays, even if more than are kept',
      {
        there: [ours.id, old(1), old(2), old(3)],
        workloads: { a: carrying('a', ours.id, old(2)), b: carrying('b', ours.id, old(3)) },
      },
      [old(1)],
    ],
    [
      'one before goes when none is kept',
      { there: [ours.id, old(1)], workloads: { a: carrying('a', ours.id, old(1)) }, keep: 0 },
      [old(1)],
    ],
    [
      'what another workload runs stays',
      { there: [ours.id, old(1), old(2)], workloads: { a: carrying('a', ours.id), b: carrying('b', old(2)) }, keep: 0 },
      [old(1)],
    ],
    [
      'a removed filter keeps nothing',
      { there: [ours.id, old(1)], workloads: { a: carrying('a', ours.id, old(1)) }, ...removed },
      [ours.id, old(1)],
    ],
    [
      'a filter removed from one of two keeps what the other runs, and its rollback',
      {
        there: [ours.id, old(1), old(2)],
        workloads: { a: carrying('a', ours.id, old(2)), b: carrying('b', ours.id, old(1)) },
        ...removed,
      },
      [old(2)],
    ],
    [
      'one that was never verified goes, where others were, also if it is the only one',
      {
        there: [ours.id, old(1), old(2)],
        workloads: { a: carrying('a', ours.id), b: carrying('b', old(2)) },
        verified: [old(2)],
      },
      [old(1)],
    ],
    [
      'one that was never verified stays where only what the plan puts there was, which its run has verified since',
      { there: [ours.id, old(1)], workloads: { a: carrying('a', ours.id) }, verified: [ours.id] },
      [],
    ],
    [
      'a filter removed from one of two takes along what only that one ran, and leaves what was kept before',
      {
        there: [ours.id, old(1), old(2)],
        workloads: { a: carrying('a', old(1)), b: carrying('b', ours.id) },
        verified: [ours.id, old(1), old(2)],
        ...removed,
      },
      [old(1)],
    ],
    [
      'a namespace that was not seen whole gives nothing',
      {
        there: [ours.id, old(1), old(2)],
        workloads: { a: carrying('a', ours.id) },
        keep: 0,
        unlisted: ['shop/DaemonSet'],
      },
      [],
    ],
  ])('%s', (_, parts, revisions) => {
    expect(revisionsOf(garbageOf(parts)).sort()).toEqual([...revisions].sort());
  });

  test('leaves what a workload carries that gets another filter alone', () => {
    const workloads = { a: carrying('a', ours.id), b: carrying('b', old(1)) };
    const wanted = { a: {}, b: { revisions: [revision('auth')] } };
    const parts = { there: [ours.id, old(1), old(2)], workloads, wanted, keep: 0 };
    expect(revisionsOf(garbageOf(parts))).toEqual([old(2)]);
  });

  test('gives the EnvoyFilter before the ConfigMap that its proxies read', () => {
    const parts = { there: [ours.id, old(1)], workloads: { a: carrying('a', ours.id) }, keep: 0 };
    expect(garbageOf(parts)).toEqual([
      { kind: 'EnvoyFilter', namespace: 'shop', name: `add-header-${old(1)}`, filter: FILTER, revision: old(1) },
      { kind: 'ConfigMap', namespace: 'shop', name: `add-header-${old(1)}`, filter: FILTER, revision: old(1) },
    ]);
  });

  test('looks at no other filter, no other namespace, and not at what is being deleted', () => {
    const parts: ClusterParts = {
      workloads: { 'shop/deploy/a': carrying('a', ours.id) },
      configMaps: {
        shop: [object(old(1), {}, 'auth'), object(old(2), { deletionTimestamp: '2026-01-09T00:00:00Z' })],
        test: [object(old(3))],
      },
    };
    const plan = planOf([plannedFor('shop/deploy/a', { observed: carrying('a', ours.id) })]);
    const find = (further: readonly FilterInNamespace[]): string[] =>
      findGarbage(plan, snapshotOf(parts), { keepRevisions: 0 }, further).map(({ name }) => name);
    expect(find([])).toEqual([]);
    expect(find([{ namespace: 'shop', filter: 'auth' }])).toEqual([`auth-${old(1)}`]);
    expect(find([{ namespace: 'test', filter: FILTER }])).toEqual([`add-header-${old(3)}`]);
  });

  const id = fc.constantFrom(ours.id, old(1), old(2), old(3));
  const running = fc.record({ id: fc.option(id, { nil: undefined }), previous: fc.option(id, { nil: undefined }) });
  const cases = fc.record({
    there: fc.uniqueArray(id),
    running: fc.array(running, { minLength: 1, maxLength: 4 }),
    wanted: fc.array(fc.constantFrom('deploy', 'remove', 'leave'), { minLength: 4, maxLength: 4 }),
    keep: fc.nat(3),
  });

  test('never gives what a pod template names after the plan, never less than it may, and always both objects', () => {
    fc.assert(
      fc.property(cases, ({ there, running: list, wanted, keep }) => {
        const workloads = Object.fromEntries(
          list.map((one, at) => [`w${at}`, carrying(`w${at}`, one.id, one.previous)]),
        );
        const actions = Object.entries(workloads).flatMap(([name], at): [string, WantedParts][] => {
          if (wanted[at] === 'leave') return [];
          return [[name, wanted[at] === 'deploy' ? {} : { revisions: [], removals: [FILTER] }]];
        });
        const parts: Case = { there, workloads, wanted: Object.fromEntries(actions), keep };
        const garbage = garbageOf(parts);
        const after = Object.entries(workloads).map(([name, one]) => {
          const action = parts.wanted?.[name];
          return action === undefined
            ? one
            : patchedWith(one, plannedFor(`shop/deploy/${name}`, { observed: one, ...action }).patch);
        });
        const named = new Set(after.flatMap((one) => revisionOn(one, FILTER) ?? []));
        const found = revisionsOf(garbage);
        expect(found.filter((one) => named.has(one))).toEqual([]);
        expect(garbage).toHaveLength(2 * found.length);
        const superseded = actions.length === 0 ? [] : there.filter((one) => !named.has(one));
        const taken = list.flatMap((one, at) => (wanted[at] === 'remove' ? (one.id ?? []) : []));
        const targets = superseded.filter((one) => !taken.includes(one));
        const maxKept = named.size === 0 || keep === 0 ? 0 : Math.max(keep, 4);
        expect(found.length).toBeGreaterThanOrEqual(superseded.length - maxKept);
        if (named.size > 0)
          expect(superseded.length - found.length).toBeGreaterThanOrEqual(Math.min(keep, targets.length));
      }),
      { numRuns: 200 },
    );
  });
});

describe('mayHaveGarbage', () => {
  const parts: Case = {
    there: [ours.id, old(1)],
    workloads: { a: carrying('a', ours.id) },
    unlisted: ['shop/DaemonSet'],
  };
  const plan = planOf([plannedFor('shop/deploy/a', { observed: carrying('a', ours.id) })]);

  test.each([
    [0, ['shop']],
    [1, []],
  ])('with %i to keep', (keepRevisions, namespaces) => {
    const snapshot = snapshotOf(clusterOf(parts));
    expect(mayHaveGarbage(plan, snapshot, { keepRevisions })).toEqual(namespaces);
    const unclear = unclearGarbage(plan, snapshot, { keepRevisions });
    expect([...new Set(unclear.map(({ namespace }) => namespace))]).toEqual(namespaces);
    expect(unclearGarbage(plan, snapshotOf(clusterOf({ ...parts, unlisted: [] })), { keepRevisions })).toEqual([]);
  });
});
