import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dropCustomSections, isSigned } from '../../../../src/filter/module/custom-sections.ts';
import { wasm } from '../../builders.ts';
import { assemble, LEAST, vector, withCustom } from '../wat.ts';

declare const WebAssembly: { readonly Module: new (bytes: Uint8Array) => object };

const FILTER = assemble(LEAST);
const NAMED = [
  'name',
  '.debug_info',
  'reloc.CODE',
  'producers',
  'sourceMappingURL',
  'external_debug_info',
  'précis',
  '',
];
const withAll = (names: readonly string[]): Uint8Array =>
  names.reduce((bytes, name) => withCustom(bytes, name, [1, 2, 3]), FILTER);

describe('custom sections', () => {
  test.each(NAMED)('"%s" is left out', (name) => {
    expect(dropCustomSections(withAll([name]))).toEqual({ bytes: Buffer.from(FILTER), dropped: [name] });
  });

  test('are named once each, in their order', () => {
    const { bytes, dropped } = dropCustomSections(withAll(['b', 'a', 'b']));
    expect(Buffer.from(bytes).equals(FILTER)).toBe(true);
    expect(dropped).toEqual(['b', 'a']);
  });

  test('stay when they are to be kept', () => {
    const { bytes, dropped } = dropCustomSections(withAll(['x', 'name', 'y']), (name) => name === 'name');
    expect(bytes).toEqual(Buffer.from(withAll(['name'])));
    expect(dropped).toEqual(['x', 'y']);
  });

  test('a module without them is the same one', () => {
    expect(dropCustomSections(FILTER).bytes).toBe(FILTER);
  });

  test('a module that cannot be read stays as it is', () => {
    const cut = withAll(['x']).subarray(0, -2);
    expect(dropCustomSections(cut)).toEqual({ bytes: cut, dropped: [] });
    expect(isSigned(cut)).toBe(false);
  });
});

test.each([
  ['signature', true],
  ['signature_delimiter', true],
  ['name', false],
])('a module with the section %s: signed is %s', (name, signed) => {
  expect(isSigned(withAll(['producers', name]))).toBe(signed);
});

/** Fields of a module that are valid in any number and order, once functions are numbered. */
const field = fc.oneof(
  fc.constant('(func (param i32) (result i32) local.get 0)'),
  fc.constant('(func (result i64) i64.const -1)'),
  fc.integer({ min: -5, max: 5 }).map((value) => `(global (mut i32) (i32.const ${value}))`),
  fc.stringMatching(/^[a-z]{0,20}$/).map((text) => `(data (i32.const 8) "${text}")`),
  fc.constant('(type (func (param f64)))'),
);
const custom = fc.tuple(fc.string(), fc.uint8Array({ maxLength: 200 }));

/** The sections of a module as the format has them: id, size, content. Written without the reader under test. */
function split(bytes: Uint8Array): Uint8Array[] {
  const sections: Uint8Array[] = [];
  let at = 8;
  while (at < bytes.length) {
    const start = at;
    let size = 0;
    let shift = 0;
    let byte: number;
    at += 1;
    do {
      byte = bytes[at] ?? 0;
      size += (byte & 0x7f) * 2 ** shift;
      shift += 7;
      at += 1;
    } while (byte >= 0x80);
    at += size;
    sections.push(bytes.slice(start, at));
  }
  return sections;
}

test('every other section keeps its bytes and its place, and the module still compiles', () => {
  fc.assert(
    fc.property(
      fc.array(field, { maxLength: 8 }),
      fc.array(fc.tuple(fc.nat(20), custom), { maxLength: 6 }),
      (fields, customs) => {
        const plain = split(assemble(`(memory 1) ${fields.join(' ')}`));
        const mixed = [...plain];
        for (const [place, [name, content]] of customs) {
          const body = [...vector(Buffer.from(name)), ...content];
          mixed.splice(place % (mixed.length + 1), 0, Uint8Array.from([0, ...vector(body)]));
        }
        const given = Buffer.concat([wasm(), ...mixed]);
        const { bytes } = dropCustomSections(given);
        expect(Buffer.concat(split(bytes)).equals(Buffer.concat(plain))).toBe(true);
        expect(() => new WebAssembly.Module(Uint8Array.from(bytes))).not.toThrow();
      },
    ),
  );
});
