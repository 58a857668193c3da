import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Share } from '../../../../src/base/share.ts';
import { type PlannedWorkload, restarts } from '../../../../src/deploy/plan/plan.ts';
import { markIn, PRUNE_WAVE, planWaves, wavesIn } from '../../../../src/deploy/plan/waves.ts';
import { compareWaves, countWaves, waveName } from '../../../../src/deploy/report/wave-mark.ts';
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
  planWaves([{ workloads, addedWave: 0 }], canary).map((wave) =>
    wave.workloads
      .flat()
      .map(({ ref }) => ref.name)
      .join(' '),
  );

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

  const clusters = fc.array(fc.record({ workloads: drawn, addedWave: fc.integer({ min: 0, max: 3 }) }), {
    maxLength: 3,
  });

  test('every workload is in one wave, no wave is empty, and no workload that restarts goes before a lower number', () => {
    fc.assert(
      fc.property(clusters, share, (parts, canary) => {
        const waves = planWaves(parts, canary);
        for (const [index, { workloads }] of parts.entries()) {
          const own = wavesIn(waves, parts, index).flatMap((wave) => wave.workloads);
          expect(own).toHaveLength(workloads.length);
          expect(new Set(own)).toEqual(new Set(workloads));
        }
        expect(waves.every((wave) => wave.workloads.flat().length > 0)).toBe(true);
        const numbers = waves.flatMap((wave) =>
          wave.workloads.flatMap((own, index) =>
            own.filter(restarts).map(({ wave }) => wave + (parts[index]?.addedWave ?? 0)),
          ),
        );
        expect(numbers.every((number, at) => at === 0 || number >= (numbers[at - 1] ?? 0))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test('of several clusters, none is touched before its own first wave', () => {
    const first = { workloads: [settled('s'), rolls('a'), rolls('b', 2)], addedWave: 0 };
    const second = { workloads: [settled('t'), rolls('c')], addedWave: 2 };
    const third = { workloads: [settled('u')], addedWave: 1 };
    const named = planWaves([first, second, third], { count: 1 }).map((wave) =>
      wave.workloads.map((own) => own.map(({ ref }) => ref.name).join(' ')),
    );
    expect(named).toEqual([
      ['s a', '', ''],
      ['b', '', 'u'],
      ['', 't c', ''],
    ]);
  });

  test('the canary of several clusters is one share of all, in their order', () => {
    const part = (prefix: string) => ({
      workloads: ['1', '2', '3'].map((at) => rolls(`${prefix}${at}`)),
      addedWave: 0,
    });
    const named = planWaves([part('a'), part('b')], { percent: 50 }).map((wave) =>
      wave.workloads.map((own) => own.map(({ ref }) => ref.name).join(' ')),
    );
    expect(named).toEqual([
      ['a1 a2 a3', ''],
      ['', 'b1 b2 b3'],
    ]);
  });

  test('each is called as the file has it, with what the cluster adds', () => {
    const parts = [
      { workloads: [settled('s', 30), rolls('a', 10), rolls('b', 10), rolls('c', 20)], addedWave: 0 },
      { workloads: [rolls('d', 10), rolls('gone', PRUNE_WAVE)], addedWave: 100 },
    ];
    const waves = planWaves(parts, { count: 1 });
    const named = parts.map((_, index) =>
      wavesIn(waves, parts, index).flatMap((wave) =>
        wave.workloads.map((planned) => `${planned.ref.name}: ${waveName(markIn(wave, planned))}`),
      ),
    );
    expect(named).toEqual([
      ['s: 30', 'a: 10 (canary)', 'b: 10', 'c: 20'],
      ['d: 110', 'gone: last'],
    ]);
    expect(waves.map(waveName)).toEqual(['10 (canary)', '10', '20', '110', 'last']);
    expect(waves.toReversed().sort(compareWaves)).toEqual(waves);
    expect(countWaves(waves)).toBe(5);
  });
});
