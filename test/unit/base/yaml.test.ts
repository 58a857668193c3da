import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dump } from 'js-yaml';
import { readYaml } from '../../../src/base/yaml.ts';

/** Lists of ten aliases of the list before: `levels` lines stand for 10^levels values. */
const bomb = (levels: number): string =>
  ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    .concat(
      Array.from({ length: levels - 1 }, (_, index) => {
        const before = Array.from({ length: 10 }, () => `*a${index}`);
        return `a${index + 1}: &a${index + 1} [${before.join(', ')}]`;
      }),
    )
    .join('\n');

describe('what cannot be worked with is at fault', () => {
  test.each<[string, string, RegExp]>([
    ['nothing', '# nothing\n\n', /^is empty$/],
    ['no YAML', 'a: [', /^is not valid YAML: /],
    ['ten lines for 10^10 values', bomb(10), /^has more than 500000 values when its aliases \(\*\) are written out$/],
    ['a hundred lines', bomb(100), /^has more than 500000 values/],
    ['an anchor inside of itself', 'a: &a [*a]', /alias \(\*\) of itself/],
    [
      'merged mappings',
      `a: &a {${Array.from({ length: 200 }, (_, i) => `k${i}: 1`).join(', ')}}\n${Array.from({ length: 5000 }, (_, i) => `b${i}: {<<: *a}`).join('\n')}`,
      /^has more than 500000 values|^is not valid YAML: .*merge/,
    ],
    ['flow lists in lists', '['.repeat(100_000), /^is not valid YAML: /],
    ['block lists in lists', `${'- '.repeat(100)}x`, /nesting exceeded maxDepth/],
    ['megabytes', `a: ${'x'.repeat(5_000_000)}`, /^has 4\.77 MiB; 4\.00 MiB are the most that is read$/],
  ])('%s', (_case, text, fault) => {
    expect(readYaml(text)).toEqual({ ok: false, fault: expect.stringMatching(fault) });
  });
});

test('aliases that stand for little are written out', () => {
  expect(readYaml('a: &a {x: 1}\nb: *a\nc: [*a, *a]')).toEqual({
    ok: true,
    value: { a: { x: 1 }, b: { x: 1 }, c: [{ x: 1 }, { x: 1 }] },
  });
});

test('a list of 20,000 targets is read', () => {
  const targets = Array.from({ length: 20_000 }, (_, index) => ({
    kind: 'Deployment',
    name: `w${index}`,
    namespace: 'shop',
  }));
  expect(readYaml(dump(targets))).toEqual({ ok: true, value: targets });
});

test('what JSON can hold comes back as it was', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      expect(readYaml(dump(value))).toEqual({ ok: true, value: JSON.parse(JSON.stringify(value)) });
    }),
    { numRuns: 50 },
  );
});
