import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dump } from 'js-yaml';
import {
  arrangedLike,
  canonicalJson,
  dataKey,
  isObject,
  type Json,
  mergePatchTo,
  parseJson,
  readJson,
  sameJson,
} from '../../../src/base/json.ts';
import { mergePatch } from '../../embedded/merge-patch.ts';

/** The same value with every object's keys in the opposite order. */
function reversed(value: unknown): Json {
  if (Array.isArray(value)) return value.map(reversed);
  if (!isObject(value)) return value as Json;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  );
}

const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as Json);

test.each([
  [{}, true],
  [{ a: 1 }, true],
  [[], false],
  [null, false],
  ['{}', false],
])('isObject(%j) is %j', (value, is) => {
  expect(isObject(value)).toBe(is);
});

test('readJson gives any value that was written, and nothing for other bytes', () => {
  fc.assert(fc.property(json, (value) => expect(readJson(Buffer.from(JSON.stringify(value)))).toEqual(value)));
  for (const text of ['', '{', '<html>', 'undefined']) expect(readJson(Buffer.from(text))).toBeUndefined();
});

test('canonicalJson keeps the value and forgets the order of keys', () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(value);
      expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
    }),
  );
});

test('sameJson is equality of canonical texts', () => {
  fc.assert(
    fc.property(json, json, (a, b) => {
      expect(sameJson(a, reversed(a))).toBe(true);
      expect(sameJson(a, b)).toBe(canonicalJson(a) === canonicalJson(b));
    }),
  );
});

test.each<[Json, Json]>([
  [
    [1, 2],
    [2, 1],
  ],
  [[], {}],
  [{ a: 1 }, { a: 1, b: 2 }],
  [{ a: 1 }, { b: 1 }],
  [1, '1'],
  [null, 0],
  [JSON.parse('{"__proto__":{}}'), { x: {} }],
])('sameJson tells %j from %j', (a, b) => {
  expect(sameJson(a, b)).toBe(false);
  expect(sameJson(b, a)).toBe(false);
});

test('arrangedLike changes nothing but the order of keys, and takes that of the other value', () => {
  fc.assert(
    fc.property(json, json, (value, like) => {
      expect(sameJson(arrangedLike(value, like), value)).toBe(true);
    }),
  );
  const [value, like] = [
    { b: [{ y: 1, x: 2 }], z: 0, a: { d: 1, c: 2 } },
    { a: { c: 0, d: 0 }, b: [{ x: 0, y: 0 }] },
  ];
  expect(JSON.stringify(arrangedLike(value, like))).toBe('{"a":{"c":2,"d":1},"b":[{"x":2,"y":1}],"z":0}');
});

test('mergePatchTo says what an object does not inherit', () => {
  const after = JSON.parse('{"__proto__":{}}');
  expect(Object.keys(mergePatchTo({}, after) as object)).toEqual(['__proto__']);
  expect(Object.keys(mergePatch({}, after) as object)).toEqual(['__proto__']);
});

test('mergePatchTo makes one value of another, for all that a merge patch can say', () => {
  const sayable = json.filter((value) => !JSON.stringify(value).includes('null'));
  fc.assert(
    fc.property(json, sayable, (before, after) => {
      expect(mergePatch(before as never, mergePatchTo(before, after) as never)).toEqual(after);
    }),
  );
  expect(mergePatchTo({ a: { b: 1, c: 2 }, d: [1] }, { a: { b: 1 }, d: [2] })).toEqual({ a: { c: null }, d: [2] });
});

describe('text that is nested deep', () => {
  const lists = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
  const objects = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

  test.each<[string, string]>([
    ['lists', lists(500)],
    ['objects', objects(500)],
    ['lists beside each other', `[${Array(1000).fill(lists(499)).join()}]`],
    ['brackets in texts', JSON.stringify({ ['['.repeat(1000)]: '{'.repeat(1000), b: '\\"[[', c: '\\' })],
  ])('%s of at most 500 levels are read, and everything can go through them', (_, text) => {
    const value = parseJson(text) as Json;
    const other = JSON.parse(text) as Json;
    expect(sameJson(value, other)).toBe(true);
    expect(canonicalJson(value).length).toBe(text.length);
    expect(sameJson(arrangedLike(value, other), mergePatchTo([], value))).toBe(true);
    expect(sameJson(mergePatchTo(value, other), isObject(value) ? {} : value)).toBe(true);
    expect(dump(value, { lineWidth: -1, noRefs: true })).not.toBe('');
  });

  test.each<[string, string]>([
    ['lists', lists(501)],
    ['objects', objects(501)],
    ['lists without an end', '['.repeat(1_000_000)],
    ['objects without an end', '{"a":'.repeat(1_000_000)],
    ['lists behind a text with quotation marks', `["\\"\\\\",${lists(501)}]`],
  ])('%s of more are refused', (_, text) => {
    expect(() => parseJson(text)).toThrow(new SyntaxError('it is nested more than 500 levels deep'));
    expect(readJson(Buffer.from(text))).toBeUndefined();
  });

  test('what is no JSON is quoted with a few characters', () => {
    const quote = (text: string): number => {
      try {
        parseJson(text);
      } catch (error) {
        const { message } = error as Error;
        return message.lastIndexOf('"') - message.indexOf('"');
      }
      return 0;
    };
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => expect(quote(`[${text}`)).toBeLessThanOrEqual(60)));
  });

  test('parseJson gives what JSON.parse gives', () => {
    fc.assert(fc.property(fc.json(), (text) => expect(parseJson(text)).toEqual(JSON.parse(text))));
  });
});

test.each<[string, unknown, unknown, boolean]>([
  ['the order of keys', { a: 1, b: [2] }, { b: [2], a: 1 }, true],
  ['a field that is undefined', { a: 1, b: undefined }, { a: 1 }, true],
  ['null for what is absent', { a: null }, {}, false],
  ['the order of a list', [1, 2], [2, 1], false],
  ['undefined in a list', [undefined], [], false],
  ['the word for undefined', ['undefined'], [undefined], false],
  ['a number as text', 1, '1', false],
  ['marks of JSON in a text', ['a","b'], ['a', 'b'], false],
])('dataKey, which differ by %s: %j and %j', (_, a, b, same) => {
  expect(dataKey(a) === dataKey(b)).toBe(same);
});
