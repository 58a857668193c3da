import { expect, test } from '@jest/globals';
import { isUsualWarning } from '../../../src/mesh/istio-warnings.ts';

test.each<[string, boolean]>([
  [
    'EnvoyFilter exposes internal implementation details that may change at any time. Prefer other APIs if possible, and exercise extreme caution, especially around upgrades.',
    true,
  ],
  ['using relative operations without a priority may lead to unexpected results', false],
  ['', false],
])('%s', (warning, usual) => {
  expect(isUsualWarning(warning)).toBe(usual);
});
