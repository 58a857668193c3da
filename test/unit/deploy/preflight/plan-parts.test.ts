import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dataKey } from '../../../../src/base/json.ts';
import { makePlan } from '../../../../src/deploy/plan/make-plan.ts';
import { planWaves, wavesIn } from '../../../../src/deploy/plan/waves.ts';
import { differenceOf, type PlanPart, planDigest } from '../../../../src/deploy/plan-digest.ts';
import { describeChanges } from '../../../../src/deploy/preflight/changes.ts';
import { planParts } from '../../../../src/deploy/preflight/plan-parts.ts';
import type { DeployRequest } from '../../../../src/deploy/request.ts';
import {
  type ClusterParts,
  deployRequest,
  filterModule,
  filterRequest,
  must,
  settings,
  snapshotOf,
  workload,
} from '../../builders.ts';
import { executePlan } from '../execute-plan.ts';
import { NOW } from '../planned.ts';

const NAMES = ['a', 'b', 'c', 'd'];

/** A cluster with workloads in some order, each as an API server would show it at some time. */
const clusterOf = (names: readonly string[], resourceVersion = '1'): ClusterParts => ({
  workloads: Object.fromEntries(
    names.map((name) => {
      const one = workload(name);
      return [`shop/deploy/${name}`, { ...one, metadata: { ...one.metadata, resourceVersion } }];
    }),
  ),
});

const targetsOf = (names: readonly string[]): string => names.map((name) => `- deploy/${name}`).join('\n');

function partsOf(request: DeployRequest, cluster: ClusterParts, now = NOW): PlanPart[] {
  const snapshot = snapshotOf(cluster);
  const plan = must(makePlan(request, snapshot, now));
  const workloads = [{ workloads: plan.workloads, addedWave: 0 }];
  return planParts(
    { plan, request },
    describeChanges(plan, snapshot, request.wait),
    wavesIn(planWaves(workloads, request.canary), workloads, 0),
  );
}

const requestOf = (names: readonly string[], over: Parameters<typeof filterRequest>[1] = {}): DeployRequest =>
  deployRequest(filterRequest(targetsOf(names), over));

const shuffled = fc.shuffledSubarray(NAMES, { minLength: NAMES.length });

test('equal states give equal digests, whatever the order, the time, the run and the versions of objects', () => {
  const expected = planDigest(partsOf(requestOf(NAMES, { expiresMs: 3_600_000 }), clusterOf(NAMES)));
  fc.assert(
    fc.property(shuffled, shuffled, fc.nat(), fc.nat(1_000_000_000), fc.string(), (listed, named, version, ms, run) => {
      const request = { ...requestOf(named, { expiresMs: 3_600_000 }), run, started: new Date(ms).toISOString() };
      const parts = partsOf(request, clusterOf(listed, String(version)), new Date(NOW.getTime() + ms));
      expect(planDigest(parts)).toBe(expected);
    }),
    { numRuns: 60 },
  );
});

test('another set of workloads, another content or another input gives another digest, and only then', () => {
  const state = fc.record({
    // In the order of NAMES: with a canary, the order decides which workload goes first.
    names: fc.subarray(NAMES, { minLength: 1 }),
    configuration: fc.constantFrom('1', '2'),
    salt: fc.nat(1),
    onFailure: fc.constantFrom<DeployRequest['onFailure']>('rollback', 'keep'),
    canary: fc.constantFrom(undefined, { count: 1 }),
    before: fc.boolean(),
  });
  const digestOf = ({
    names,
    configuration,
    salt,
    onFailure,
    canary,
    before,
  }: typeof state extends fc.Arbitrary<infer T> ? T : never) => {
    const request = {
      ...requestOf(names, { settings: settings({ configuration }), module: filterModule(salt) }),
      onFailure,
      ...(canary && { canary }),
    };
    const bare = clusterOf(NAMES);
    const there = before
      ? executePlan(must(makePlan(requestOf(NAMES, { module: filterModule(9) }), snapshotOf(bare), NOW)), bare)
      : bare;
    return planDigest(partsOf(request, there));
  };
  fc.assert(
    fc.property(state, state, (one, other) => {
      const alike = dataKey(one) === dataKey(other);
      expect(digestOf(one) === digestOf(other)).toBe(alike);
    }),
    { numRuns: 60 },
  );
});

describe('the difference', () => {
  const reviewed = partsOf(requestOf(['a', 'b']), clusterOf(NAMES));

  test('of equal plans is none', () => {
    expect(differenceOf(reviewed, partsOf(requestOf(['b', 'a']), clusterOf(NAMES)))).toEqual({
      added: [],
      gone: [],
      other: [],
    });
  });

  test('names workloads that came and went', () => {
    expect(differenceOf(reviewed, partsOf(requestOf(['a', 'c']), clusterOf(NAMES)))).toEqual({
      added: ['change Deployment shop/c', 'restart Deployment shop/c'],
      gone: ['change Deployment shop/b', 'restart Deployment shop/b'],
      other: [],
    });
  });

  test('names inputs', () => {
    const now = partsOf({ ...requestOf(['a', 'b']), soakMs: 5_000 }, clusterOf(NAMES));
    expect(differenceOf(reviewed, now)).toEqual({ added: [], gone: [], other: ['input "soak" (0.0 s → 5.0 s)'] });
  });
});
