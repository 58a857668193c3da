import { describe, expect, test } from '@jest/globals';
import { describeRun, isEarlierAttempt, isOlderRun, type RunMark } from '../../../../src/mesh/identity/run-order.ts';

test.each([
  ['shop/filters/4812/1', 'run 4812'],
  ['shop/filters/4812/3', 'run 4812 (attempt 3)'],
  ['local', 'another run'],
])('%s is %s', (run, words) => {
  expect(describeRun(run)).toBe(words);
});

const EARLY = '2026-03-01T10:00:00.000Z';
const LATE = '2026-03-01T10:00:00.001Z';

describe('the order of runs', () => {
  test.each<[string, RunMark, RunMark]>([
    ['the later start', { run: 'o/r/9/1', started: EARLY }, { run: 'o/r/10/1', started: LATE }],
    ['a job that waited longer', { run: 'o/r/10/1', started: EARLY }, { run: 'o/r/9/1', started: LATE }],
    ['the re-run of an old run', { run: 'o/r/10/1', started: EARLY }, { run: 'o/r/9/2', started: LATE }],
    ['a run of another repository', { run: 'o/z/10/1', started: EARLY }, { run: 'o/a/9/1', started: LATE }],
    ['a run outside of GitHub', { run: 'o/r/10/1', started: EARLY }, { run: 'local', started: LATE }],
    ['two outside of GitHub', { run: 'local', started: EARLY }, { run: 'local', started: LATE }],
    ['at the same time, the higher number', { run: 'o/r/9/1', started: EARLY }, { run: 'o/r/10/1', started: EARLY }],
    ['at the same time, the higher attempt', { run: 'o/r/9/1', started: EARLY }, { run: 'o/r/9/2', started: EARLY }],
    ['at the same time, the later name', { run: 'o/r/9/1', started: EARLY }, { run: 'o/s/1/1', started: EARLY }],
    [
      'jobs of one matrix at the same time, what they bring',
      { run: 'o/r/9/1', started: EARLY, revision: '0a' },
      { run: 'o/r/9/1', started: EARLY, revision: '0b' },
    ],
    ['without a start, the higher number', { run: 'o/r/9/1' }, { run: 'o/r/10/1', started: LATE }],
    ['without a start, the higher attempt', { run: 'o/r/9/1', started: LATE }, { run: 'o/r/9/2' }],
  ])('%s is the newer one', (_, older, newer) => {
    expect([isOlderRun(older, newer), isOlderRun(newer, older)]).toEqual([true, false]);
  });

  test.each<[string, RunMark, RunMark]>([
    ['a run and itself', { run: 'o/r/9/1', started: EARLY }, { run: 'o/r/9/1', started: EARLY }],
    ['without a start, other repositories', { run: 'o/r/9/1' }, { run: 'o/s/10/1', started: LATE }],
    ['without a start, none on GitHub', { run: 'local' }, { run: 'o/r/10/1', started: LATE }],
    ['no record', { run: '' }, { run: 'local', started: LATE }],
  ])('nobody knows of %s', (_, one, other) => {
    expect([isOlderRun(one, other), isOlderRun(other, one)]).toEqual([false, false]);
  });

  test('of any three that say when they started, one is the newest', () => {
    const runs = ['local', 'o/r/9/1', 'o/r/10/1', 'o/r/9/2', 'o/s/9/1'];
    const marks = runs.flatMap((run) =>
      [EARLY, LATE].flatMap((started) => ['0a', '0b'].map((revision) => ({ run, started, revision }))),
    );
    for (const a of marks) {
      for (const b of marks) {
        if (a !== b) expect(isOlderRun(a, b)).toBe(!isOlderRun(b, a));
        for (const c of marks) {
          if (isOlderRun(a, b) && isOlderRun(b, c)) expect(isOlderRun(a, c)).toBe(true);
        }
      }
    }
  });
});

test.each([
  ['shop/filters/7/1', 'shop/filters/7/2', true],
  ['shop/filters/7/2', 'shop/filters/7/2', false],
  ['shop/filters/7/3', 'shop/filters/7/2', false],
  // Two runs may go on at the same time, and so may those of two repositories.
  ['shop/filters/6/1', 'shop/filters/7/2', false],
  ['shop/other/7/1', 'shop/filters/7/2', false],
  ['local', 'shop/filters/7/2', false],
  ['local', 'local', false],
  ['', 'shop/filters/7/2', false],
])('%s is an earlier attempt of %s: %s', (one, of, is) => {
  expect(isEarlierAttempt(one, of)).toBe(is);
});
