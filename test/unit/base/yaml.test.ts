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
    [
      'a long text with many aliases',
      `- &a "${'x'.repeat(100_000)}"\n${'- *a\n'.repeat(1000)}`,
      /^has more than 64\.00 MiB when its aliases \(\*\) are written out$/,
    ],
    [
      'a long key with many aliases',
      `- &a {${'k'.repeat(100_000)}: 1}\n${'- *a\n'.repeat(1000)}`,
      /^has more than 64\.00 MiB when its aliases \(\*\) are written out$/,
    ],
    [
      'a number of 20 digits',
      'a: [12345678901234567890]',
      /^has the number "?12345678901234567890"?, of which not every digit/,
    ],
    ['no number', 'a: .nan', /^has \.nan or \.inf, which JSON has no number for/],
    ['a number without end', 'a: -.inf', /^has \.nan or \.inf/],
    ['megabytes', `a: ${'x'.repeat(5_000_000)}`, /^has 4\.77 MiB; at most 4\.00 MiB are read$/],
  ])('%s', (_case, text, fault) => {
    expect(readYaml(text)).toMatchObject({ ok: false, fault: expect.stringMatching(fault) });
  });
});

test.each<[string, string]>([
  ['an alias', '*'],
  ['a tag', '!'],
  ['a tag with a handle', '!a!'],
  ['a verbatim tag', '!<'],
])('a name of %s is quoted with 60 characters at most, and not at all in the reason alone', (_, mark) => {
  const read = readYaml(`a: ${mark}${'x'.repeat(1000)} b`);
  expect(read).toMatchObject({ ok: false, fault: expect.stringMatching(/^is not valid YAML: /), syntax: { line: 1 } });
  expect(JSON.stringify(read)).not.toMatch(/x{61}/);
  expect(read.ok ? '' : read.syntax?.reason).not.toContain('xx');
});

test('keys are merged where they are asked for, and plain else', () => {
  const text = 'a: &a {x: 1}\nb: {<<: *a, y: 2}';
  expect(readYaml(text, { merge: true })).toMatchObject({ value: { b: { x: 1, y: 2 } } });
  expect(readYaml(text)).toMatchObject({ value: { b: { '<<': { x: 1 }, y: 2 } } });
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
    // JSON text has no negative zero.
    fc.property(fc.json({ maxDepth: 4 }), (text) => {
      const value: unknown = JSON.parse(text);
      expect(readYaml(dump(value))).toEqual({ ok: true, value });
    }),
    { numRuns: 50 },
  );
});
