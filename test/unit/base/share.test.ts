import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatShare, parseShare, type Share, shareOf } from '../../../src/base/share.ts';

describe('parseShare', () => {
  test.each<[string, Share]>([
    ['0', { count: 0 }],
    ['3', { count: 3 }],
    ['007', { count: 7 }],
    ['999999999', { count: 999_999_999 }],
    ['0%', { percent: 0 }],
    ['25%', { percent: 25 }],
    ['100%', { percent: 100 }],
  ])('reads %s', (text, share) => {
    expect(parseShare(text)).toEqual(share);
  });

  test.each(['', '%', '-1', '1.5', '2.5%', '101%', '1 %', ' 1', '1\n', '%1', '1%%', 'one', '1e3', '0x1', '1234567890'])(
    'does not read %j',
    (text) => {
      expect(parseShare(text)).toBeUndefined();
    },
  );
});

test.each<[Share, number, number]>([
  [{ count: 3 }, 10, 3],
  [{ count: 3 }, 2, 2],
  [{ count: 0 }, 10, 0],
  [{ count: 3 }, 0, 0],
  [{ percent: 50 }, 10, 5],
  [{ percent: 25 }, 10, 3],
  [{ percent: 1 }, 10, 1],
  [{ percent: 1 }, 1, 1],
  [{ percent: 0 }, 10, 0],
  [{ percent: 100 }, 7, 7],
  [{ percent: 10 }, 0, 0],
  // In floating point 0.07 * 100 is more than 7.
  [{ percent: 7 }, 100, 7],
])('%j of %i is %i', (share, total, of) => {
  expect(shareOf(share, total)).toBe(of);
});

const share = fc.oneof(
  fc.nat(999_999_999).map((count): Share => ({ count })),
  fc.nat(100).map((percent): Share => ({ percent })),
);

test('what is written is read again', () => {
  fc.assert(fc.property(share, (of) => expect(parseShare(formatShare(of))).toEqual(of)));
});

test('a share is a whole number of the total, and nothing only when it says so', () => {
  fc.assert(
    fc.property(share, fc.nat(10_000), (of, total) => {
      const part = shareOf(of, total);
      const nothing = total === 0 || ('count' in of ? of.count : of.percent) === 0;
      expect(Number.isInteger(part)).toBe(true);
      expect(part).toBeLessThanOrEqual(total);
      expect(part === 0).toBe(nothing);
    }),
  );
});
