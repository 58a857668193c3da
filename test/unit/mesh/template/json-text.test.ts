import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { membersOf, withMember, withoutMember, withValue } from '../../../../src/mesh/template/json-text.ts';

test.each<[string, readonly (string | number)[], readonly string[]]>([
  ['[]', [], []],
  [' { } ', [], []],
  ['[1, "a,]", [2, {"b": "}"}] ,null]', [0, 1, 2, 3], ['1', '"a,]"', '[2, {"b": "}"}]', 'null']],
  ['{"a" : 1 ,"b\\"": {"c": []}, "a":2}', ['a', 'b"', 'a'], ['1', '{"c": []}', '2']],
  ['[-1.5e3,true,"\\\\"]', [0, 1, 2], ['-1.5e3', 'true', '"\\\\"']],
])('the members of %s', (text, keys, values) => {
  const members = membersOf(text);
  expect(members.map(({ key }) => key)).toEqual(keys);
  expect(members.map(({ valueStart, end }) => text.slice(valueStart, end))).toEqual(values);
});

const spaced = (value: unknown, indent: string): string => ` ${JSON.stringify(value, null, indent)}\n`;
const list = fc
  .tuple(
    fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true })),
    fc.constantFrom('', ' ', '\t'),
  )
  .map(([value, indent]) => spaced(value, indent));

test('what is added can be read, and cut out again to the letter', () => {
  fc.assert(
    fc.property(list, fc.jsonValue(), (text, value) => {
      const key = 'a key of its own';
      const added = withMember(text, key, value);
      const parsed: unknown = JSON.parse(added);
      const at = Array.isArray(parsed) ? parsed.length - 1 : key;
      expect((parsed as Record<string, unknown>)[at]).toEqual(JSON.parse(JSON.stringify(value)));
      expect(withoutMember(added, at)).toBe(text);
    }),
  );
});

test('any member can be cut out, and the others stay', () => {
  fc.assert(
    fc.property(list, fc.nat(), (text, seed) => {
      const { key } = membersOf(text)[seed % Math.max(1, membersOf(text).length)] ?? {};
      if (key === undefined) return;
      const before: unknown = JSON.parse(text);
      const others = Array.isArray(before)
        ? before.toSpliced(Number(key), 1)
        : Object.fromEntries(Object.entries(before as object).filter(([one]) => one !== key));
      expect(JSON.parse(withoutMember(text, key))).toEqual(others);
    }),
  );
});

test.each([
  ['[1, 2]', 1, '[1, <2>]'],
  ['{"a": 1,"b" :2 }', 'b', '{"a": 1,"b" :<2> }'],
  ['{"a":1,"a":2}', 'a', '{"a":1,"a":<2>}'],
  ['{"a":1}', 'b', '{"a":1}'],
])('an edit of a value of %s', (text, key, expected) => {
  expect(withValue(text, key, (value) => `<${value}>`)).toBe(expected);
});
