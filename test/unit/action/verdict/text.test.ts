import { describe, expect, test } from '@jest/globals';
import { countOf, plain } from '../../../../src/action/verdict/text.ts';

describe('plain', () => {
  test.each([
    ['abcdef', 4, 'abc…'],
    ['abcd', 4, 'abcd'],
    ['😀😀😀', 2, '😀…'],
    [`${' '.repeat(100)}x`, 4, '…'],
  ])('%j in %i characters is %j', (value, max, expected) => {
    expect(plain(value, max)).toBe(expected);
  });

  test('does not walk through megabytes that are cut away', () => {
    expect(plain('ab '.repeat(1_000_000), 5)).toBe('ab a…');
  });
});

test('countOf groups thousands', () => {
  expect([countOf(1, 'workload'), countOf(4_812, 'workload')]).toEqual(['1 workload', '4,812 workloads']);
});
