import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { loadFilter, nameFromFile } from '../../../../src/filter/module/load.ts';
import { parsePort } from '../../../../src/filter/settings.ts';
import { filterModule, must, problemsIn, wasm } from '../../builders.ts';

describe('loadFilter', () => {
  test('gives the module of the file', async () => {
    const loaded = await loadFilter('a.wasm', async (path) => (path === 'a.wasm' ? wasm(7) : wasm()));
    expect(must(loaded)).toEqual(filterModule(7));
  });

  test('names the file in what is wrong with its content', async () => {
    const loaded = await loadFilter('a.wasm', async () => Buffer.from('hello'));
    expect(problemsIn(loaded)).toMatchObject([{ kind: 'filter', subject: 'filter "a.wasm"' }]);
  });

  test.each([
    ['ENOENT', 'cannot be read: there is no such file.'],
    ['EISDIR', 'cannot be read: it is a folder.'],
    ['EACCES', 'cannot be read: permission denied.'],
    ['EIO', 'cannot be read: EIO: a system error.'],
  ])('says %s in words and keeps it as the cause', async (code, message) => {
    const error = Object.assign(new Error(`${code}: a system error`), { code });
    const loaded = await loadFilter('a.wasm', () => Promise.reject(error));
    expect(problemsIn(loaded)).toMatchObject([{ kind: 'filter', subject: 'filter "a.wasm"', message, cause: error }]);
  });
});

describe('nameFromFile', () => {
  test.each([
    ['path/to/My_Filter.wasm', 'my-filter'],
    ['add-header.wasm', 'add-header'],
    ['ADD.WASM', 'add'],
    ['./build/release.min.wasm', 'release-min'],
    ['__x__.wasm', 'x'],
    ['plugin', 'plugin'],
    ['build/', 'build'],
    ['.wasm', ''],
    ['ü.wasm', ''],
    ['', ''],
  ])('%s gives "%s"', (path, name) => {
    expect(nameFromFile(path)).toBe(name);
  });

  test('gives the empty string or what Kubernetes allows as a label', () => {
    fc.assert(
      fc.property(fc.string(), (path) => {
        expect(nameFromFile(path)).toMatch(/^([a-z0-9]+(-[a-z0-9]+)*)?$/);
      }),
    );
  });
});

test.each<[string | number, number | undefined]>([
  ['1', 1],
  ['8080', 8080],
  ['65535', 65_535],
  [80, 80],
  ['0', undefined],
  ['65536', undefined],
  ['-1', undefined],
  ['80.5', undefined],
  [80.5, undefined],
  [0, undefined],
  ['0x50', undefined],
  ['1e3', undefined],
  ['', undefined],
  [' 80', undefined],
  [Number.NaN, undefined],
])('the port %j is %j', (value, port) => {
  expect(parsePort(value)).toBe(port);
});
