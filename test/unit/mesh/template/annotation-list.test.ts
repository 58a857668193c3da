import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, type Json } from '../../../../src/base/json.ts';
import { type AnnotationList, parseAnnotationList, withEntry } from '../../../../src/mesh/template/annotation-list.ts';

function parse(text: string | undefined): AnnotationList {
  const list = parseAnnotationList(text);
  if (!list.ok) throw new Error(list.fault);
  return list.value;
}

describe('parseAnnotationList', () => {
  test.each<[string | undefined, AnnotationList['form'], (string | number)[]]>([
    [undefined, 'array', []],
    ['[]', 'array', []],
    ['{}', 'map', []],
    ['[{"name":"a"},{"name":"b"}]', 'array', ['a', 'b']],
    ['[{"emptyDir":{}}, {"name":"b"}]', 'array', ['0', 'b']],
    ['{"a":{"emptyDir":{}},"b":{"name":"c"}}', 'map', ['a', 'c']],
    [' \n[ ] ', 'array', []],
    ['null', 'array', []],
    [' null\n', 'array', []],
    ['[{"name":"a","emptyDir":null}]', 'array', ['a']],
    ['[{"name":"a","name":"b"}]', 'array', ['b']],
    ['[{"name":"a","mountPath":"/a"},{"name":"a","mountPath":"/b"}]', 'array', ['a', 'a']],
    ['[{"Name":"a","emptyDir":{}}]', 'array', ['0']],
    ['{"a\\\\n":{"name":"c"}}', 'map', ['c']],
  ])('%s is a list in the form of an %s with the names %j', (text, form, names) => {
    const list = parse(text);
    expect(list.form).toBe(form);
    expect(list.entries.map(({ name }) => name)).toEqual(names);
  });

  test.each([
    ['', /^is not valid JSON \(.+\)$/],
    ['[{"name":"a"]', /^is not valid JSON \(.+\)$/],
    ["[{name: 'a'}]", /^is not valid JSON/],
    ['"text"', 'is neither a JSON array nor a JSON object'],
    ['true', 'is neither a JSON array nor a JSON object'],
    ['  ', /^is not valid JSON/],
    ['# mine\n[{"name":"a"}]', /^is not valid JSON/],
    ['- name: a', /^is not valid JSON/],
    ['[{"name":"a"},]', /^is not valid JSON/],
    ['[{"name":"a"}] b', /^is not valid JSON/],
    ['\ufeff[]', /^is not valid JSON/],
    ['[{"name":"a","x":1e999}]', 'is not valid JSON (a number in it is too large)'],
    ['[{}]', 'has an empty entry (0)'],
    ['{"a":{}}', 'has an empty entry ("a")'],
    ['[null]', 'has the entry null, which is not a JSON object'],
    ['[{"name":5}]', 'has the entry {"name":5}, whose name is not a text of at least one character'],
    ['[{"name":null}]', /whose name is not a text/],
    ['[{"name":""}]', /whose name is not a text/],
    ['{"a\\"b":{"name":"c"}}', 'has the key "a\\"b", which has a quotation mark in it'],
    ['5', 'is neither a JSON array nor a JSON object'],
    ['["a"]', 'has the entry "a", which is not a JSON object'],
    ['[[]]', 'has the entry [], which is not a JSON object'],
    ['{"a":null}', 'has the entry null, which is not a JSON object'],
    ['{"name":"a","emptyDir":{}}', 'has the entry "a", which is not a JSON object'],
  ])('%s is refused', (text, why) => {
    expect(parseAnnotationList(text)).toEqual({
      ok: false,
      fault: typeof why === 'string' ? why : expect.stringMatching(why),
    });
  });
});

