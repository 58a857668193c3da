import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Malformed } from '../../../../src/filter/module/byte-reader.ts';
import { readFacts } from '../../../../src/filter/module/facts.ts';
import { readSections } from '../../../../src/filter/module/sections.ts';
import { must, problemsIn, wasm } from '../../builders.ts';
import { assemble, factsOf, importing, LEAST, MALLOC, MARKER, MEMORY, producers, vector, withCustom } from '../wat.ts';

const RICH = assemble(`
  ${importing('env', 'proxy_log', 'i32 i32 i32')}
  (import "wasi_unstable" "fd_seek" (func (param i32 i64 i32 i32) (result i32)))
  (import "env" "table" (table 1 10 funcref))
  (import "env" "base" (global i32))
  (global $g (mut i64) (i64.const 5))
  (global (export "flag") i32 (i32.const 1))
  (func $start) (start $start)
  (data (i32.const 8) "text")
  (func (export "mixed") (param f32 f64 externref) (result i64) i64.const 1)
  ${LEAST}`);

describe('what the sections say', () => {
  const facts = must(readFacts(RICH));

  test('imports with their types', () => {
    expect(facts.imports).toEqual([
      { module: 'env', name: 'proxy_log', kind: 'function', params: ['i32', 'i32', 'i32'], results: ['i32'] },
      {
        module: 'wasi_unstable',
        name: 'fd_seek',
        kind: 'function',
        params: ['i32', 'i64', 'i32', 'i32'],
        results: ['i32'],
      },
      { module: 'env', name: 'table', kind: 'table', params: [], results: [], holds: 'funcref' },
      { module: 'env', name: 'base', kind: 'global', params: [], results: [], holds: 'i32' },
    ]);
  });

  test('exports with their types', () => {
    expect(facts.exports.map(({ name, kind }) => [name, kind])).toEqual([
      ['flag', 'global'],
      ['mixed', 'function'],
      ['memory', 'memory'],
      ['proxy_abi_version_0_2_1', 'function'],
      ['malloc', 'function'],
      ['proxy_on_context_create', 'function'],
    ]);
    expect(facts.exports[1]).toMatchObject({ params: ['f32', 'f64', 'externref'], results: ['i64'] });
    expect(facts.exports[4]).toMatchObject({ params: ['i32'], results: ['i32'] });
  });

  test('memories, globals, the start function', () => {
    expect(facts.memories).toEqual([{ imported: false, exported: true, shared: false, pages: 1 }]);
    expect(facts.globals).toEqual({ imported: 1, defined: 2 });
    expect(facts.startFunction).toBe(true);
    expect(factsOf(LEAST).startFunction).toBe(false);
  });

  test('sizes that make up the whole file', () => {
    const sum = facts.sizes.reduce((total, { bytes }) => total + bytes, 8);
    expect(sum).toBe(RICH.length);
    expect(facts.sizes.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['type', 'import', 'function', 'memory', 'global', 'export', 'start', 'code', 'data']),
    );
  });

  test('custom sections by their names, and how much of them is for debugging', () => {
    const bytes = withCustom(withCustom(withCustom(RICH, '.debug_info', Buffer.alloc(500)), 'name', []), 'mine', [1]);
    const { sizes, debugBytes } = must(readFacts(bytes));
    expect(sizes.filter(({ custom }) => custom).map(({ name }) => name)).toEqual(['.debug_info', 'name', 'mine']);
    expect(debugBytes).toBe(bytes.length - RICH.length - 'mine'.length - 4);
  });

  test('shared and imported memories', () => {
    expect(factsOf('(import "env" "m" (memory 1 2 shared)) (export "memory" (memory 0))').memories).toEqual([
      { imported: true, exported: true, shared: true, pages: 1 },
    ]);
  });

  test('types that refer to each other', () => {
    const types = [0x4e, 2, 0x50, 0, 0x5f, 2, 0x7f, 0, 0x64, 0, 1, 0x60, 2, 0x6e, 0x7b, 0];
    const body = [1, ...types];
    const module = [
      ...wasm(),
      1,
      ...vector(body),
      3,
      2,
      1,
      1,
      7,
      ...vector([1, 1, 0x78, 0, 0]),
      10,
      5,
      1,
      3,
      0,
      0,
      0x0b,
    ];
    expect(must(readFacts(Uint8Array.from(module))).exports).toEqual([
      { name: 'x', kind: 'function', params: ['ref', 'v128'], results: [] },
    ]);
  });
});

