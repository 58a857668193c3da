import { assemble, CREATE, LEAST, MALLOC, MARKER, vector, withCustom } from '../unit/filter/wat.ts';
import { type Chapter, fromBytes, fromTexts, type Texts } from './fixture.ts';

const FEATURES: Texts = [
  ['bulk memory', `${LEAST}(func (memory.fill (i32.const 0) (i32.const 1) (i32.const 8)))`],
  [
    'a passive data segment',
    `${LEAST}(data "passive")(func (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 4)) (data.drop 0))`,
  ],
  ['sign extension', `${LEAST}(func (drop (i32.extend8_s (i32.const 200))))`],
  ['conversions that saturate', `${LEAST}(func (drop (i32.trunc_sat_f64_s (f64.const 1e99))))`],
  ['several results', `${LEAST}(func (result i32 i64) (i32.const 1) (i64.const 2))`],
  ['reference types', `${LEAST}(table 1 externref)(func (param externref) (table.set 0 (i32.const 0) (local.get 0)))`],
  ['SIMD', `${LEAST}(func (result v128) (i32x4.add (v128.const i32x4 1 2 3 4) (v128.const i32x4 1 2 3 4)))`],
  ['relaxed SIMD', `${LEAST}(func (param v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))`],
  ['tail calls', `${LEAST}(func $a (return_call $b)) (func $b)`],
  ['threads: atomic operations', `${LEAST}(func (drop (i32.atomic.load (i32.const 0))))`],
  [
    'threads: waiting',
    `(memory (export "memory") 1 2 shared)${MARKER}${MALLOC}${CREATE}(func (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 1))))`,
  ],
  ['exceptions as first proposed', `${LEAST}(tag $e)(func (try (do (throw $e)) (catch_all)))`],
  ['extended constants', `${LEAST}(global i32 (i32.add (i32.const 1) (i32.const 2)))`],
  ['several memories', `${LEAST}(memory 1)(func (drop (i32.load 1 (i32.const 0))))`],
  ['64-bit memory', `(memory (export "memory") i64 1)${MARKER}${MALLOC}${CREATE}`],
];

/** The least filter with a function of `code`, which wabt cannot write: as many `nop` take its place. */
function withCode(...code: readonly number[]): Uint8Array {
  const nops = Buffer.from(code.map(() => 0x01));
  const bytes = Buffer.from(assemble(`${LEAST}(func ${'nop '.repeat(code.length)})`));
  bytes.set(code, bytes.indexOf(nops, bytes.length - nops.length - 1));
  return bytes;
}

const NEW_FEATURES: Readonly<Record<string, Uint8Array>> = {
  'typed function references': withCode(0xd0, 0x00, 0x1a),
  'garbage collection: small integers as references': withCode(0x41, 0x01, 0xfb, 0x1c, 0x1a),
  'exceptions as they are standard now': withCode(0x1f, 0x40, 0x00, 0x0b),
  'an instruction that nobody knows': withCode(0xff),
};

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const least = assemble(LEAST);
const section = (id: number, ...content: readonly number[]): number[] => [id, ...vector(content)];
/** The least filter with more sections in front, for what wabt cannot write. */
const before = (...sections: readonly number[][]): Uint8Array =>
  Uint8Array.from([...HEADER, ...sections.flat(), ...least.subarray(HEADER.length)]);
const atEnd = (...bytes: readonly number[]): Uint8Array => Uint8Array.from([...least, ...bytes]);
const cut = (length: number): Uint8Array => least.slice(0, length);

/** A data section of this many bytes in a memory that holds it. */
function large(bytes: number): Uint8Array {
  const pages = Math.ceil(bytes / 65_536) + 1;
  return assemble(
    `(memory (export "memory") ${pages})${MARKER}${MALLOC}${CREATE}(data (i32.const 1024) "${'x'.repeat(bytes)}")`,
  );
}

const DAMAGED: Readonly<Record<string, Uint8Array>> = {
  'an empty file': new Uint8Array(),
  'a text file': Buffer.from('(module)'),
  'four bytes': cut(4),
  'only the header': cut(8),
  'cut off in the middle': cut(Math.floor(least.length / 2)),
  'cut off by one byte': cut(least.length - 1),
  'one byte too many': atEnd(0),
  'version 2': Uint8Array.from([...HEADER.slice(0, 4), 2, 0, 0, 0, ...least.subarray(8)]),
  'a component': Uint8Array.from([...HEADER.slice(0, 4), 0x0d, 0, 1, 0]),
  'an unknown section': atEnd(...section(99, 1, 2, 3)),
  'a section twice': atEnd(...section(7, 0)),
  'sections in the wrong order': atEnd(...section(1, 0)),
  'a length that does not end': atEnd(0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  'a custom section without a name': atEnd(0, 0),
  'a custom section with a name that is too long': atEnd(0, 2, 9, 0x61),
  'a custom section with a name that is no UTF-8': atEnd(0, 3, 2, 0xff, 0xfe),
  'a large custom section': withCustom(least, 'notes', new Uint8Array(100_000)),
  'a custom section in front': before(section(0, ...vector(Buffer.from('a')), 1)),
  'names that end too early': withCustom(least, 'name', [1, 5, 2, 0, 1]),
  'names that are longer than their list': withCustom(least, 'name', [1, 5, 1, 0, 1, 0x61, 0]),
  'names that are no UTF-8': withCustom(least, 'name', [1, 4, 1, 0, 1, 0xff]),
  'names of locals that are wrong': withCustom(least, 'name', [2, 2, 9, 9]),
  'a name section twice, the second wrong': withCustom(withCustom(least, 'name', []), 'name', [1, 5, 2, 0, 1]),
  'an empty name section': withCustom(least, 'name', []),
  'a section of precompiled code that is empty': withCustom(least, 'precompiled_v8', []),
  'a section of precompiled code that is none': withCustom(least, 'precompiled_wee8_v9_linux', [1, 2, 3]),
  'a signature that does not fit': withCustom(least, 'signature_wasmsign', [1, 2, 3]),
  'a module of 3 MiB': large(3_000_000),
};

export const ENGINE_CHAPTERS: readonly Chapter[] = [
  { title: 'Features of WebAssembly', fixtures: [...fromTexts(FEATURES), ...fromBytes(NEW_FEATURES)] },
  { title: 'Damaged and unusual files', fixtures: fromBytes(DAMAGED) },
];
