import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type AnnotationList,
  parseAnnotationList,
  withEntry,
  withoutEntries,
} from '../../../../src/mesh/template/annotation-list.ts';

function parse(text: string | undefined): AnnotationList {
  const list = parseAnnotationList(text);
  if (!list.ok) throw new Error(list.fault);
  return list.value;
}

test.each<[string, string | undefined, string | undefined]>([
  ['an annotation that is not there', undefined, undefined],
  ['an empty array, to the letter', ' [ ] ', ' [ ] '],
  ['an array without it, to the letter', '[ {"name":"a"} ]', '[ {"name":"a"} ]'],
  ['the last entry of an array', '[{"name":"v"}]', undefined],
  ['the last entry of a map', '{"v":{"x":1}}', undefined],
  ['one of an array', '[ {"name":"a"},{"name":"v"},\n {"name":"b"} ]', '[ {"name":"a"},\n {"name":"b"} ]'],
  ['the first of an array', '[ {"name":"v"},\n {"name":"b"} ]\n', '[ {"name":"b"} ]\n'],
  ['one of a map', '{ "a": {"x":1}, "v": {"x":1}, "b": {"x":1} }', '{ "a": {"x":1}, "b": {"x":1} }'],
  ['one of a map whose key stands there twice', '{"v":{"x":1},"a":{"x":1},"v":{"x":2}}', '{"a":{"x":1}}'],
  ['one of a map with another key', '{"k":{"name":"v"},"v-1":{"x":1}}', '{"v-1":{"x":1}}'],
  ['every one of its name', '[{"name":"v"},{"name":"a"},{"name":"v","x":1}]', '[{"name":"a"}]'],
  ['before an entry that is named after its place', '[{"name":"v"},{"x": 1}]', '[{"x": 1,"name":"1"}]'],
])('%s', (_, text, left) => {
  expect(withoutEntries(parse(text), ['v'])).toBe(left);
});

const entry = fc.record(
  { name: fc.constantFrom('a', 'b', 'c', '0', '1', '2'), x: fc.integer() },
  { requiredKeys: ['x'] },
);
const text = fc.oneof(
  fc.constant(undefined),
  fc.array(entry).map((entries) => JSON.stringify(entries)),
  fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), entry).map((entries) => JSON.stringify(entries)),
);
const contents = (list: AnnotationList): object[] =>
  list.entries.map(({ name, value }) => ({ name, value: { ...value, name } }));

describe('properties', () => {
  test('what was added and is taken out again leaves the list as it was', () => {
    fc.assert(
      fc.property(text, fc.constantFrom('new', 'wasm-filter-f'), (before, name) => {
        const added = parse(withEntry(parse(before), name, { configMap: { name: 'f-1' } }));
        const after = parse(withoutEntries(added, [name]));
        expect(after.entries).toEqual(parse(before).entries);
        if (after.entries.length > 0) expect(after.form).toBe(parse(before).form);
      }),
    );
  });

  test('what stays keeps its name, its value and its order', () => {
    fc.assert(
      fc.property(text, fc.subarray(['a', 'b', '0', '1', 'z']), (before, names) => {
        const left = parse(withoutEntries(parse(before), names));
        const kept = parse(before).entries.filter(({ name }) => !names.includes(name));
        expect(contents(left)).toEqual(contents({ ...left, entries: kept }));
      }),
    );
  });

  test('taking out once more changes nothing', () => {
    fc.assert(
      fc.property(text, (before) => {
        const once = withoutEntries(parse(before), ['a', '1']);
        expect(withoutEntries(parse(once), ['a', '1'])).toBe(once);
      }),
    );
  });
});