describe('the ABI version', () => {
  const marker = (version: string): string => `(func (export "proxy_abi_version_${version}"))`;
  test.each<[string, string, string | undefined]>([
    ['0.1.0', marker('0_1_0'), '0.1.0'],
    ['0.2.0', marker('0_2_0'), '0.2.0'],
    ['0.2.1', marker('0_2_1'), '0.2.1'],
    ['the first of several', marker('0_2_0') + marker('0_1_0'), '0.2.0'],
    ['the first that Envoy knows', marker('0_3_0') + marker('0_1_0'), '0.1.0'],
    ['none', '', undefined],
    ['an unknown one', marker('0_3_0'), undefined],
    ['a global is no marker', '(global (export "proxy_abi_version_0_2_1") i32 (i32.const 1))', undefined],
    ['its type does not matter', '(func (export "proxy_abi_version_0_2_1") (param i64))', '0.2.1'],
    ['no function of this name', '(func (export "proxy_abi_version_00_2_1"))', undefined],
  ])('%s', (_, fields, abi) => {
    expect(factsOf(fields).abi).toBe(abi);
  });
});

test.each<[string, string]>([
  ['(func (export "_initialize")) (func (export "_start"))', 'reactor'],
  ['(func (export "_start"))', 'command'],
  ['(func (export "main"))', 'none'],
  ['(global (export "_start") i32 (i32.const 1))', 'none'],
])('%s starts as %s', (fields, start) => {
  expect(factsOf(fields).start).toBe(start);
});

describe('the toolchain', () => {
  test.each<[string, Record<string, string[]>, string]>([
    ['rustc', { language: ['Rust'], 'processed-by': ['rustc'] }, 'Rust'],
    ['rustc with C libraries', { language: ['C11', 'Rust'], 'processed-by': ['clang', 'rustc'] }, 'Rust'],
    ['Go', { language: ['Go'], 'processed-by': ['Go cmd/compile'] }, 'Go'],
    ['TinyGo', { language: ['Go', 'C11'], 'processed-by': ['clang'] }, 'TinyGo'],
    ['TinyGo by name', { language: [], 'processed-by': ['TinyGo'] }, 'TinyGo'],
    ['C++', { language: ['C11', 'C_plus_plus_17'], 'processed-by': ['clang'] }, 'C++'],
    ['C alone says nothing', { language: ['C11'], 'processed-by': ['clang'] }, 'unknown'],
  ])('%s by its producers section', (_, fields, toolchain) => {
    expect(must(readFacts(withCustom(assemble(LEAST), 'producers', producers(fields)))).toolchain).toBe(toolchain);
  });

  test.each<[string, string, string]>([
    [
      'AssemblyScript by its strings',
      `${LEAST}(data (i32.const 0) "~\\00l\\00i\\00b\\00/\\00r\\00t\\00")`,
      'AssemblyScript',
    ],
    ['AssemblyScript by its exports', `${LEAST}(global (export "__rtti_base") i32 (i32.const 0))`, 'AssemblyScript'],
    ['Rust by its paths', `${LEAST}(data (i32.const 0) "/rustc/59807616e/library/core/src/str.rs")`, 'Rust'],
    ['Rust by wasm-bindgen', `${importing('__wbindgen_placeholder__', 'f', '')}${LEAST}`, 'Rust'],
    ['TinyGo by its exports', `${LEAST}(func (export "tinygo_unwind"))`, 'TinyGo'],
    ['C++ by Emscripten', `${importing('env', 'emscripten_notify_memory_growth', 'i32', '')}${LEAST}`, 'C++'],
    ['nothing to go by', LEAST, 'unknown'],
  ])('%s', (_, fields, toolchain) => {
    expect(factsOf(fields).toolchain).toBe(toolchain);
  });

  test('Go by its build id, and a broken producers section harms nothing', () => {
    const bytes = withCustom(assemble(LEAST), 'producers', [99, 200]);
    expect(must(readFacts(bytes)).toolchain).toBe('unknown');
    expect(must(readFacts(withCustom(bytes, 'go:buildid', [1]))).toolchain).toBe('Go');
  });
});

