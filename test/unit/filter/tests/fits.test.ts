import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { TextExpectation } from '../../../../src/filter/tests/filter-test.ts';
import { expectedWords, fits } from '../../../../src/filter/tests/fits.ts';

const wildcard = (pattern: string): TextExpectation => ({ kind: 'wildcard', pattern });

describe('a wildcard', () => {
  test.each([
    ['*', ''],
    ['a*', 'a'],
    ['*b', 'ab'],
    ['a*c*e', 'abcde'],
    ['info: *orders*', 'info: 3 orders are open'],
    ['a**b', 'ab'],
    ['no star', 'no star'],
    ['*ab*ab*', 'xabyabz'],
  ])('%s fits %s', (pattern, text) => expect(fits(wildcard(pattern), text)).toBe(true));

  test.each([
    ['a*', 'ba'],
    ['ab*ba', 'aba'],
    ['*ab*ab*', 'xab'],
    ['a*c*e', 'abde'],
    ['no star', 'no star!'],
    ['.*', 'a'],
  ])('%s does not fit %s', (pattern, text) => expect(fits(wildcard(pattern), text)).toBe(false));

  test('says what a regular expression would', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 6 });
    fc.assert(
      fc.property(letters, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 }), (pattern, text) => {
        const same = new RegExp(`^${pattern.replaceAll('*', '.*')}$`, 's');
        expect(fits(wildcard(pattern), text)).toBe(same.test(text));
      }),
    );
  });
});

test('what is absent is no text, and any value is one', () => {
  expect(fits({ kind: 'absent' }, undefined)).toBe(true);
  expect(fits({ kind: 'absent' }, '')).toBe(false);
  expect(fits({ kind: 'any' }, '')).toBe(true);
  expect(fits({ kind: 'any' }, undefined)).toBe(false);
});

test.each<[TextExpectation, string]>([
  [{ kind: 'exact', text: 'open' }, 'open'],
  [{ kind: 'any' }, 'any value'],
  [{ kind: 'absent' }, 'none'],
  [wildcard('a*'), 'a*'],
  [{ kind: 'expression', source: '^a' }, '/^a/'],
  [{ kind: 'expression', source: '(?=a)' }, '/(?=a)/, which cannot be matched in linear time'],
])('%j in words', (expected, words) => expect(expectedWords(expected)).toBe(words));
