import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { checkModule, fitsConfigMap } from '../../../../src/filter/module/module.ts';
import { must, problemsIn, wasm } from '../../builders.ts';

const bytes = (...values: readonly (number | string)[]): Uint8Array =>
  Buffer.concat(values.map((value) => (typeof value === 'string' ? Buffer.from(value) : Buffer.from([value]))));
const MAGIC = '\0asm';

test('a module is kept as it is, with its digest', () => {
  const module = must(checkModule(wasm(1, 2, 3), 'filter "a.wasm"'));
  expect(module.bytes).toEqual(wasm(1, 2, 3));
  expect(module.digest).toBe(
    `sha256:${createHash('sha256')
      .update(wasm(1, 2, 3))
      .digest('hex')}`,
  );
});

describe('what is no module', () => {
  test.each<[string, Uint8Array, string]>([
    ['nothing', bytes(), 'is empty.'],
    ['gzip', gzipSync(wasm()), 'is not a WebAssembly module; it is gzip-compressed.'],
    ['a zip archive', bytes('PK', 3, 4, 'xyz'), 'is not a WebAssembly module; it is a zip archive.'],
    [
      'a Git LFS pointer',
      bytes('version https://git-lfs.github.com/spec/v1\noid sha256:0'),
      '; it is a Git LFS pointer',
    ],
    ['WebAssembly text', bytes('\n (module\n (func))'), '; it is WebAssembly text, which has to be compiled first.'],
    ['commented WebAssembly text', bytes(';; a filter\n(module)'), '; it is WebAssembly text'],
    ['an HTML page', bytes('\n<!DOCTYPE html><title>404'), '; it is an HTML page, often a failed download.'],
    ['an HTML page without a doctype', bytes('<html><body>'), '; it is an HTML page'],
    ['a native program', bytes(0x7f, 'ELF', 2, 1, 1), '; it is a native program, compiled for another target.'],
    ['any other text', bytes('hello'), 'is not a WebAssembly module.'],
    ['a part of the magic', bytes('\0as'), 'is not a WebAssembly module.'],
    ['the magic alone', bytes(MAGIC), 'is cut off after its first bytes.'],
    ['a half version', bytes(MAGIC, 1, 0, 0), 'is cut off after its first bytes.'],
    ['a component', bytes(MAGIC, 0x0d, 0, 1, 0), 'is a WebAssembly component; Proxy-Wasm needs a core module.'],
    ['another version', bytes(MAGIC, 2, 0, 0, 0), 'has WebAssembly version 2; Envoy reads version 1.'],
  ])('%s', (_, content, message) => {
    const [problem, ...more] = problemsIn(checkModule(content, 'filter "a.wasm"'));
    expect(more).toEqual([]);
    expect(problem).toMatchObject({ kind: 'filter', subject: 'filter "a.wasm"' });
    expect(problem?.message).toContain(message);
    expect(problem?.remedy).toBe('Pass the .wasm file that the compiler wrote.');
  });
});

test.each([
  [1_048_576, true],
  [1_048_577, false],
])('a module of %i bytes is one, and whether a ConfigMap holds it is %s', (size, fits) => {
  const content = new Uint8Array(size);
  content.set(wasm());
  const checked = checkModule(content, 'a');
  expect(checked.ok).toBe(true);
  expect(fitsConfigMap({ bytes: content })).toBe(fits);
});
