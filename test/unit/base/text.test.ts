import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  count,
  formatBytes,
  formatDuration,
  listWords,
  nearestNames,
  truncate,
  useWords,
} from '../../../src/base/text.ts';

test.each([
  [[], ''],
  [['a'], 'a'],
  [['a', 'b'], 'a or b'],
  [['a', 'b', 'c'], 'a, b or c'],
])('listWords(%j) is %j', (words, text) => {
  expect(listWords(words)).toBe(text);
});

test('listWords takes another last word', () => {
  expect(listWords(['a', 'b', 'c'], 'and')).toBe('a, b and c');
});

test.each([
  [0, '0 pods'],
  [1, '1 pod'],
  [2, '2 pods'],
])('count(%i)', (n, text) => {
  expect(count(n, 'pod')).toBe(text);
});

test('count takes an irregular plural', () => {
  expect([count(1, 'entry', 'entries'), count(2, 'entry', 'entries')]).toEqual(['1 entry', '2 entries']);
});

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [32_000, '31.3 KiB'],
  [1_048_576, '1.00 MiB'],
  [1_468_006, '1.40 MiB'],
])('formatBytes(%i) is %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0, '0.0 s'],
  [400, '0.4 s'],
  [9_949, '9.9 s'],
  [9_950, '10 s'],
  [42_300, '42 s'],
  [59_499, '59 s'],
  [59_500, '1 min'],
  [60_000, '1 min'],
  [185_000, '3 min 5 s'],
  [600_000, '10 min'],
])('formatDuration(%i) is %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test.each([
  ['dploy', ['deploy', 'remove'], 'Did you mean deploy? Use deploy or remove.'],
  ['destroy', ['deploy', 'remove'], 'Use deploy or remove.'],
  ['all', ['inbound', 'any'], 'Use inbound or any.'],
  ['TRU', ['true', 'false'], 'Did you mean true? Use true or false.'],
  ['', ['true'], 'Use true.'],
])('useWords(%j, %j) is %j', (given, legal, text) => {
  expect(useWords(given, legal)).toBe(text);
});

describe('nearestNames', () => {
  const known = ['reviews', 'ratings', 'details', 'productpage', 'reviews-v2'];

  test.each([
    ['reveiws', ['reviews']],
    ['review', ['reviews', 'reviews-v2']],
    ['productpag', ['productpage']],
    ['mongodb', []],
  ])('%s', (wanted, names) => {
    expect(nearestNames(wanted, known)).toEqual(names);
  });

  test.each([
    ['shop-pr-13', ['shop-pr-12', 'shop-pr-9', 'shop-pr'], []],
    ['shop-pr-1', ['shop-pr-12'], []],
    ['2048-3', ['2047-3'], []],
    ['shop-rp-13', ['shop-pr-13'], ['shop-pr-13']],
    ['v1', ['v2', 'v1'], ['v1']],
  ])('takes no name with other numbers for a slip: %s among %j', (wanted, known, names) => {
    expect(nearestNames(wanted, known)).toEqual(names);
  });

  test('does not take every short name for another one', () => {
    expect(nearestNames('db', ['ui', 'da', 'kv'])).toEqual(['da']);
  });

  test('gives at most as many as asked for, each once', () => {
    expect(nearestNames('a1', ['a1x', 'a1y', 'a1x', 'a1z', 'a1w'], 2)).toEqual(['a1w', 'a1x']);
  });

  test('gives only known names, and the wanted one first when it is known', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 2 }), fc.array(fc.string()), (wanted, others) => {
        const names = nearestNames(wanted, [...others, wanted]);
        expect(names).toContain(wanted);
        expect([...others, wanted]).toEqual(expect.arrayContaining(names));
      }),
    );
  });
});

describe('truncate', () => {
  test.each([
    ['short', 5, 'short'],
    ['longer', 5, 'long…'],
    ['😀😀😀', 2, '😀…'],
  ])('%s to %i', (text, max, cut) => {
    expect(truncate(text, max)).toBe(cut);
  });

  test('never exceeds the limit and never leaves half a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 20 }), (text, max) => {
        const cut = truncate(text, max);
        expect([...cut].length).toBeLessThanOrEqual(max);
        expect(cut.isWellFormed()).toBe(true);
      }),
    );
  });
});
