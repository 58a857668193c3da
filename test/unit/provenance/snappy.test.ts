import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeSnappy, SnappyError } from '../../../src/provenance/snappy.ts';
import { packSnappy, varint } from './snappy.ts';

const MAX = 1_000_000;
const text = (...bytes: readonly number[]): string => Buffer.from(decodeSnappy(Uint8Array.from(bytes), MAX)).toString();
const [A, B, C] = [0x61, 0x62, 0x63];

describe('a block', () => {
  test.each<[string, number[], string]>([
    ['with nothing in it', [0], ''],
    ['with a short literal', [3, 2 << 2, A, B, C], 'abc'],
    ['with a literal whose length has one byte', [3, 60 << 2, 2, A, B, C], 'abc'],
    ['with a literal whose length has two bytes', [3, 61 << 2, 2, 0, A, B, C], 'abc'],
    ['with a literal whose length has four bytes', [3, 63 << 2, 2, 0, 0, 0, A, B, C], 'abc'],
    ['with a copy of one byte of offset', [7, 2 << 2, A, B, C, 1, 3], 'abcabca'],
    ['with a copy of two bytes of offset', [6, 2 << 2, A, B, C, (2 << 2) | 2, 3, 0], 'abcabc'],
    ['with a copy of four bytes of offset', [6, 2 << 2, A, B, C, (2 << 2) | 3, 3, 0, 0, 0], 'abcabc'],
    ['with a copy that reaches into itself', [9, 0, A, (7 << 2) | 2, 1, 0], 'aaaaaaaaa'],
  ])('%s', (_, bytes, expected) => {
    expect(text(...bytes)).toBe(expected);
  });

  test.each<[string, number[], string]>([
    ['without a size', [], 'it is cut off'],
    ['with a size that never ends', [255, 255, 255, 255, 255, 1], 'its size has too many digits'],
    ['with less than it says', [4, 2 << 2, A, B, C], 'it is cut off'],
    ['with more than it says', [2, 2 << 2, A, B, C], 'it unpacks to more than it says'],
    ['that ends in a literal', [3, 2 << 2, A, B], 'it is cut off'],
    ['that ends in a copy', [6, 2 << 2, A, B, C, (2 << 2) | 2, 3], 'it is cut off'],
    ['that copies from nowhere', [7, 2 << 2, A, B, C, 1, 0], 'it copies from before its start'],
    ['that copies from before its start', [7, 2 << 2, A, B, C, 1, 4], 'it copies from before its start'],
    ['that copies more than it says', [6, 2 << 2, A, B, C, 1, 3], 'it unpacks to more than it says'],
    ['that is too large', [...varint(MAX + 1)], `it unpacks to ${MAX + 1} bytes, more than ${MAX}`],
    ['that claims to be larger than memory', [255, 255, 255, 255, 127], 'more than'],
  ])('%s is damaged', (_, bytes, expected) => {
    expect(() => text(...bytes)).toThrow(SnappyError);
    expect(() => text(...bytes)).toThrow(expected);
  });

  test('unpacks to what was packed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_000 }), (data) => {
        expect(Buffer.from(decodeSnappy(packSnappy(data), MAX))).toEqual(Buffer.from(data));
      }),
    );
  });

  test('of any bytes unpacks, or is damaged; nothing else happens', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (data) => {
        try {
          expect(decodeSnappy(data, MAX).length).toBeLessThanOrEqual(MAX);
        } catch (error) {
          expect(error).toBeInstanceOf(SnappyError);
        }
      }),
    );
  });
});
