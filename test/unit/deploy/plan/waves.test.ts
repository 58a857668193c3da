import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Share } from '../../../../src/base/share.ts';
import { type PlannedWorkload, restarts } from '../../../../src/deploy/plan/plan.ts';
import { planWaves } from '../../../../src/deploy/plan/waves.ts';
import { patchedWith, READY_STATUS } from '../../builders.ts';
import { plannedFor } from '../planned.ts';

const path = (name: string): string => `shop/deploy/${name}`;
const rolls = (name: string, wave = 1): PlannedWorkload => plannedFor(path(name), { wave });
const settled = (name: string, wave = 1): PlannedWorkload => {
  const { observed, patch } = plannedFor(path(name));
  return plannedFor(path(name), { wave, observed: patchedWith(observed, patch) });
};
/** Nothing is to be written, but its pods are not ready yet. */
const unready = (name: string, wave = 1): PlannedWorkload => {
  const { observed } = settled(name);
  const status = { status: { ...READY_STATUS, updatedReplicas: 0 } };
  return plannedFor(path(name), { wave, observed: patchedWith(observed, status) });
};
const names = (workloads: readonly PlannedWorkload[], canary?: Share): string[] =>
  planWaves(workloads, canary).map((wave) => wave.map(({ ref }) => ref.name).join(' '));

describe('planWaves', () => {
  test.each<[string, PlannedWorkload[], Share | undefined, string[]]>([
    ['nothing', [], undefined, []],
    ['nothing, with a canary', [], { count: 1 }, []],
    ['one wave', [rolls('a'), rolls('b')], undefined, ['a b']],
    ['waves by their number, gaps and all', [rolls('a', 7), rolls('b', 2), rolls('c', 7)], undefined, ['b', 'a c']],
    ['a canary by count', [rolls('a'), rolls('b'), rolls('c')], { count: 1 }, ['a', 'b c']],
    ['a canary of none', [rolls('a'), rolls('b')], { count: 0 }, ['a b']],
    ['a canary of more than all', [rolls('a'), rolls('b')], { count: 5 }, ['a b']],
    ['a canary of as many', [rolls('a'), rolls('b')], { count: 2 }, ['a b']],
    [
      'a canary by percent of all that roll',
      [rolls('a'), rolls('b'), rolls('c'), rolls('d', 2), rolls('e', 2), rolls('f', 2)],
      { percent: 33 },
      ['a b', 'c', 'd e f'],
    ],
    ['a small percentage is one', [rolls('a'), rolls('b'), rolls('c')], { percent: 1 }, ['a', 'b c']],
    [
      'a canary no bigger than the first wave',
      [rolls('a'), rolls('b', 2), rolls('c', 2)],
      { percent: 100 },
      ['a', 'b c'],
    ],
    ['settled ones with the first wave', [settled('s', 9), rolls('a', 2), rolls('b', 1)], undefined, ['s b', 'a']],
    [
      'settled ones do not count for the canary',
      [settled('s'), settled('t'), rolls('a'), rolls('b')],
      { count: 1 },
      ['s t a', 'b'],
    ],
    ['settled ones alone', [settled('s', 3), settled('t', 1)], { count: 1 }, ['s t']],
    ['what is not ready yet counts as rolling', [unready('u', 2), rolls('a')], undefined, ['a', 'u']],
  ])('%s', (_, workloads, canary, waves) => {
    expect(names(workloads, canary)).toEqual(waves);
  });

  const make = { rolls, settled, unready };
  const drawn = fc
    .array(fc.record({ kind: fc.constantFrom('rolls', 'settled', 'unready'), wave: fc.integer({ min: 1, max: 4 }) }), {
      maxLength: 8,
    })
    .map((list) => list.map(({ kind, wave }, at) => make[kind as keyof typeof make](`w${at}`, wave)));
  const share = fc.option(
    fc.oneof(
      fc.nat(5).map((count): Share => ({ count })),
      fc.nat(100).map((percent): Share => ({ percent })),
    ),
    { nil: undefined },
  );

  test('every workload is in one wave, no wave is empty, and no workload that restarts goes before a lower number', () => {
    fc.assert(
      fc.property(drawn, share, (workloads, canary) => {
        const waves = planWaves(workloads, canary);
        expect(waves.flat()).toHaveLength(workloads.length);
        expect(new Set(waves.flat())).toEqual(new Set(workloads));
        expect(waves.every((wave) => wave.length > 0)).toBe(true);
        const numbers = waves.flatMap((wave) => wave.filter(restarts).map(({ wave: number }) => number));
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      }),
      { numRuns: 60 },
    );
  });
});
