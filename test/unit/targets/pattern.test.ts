import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isPattern, matchesPattern, patternExpression, samplePattern } from '../../../src/targets/pattern.ts';

test.each<[string, string, boolean]>([
  ['reviews', 'reviews', true],
  ['reviews', 'reviews-v2', false],
  ['front-*', 'front-page', true],
  ['front-*', 'front-', true],
  ['front-*', 'front', false],
  ['*-canary', 'front-canary', true],
  ['*-canary', 'front-canary-2', false],
  ['*', 'anything', true],
  ['**', 'anything', true],
  ['a*b*c', 'a-b-b-c', true],
  ['a*b*c', 'a-c-b', false],
  ['a.b*', 'axb', false],
  ['*a', 'aa', true],
])('the pattern %s and the name %s: %s', (pattern, name, matches) => {
  expect(matchesPattern(pattern, name)).toBe(matches);
});

test('matching agrees with the regular expression that Kustomize gets, of the whole name', () => {
  const characters = fc.string({ unit: fc.constantFrom('a', 'b', '-', '.', '*'), maxLength: 8 });
  const names = fc.string({ unit: fc.constantFrom('a', 'b', '-', '.'), maxLength: 12 });
  fc.assert(
    fc.property(characters, names, (pattern, name) => {
      expect(matchesPattern(pattern, name)).toBe(new RegExp(`^(?:${patternExpression(pattern)})$`).test(name));
      expect(matchesPattern(pattern, samplePattern(pattern))).toBe(true);
      expect(matchesPattern(name, name)).toBe(true);
      expect(isPattern(pattern)).toBe(pattern.includes('*'));
    }),
    { numRuns: 1_000 },
  );
});
