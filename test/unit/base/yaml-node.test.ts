import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dump } from 'js-yaml';
import { readYamlNode, type YamlNode } from '../../../src/base/yaml-node.ts';

const read = (text: string): YamlNode => {
  const node = readYamlNode(text);
  if (!node.ok) throw new Error(node.fault);
  return node.value;
};

/** A node as plain values, of what `of` gives for each of its scalars. */
const plain = (node: YamlNode, of: (scalar: YamlNode) => unknown): unknown => {
  if (node.text !== undefined) return of(node);
  if (Array.isArray(node.value)) return node.items.map((item) => plain(item, of));
  return Object.fromEntries(node.entries.map(({ key, node: inner }) => [key, plain(inner, of)]));
};

describe('a place', () => {
  test.each<[string, string, unknown]>([
    ['in blocks', 'a: 1\nb:\n  - x\n  -   y\n', { a: '1:4', b: ['3:5', '4:7'] }],
    ['in flows', '{ a: [ 1,\n 2 ], "b": {c: d} }', { a: ['1:8', '2:2'], b: { c: '2:16' } }],
    ['behind lines of other systems', 'a: 1\r\nb: 2\rc: 3', { a: '1:4', b: '2:4', c: '3:4' }],
    ['behind a comment', '# c\n\na: 1 # d\n', { a: '3:4' }],
    ['of an alias is that of its anchor', 'a: &x 1\nb: *x\n', { a: '1:7', b: '1:7' }],
    ['of nothing is that of what is before it', 'a:\nb: 1\n', { a: '1:1', b: '2:4' }],
  ])('%s', (_, text, expected) => {
    expect(plain(read(text), ({ at: { line, column } }) => `${line}:${column}`)).toEqual(expected);
  });

  test('of a key is its own', () => {
    expect(read('a: 1\n  \n"long key":   2\n').entries.map(({ key, keyAt }) => [key, keyAt])).toEqual([
      ['a', { line: 1, column: 1 }],
      ['long key', { line: 3, column: expect.any(Number) }],
    ]);
  });
});

test('a scalar is told as it is written', () => {
  expect(read('[010, 1e3, "1", yes, null, ~]').items.map(({ text, value }) => [text, value])).toEqual([
    ['010', expect.anything()],
    ['1e3', 1000],
    ['1', '1'],
    ['yes', 'yes'],
    ['null', null],
    ['~', null],
  ]);
});

test('whatever the text, its nodes have its values', () => {
  const key = fc.stringMatching(/^[a-z][a-z0-9-]{0,5}$/);
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ depthSize: 'small' }, fc.string(), fc.integer(), fc.boolean(), tie('list'), tie('map')),
    list: fc.array(tie('tree'), { maxLength: 4 }),
    map: fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
  }));
  fc.assert(
    fc.property(tree as fc.Arbitrary<unknown>, fc.constantFrom(-1, 0, 1), (value, flowLevel) => {
      const text = dump({ value }, { flowLevel });
      const node = readYamlNode(text);
      if (!node.ok) return;
      expect(plain(node.value, (scalar) => scalar.value)).toEqual(node.value.value);
    }),
    { numRuns: 300 },
  );
});