describe('what is no module', () => {
  test('says what V8 says, and that Envoy will say the same', () => {
    const [problem] = problemsIn(readFacts(RICH.subarray(0, RICH.length - 3), 'filter "a.wasm"'));
    expect(problem).toMatchObject({ kind: 'filter', subject: 'filter "a.wasm"' });
    expect(problem?.message).toMatch(/V8 says "section .+Envoy runs filters in V8 too/);
  });

  test('an invalid body is found, though all sections can be read', () => {
    const bytes = assemble(`${MEMORY}${MARKER}${MALLOC}`);
    bytes[bytes.length - 1] = 0x0f;
    expect(readSections(bytes).exports).toHaveLength(3);
    expect(problemsIn(readFacts(bytes))).toHaveLength(1);
  });

  // Envoy 1.36 to 1.40 were tried with each of these.
  test.each<[string, number[], boolean]>([
    ['good', [1, 5, 1, 0, 2, 97, 98], true],
    ['empty', [], true],
    ['with another part', [0, 2, 1, 97], true],
    ['longer than its section', [1, 200], false],
    ['a name longer than its part', [1, 3, 1, 0, 90], false],
    ['more names than there are', [1, 1, 50], false],
    ['a byte too many', [1, 6, 1, 0, 2, 97, 98, 0], false],
  ])('a name section that is %s', (_, content, ok) => {
    expect(readFacts(withCustom(assemble(LEAST), 'name', content)).ok).toBe(ok);
  });

  test('only the first name section counts', () => {
    const good = withCustom(assemble(LEAST), 'name', [1, 5, 1, 0, 2, 97, 98]);
    expect(readFacts(withCustom(good, 'name', [1, 200])).ok).toBe(true);
  });

  test('a feature that is switched off here is no reason to refuse', () => {
    // A parameter of the type stringref.
    const module = [...wasm(), 1, 5, 1, 0x60, 1, 0x67, 0];
    const { switchedOff } = must(readFacts(Uint8Array.from(module)));
    expect(switchedOff).toMatch(/--experimental-wasm/);
  });
});

describe('whatever the bytes are', () => {
  const damaged = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Uint8Array.from([...wasm(), ...bytes])),
    fc.integer({ min: 0, max: RICH.length }).map((length) => RICH.subarray(0, length)),
    fc
      .array(fc.tuple(fc.integer({ min: 0, max: RICH.length - 1 }), fc.integer({ min: 0, max: 255 })), {
        minLength: 1,
        maxLength: 4,
      })
      .map((changes) => {
        const bytes = Uint8Array.from(RICH);
        for (const [index, value] of changes) bytes[index] = value;
        return bytes;
      }),
  );

  test('there are facts or problems', () => {
    fc.assert(
      fc.property(damaged, (bytes) => {
        const read = readFacts(bytes);
        if (!read.ok) expect(read.problems).toMatchObject([{ kind: 'filter' }]);
      }),
      { numRuns: 500 },
    );
  });

  test('the reader of sections says that they are malformed, or reads them', () => {
    fc.assert(
      fc.property(damaged, (bytes) => {
        try {
          readSections(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(Malformed);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