describe('withEntry', () => {
  const value = { configMap: { name: 'f-1' } };

  test.each([
    ['nothing there', undefined, '[{"name":"v","configMap":{"name":"f-1"}}]'],
    ['null there', ' null ', '[{"name":"v","configMap":{"name":"f-1"}}]'],
    ['an empty array there', '[ ]\n', '[{"name":"v","configMap":{"name":"f-1"}} ]\n'],
    ['added to an array', '[ {"name": "a"} ]\n', '[ {"name": "a"},{"name":"v","configMap":{"name":"f-1"}} ]\n'],
    ['added to a map', '{"a": {"x":1}}', '{"a": {"x":1},"v":{"configMap":{"name":"f-1"}}}'],
    [
      'set in an array, in its place',
      '[ {"name":"v","configMap":{"name":"f-0"}}, {"name":"a"} ]',
      '[ {"name":"v","configMap":{"name":"f-1"}}, {"name":"a"} ]',
    ],
    [
      'set in a map, in its place',
      '{"v": {"configMap":{"name":"f-0"}},\n "a":{"x":1}}',
      '{"v": {"configMap":{"name":"f-1"}},\n "a":{"x":1}}',
    ],
    [
      'set in a map under another key, whose own name wins',
      '{"x":{"name":"v","configMap":{"name":"f-0"}}}',
      '{"x":{"name":"v","configMap":{"name":"f-1"}}}',
    ],
    [
      'added beside a map entry that has our name as its key and another name',
      '{"v":{"name":"a"}}',
      '{"v":{"name":"a"},"v-1":{"name":"v","configMap":{"name":"f-1"}}}',
    ],
    [
      'there already, written in another way',
      '[ { "configMap": {"name": "f-1"}, "name": "v" } ]',
      '[ { "configMap": {"name": "f-1"}, "name": "v" } ]',
    ],
  ])('%s', (_, text, expected) => {
    expect(withEntry(parse(text), 'v', value)).toBe(expected);
  });

  // `v` and `w` are the names that the property sets; every other name is somebody else's.
  const name = fc.constantFrom('v', 'w', 'v-1', 'a', '0', '7', '__proto__', 'constructor');
  const entry = fc
    .record({
      name,
      rest: fc.dictionary(fc.constantFrom('configMap', 'mountPath', 'x'), fc.jsonValue(), { minKeys: 1 }),
    })
    .chain(({ name: own, rest }) => fc.constantFrom<Record<string, unknown>>(rest, { ...rest, name: own }));
  const text = fc
    .oneof(
      fc.array(entry),
      fc.array(fc.tuple(name, entry)).map((pairs) => Object.fromEntries(pairs)),
    )
    .chain((list) => fc.constantFrom(JSON.stringify(list), JSON.stringify(list, null, 1)));
  const ours = fc.constantFrom('v', 'w');
  const pairs = (list: AnnotationList): [unknown, string][] =>
    list.entries.map((one) => [one.key, canonicalJson(one.value as Json)]);

  test('sets one entry and keeps every other one, in order and form', () => {
    fc.assert(
      fc.property(text, ours, (before, own) => {
        const list = parse(before);
        const after = parse(withEntry(list, own, value));
        const at = list.entries.findIndex((one) => one.name === own);
        expect(after.form).toBe(list.form);
        const place = at === -1 ? list.entries.length : at;
        expect(after.entries).toHaveLength(at === -1 ? list.entries.length + 1 : list.entries.length);
        expect(pairs(after).toSpliced(place, 1)).toEqual(at === -1 ? pairs(list) : pairs(list).toSpliced(at, 1));
        expect(after.entries[place]).toMatchObject({ name: own, value });
      }),
    );
  });

  test('done twice gives exactly the same text', () => {
    fc.assert(
      fc.property(fc.option(text, { nil: undefined }), ours, (before, own) => {
        const once = withEntry(parse(before), own, value);
        expect(withEntry(parse(once), own, value)).toBe(once);
      }),
    );
  });

  test('the order in which two entries are set does not matter to what is there', () => {
    fc.assert(
      fc.property(text, (before) => {
        const set = (from: string, own: string): string => withEntry(parse(from), own, value);
        const [a, b] = [set(set(before, 'v'), 'w'), set(set(before, 'w'), 'v')];
        const sorted = (result: string): string[] =>
          parse(result)
            .entries.map((one) => `${one.name} ${canonicalJson(one.value as Json)}`)
            .sort();
        expect(sorted(a)).toEqual(sorted(b));
      }),
    );
  });
});
