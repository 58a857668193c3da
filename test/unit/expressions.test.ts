import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { fence } from '../../src/action/summary/parts/markdown.ts';
import { secretsInConfiguration } from '../../src/base/redaction/configuration-secrets.ts';
import { withoutCredentials } from '../../src/base/redaction/shapes.ts';
import { findEnvoyReason, findPluginReason } from '../../src/mesh/proxy/envoy-log.ts';
import { parseChallenges } from '../../src/registry/challenge.ts';
import { parseSelector } from '../../src/targets/selector.ts';
import { findSlow, isSlow } from '../harness/expressions/growth.ts';
import type { Attack } from '../harness/expressions/samples.ts';
import { findLiterals } from '../harness/expressions/scan.ts';

const SOURCES = join(import.meta.dirname, '../../src');
const FILES = readdirSync(SOURCES, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name))
  .map((file) => ({ path: relative(SOURCES, file), text: readFileSync(file, 'utf8') }));
const EXPRESSIONS = FILES.flatMap(({ path, text }) =>
  findLiterals(text).map(({ line, source, flags }) => [`${path}:${line} /${source}/${flags}`, source, flags] as const),
);

test('the expressions of the sources are found', () => {
  expect(EXPRESSIONS.length).toBeGreaterThan(80);
  expect(EXPRESSIONS.map(([name]) => name.replace(/:\d+ /, ' '))).toContain(
    'registry/reference.ts /^sha256:[0-9a-f]{64}$/',
  );
  for (const [, source, flags] of EXPRESSIONS) expect(() => new RegExp(source, flags)).not.toThrow();
});

test('none is put together while the program runs, where this test could not see it, but for those that V8 matches in linear time', () => {
  const made = FILES.flatMap(({ path, text }) => text.match(/\bRegExp\(.*/g)?.map((call) => `${path} ${call}`) ?? []);
  expect(made).toEqual(["filter/tests/expression.ts RegExp(source, 'ls');"]);
});

describe('text of any length costs no more than its length', () => {
  test.each(EXPRESSIONS)('%s', (_name, source, flags) => {
    expect(findSlow(source, flags)).toBeUndefined();
  });
});

describe('what reads the texts of others needs no more than linear time either', () => {
  const reason = (log: string): unknown => findPluginReason(log, { plugin: 'shop.f', image: 'example.test/f:1' });
  test.each<[string, (text: string) => unknown, Attack]>([
    ['a log line of a filter', findEnvoyReason, { before: '\terror\t', pump: 'wasm log : ', behind: '\n' }],
    ['levels in a log line', findEnvoyReason, { before: '', pump: 'critical\t', behind: 'wasm log x' }],
    ['pulls that failed', reason, { before: '', pump: 'cannot fetch Wasm module a: ', behind: '' }],
    ['lines of pulls', reason, { before: '', pump: 'cannot fetch Wasm module a: b. applying x\n', behind: '' }],
    ['values of a selector', (text) => parseSelector(text, 'x'), { before: 'a in (b', pump: ' , ', behind: '!)' }],
    ['commas of a selector', (text) => parseSelector(text, 'x'), { before: '', pump: ',(', behind: '' }],
    ['a header of a registry', parseChallenges, { before: 'Basic ', pump: 'a', behind: '!' }],
    ['quotes in such a header', parseChallenges, { before: 'Basic a="', pump: '\\"', behind: '' }],
    ['passwords in addresses', withoutCredentials, { before: '', pump: 'a://b:', behind: '@c' }],
    ['a quoted secret', withoutCredentials, { before: '', pump: 'token="\\', behind: '' }],
    ['keys that do not end', withoutCredentials, { before: '', pump: '-----BEGIN PRIVATE KEY-----', behind: '' }],
    ['secrets of a configuration', secretsInConfiguration, { before: '', pump: 'token=a&', behind: '' }],
    ['a text that is shown as it is', (text) => fence(text, ''), { before: '', pump: '`\n', behind: '!' }],
  ])('%s', (_case, run, attack) => {
    expect(isSlow(run, attack)).toBe(false);
  });

  test('the message of a filter cannot pass for another part of its line', () => {
    const log =
      '2026-01-01T00:00:00.000000Z\terror\tenvoy wasm\twasm log root f: wasm log x: y\tthread=7\nUnable to create Wasm HTTP filter f\n';
    expect(findEnvoyReason(log)?.filterSaid).toBe('wasm log x: y');
  });
});

describe('the test itself', () => {
  test.each([
    ['cubic: the log line of a filter', String.raw`\b(?:error|critical)\t[^\n]*wasm log [^\n]*?: ([^\n\t]+)`, 'g'],
    ['exponential', '^(a+)+$', ''],
    ['a repeated alternative', '^(?:a|a)*b', ''],
    ['two neighbours', String.raw`\s*,?\s*$`, ''],
    ['the end of a text', '-+$', ''],
    ['a tag that is never closed', '<[^>]*>', 'g'],
    ['behind a fixed beginning', '^key=[a-z]*[a-z0-9]*;', ''],
    ['whatever comes first', '.*x', ''],
    ['a long beginning that comes again', 'Missing root context factory for root id: (.*?) at$', ''],
  ])('finds what is slow: %s', (_case, source, flags) => {
    expect(findSlow(source, flags)).toBeDefined();
  });

  test.each([
    ['^[a-z]+$', ''],
    ['[^a-z]+', 'g'],
    [String.raw`^\d{4}-\d\d`, ''],
    ['^a*b', ''],
    ['x', 'g'],
  ])('leaves alone what is quick: %s', (source, flags) => {
    expect(findSlow(source, flags)).toBeUndefined();
  });

  test('reads files as TypeScript does', () => {
    const text = [
      'const a = 1 / 2 / 3; // /no/',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of a program.
      "const b = '/no/' + `/no/ ${x / y} ${s.replace(/one\\//g, '}')} /no/`;",
      'if (/[/]two/i.test(b)) return /three/.exec(c);',
      '/* /no/ */ const d = (1) / 2; const e = f[0] / 2; const g = !/four/.test(h);',
    ].join('\n');
    expect(findLiterals(text)).toEqual([
      { line: 2, source: 'one\\/', flags: 'g' },
      { line: 3, source: '[/]two', flags: 'i' },
      { line: 3, source: 'three', flags: '' },
      { line: 4, source: 'four', flags: '' },
    ]);
  });
});
