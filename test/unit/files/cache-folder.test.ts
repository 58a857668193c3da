import { readdirSync, utimesSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { fileFault } from '../../../src/base/files.ts';
import { cacheFolder } from '../../../src/files/cache-folder.ts';
import { Scratch } from './scratch.ts';

let scratch: Scratch;
beforeEach(() => {
  scratch = new Scratch();
});
afterEach(() => scratch[Symbol.dispose]());

const LIMITS = { maxFiles: 2, maxBytes: 10 };
const bytes = (text: string): Uint8Array => Buffer.from(text);

test('a file is read as it was written, and nothing else lies beside it', async () => {
  const { read, write } = cacheFolder(scratch.at('tools/cache'), LIMITS);
  expect(await read('a')).toBeUndefined();
  await write('a', bytes('old'));
  await write('a', bytes('new'));
  expect(Buffer.from((await read('a')) ?? []).toString()).toBe('new');
  expect(readdirSync(scratch.at('tools/cache'))).toEqual(['a']);
});

test('of more files than it keeps, the oldest go', async () => {
  const { write } = cacheFolder(scratch.folder('cache'), LIMITS);
  for (const [age, name] of ['a', 'b', 'c'].entries()) {
    await write(name, bytes(name));
    utimesSync(scratch.at(`cache/${name}`), 1_000 + age, 1_000 + age);
  }
  await write('d', bytes('d'));
  expect(readdirSync(scratch.at('cache')).sort()).toEqual(['c', 'd']);
});

test('a file that is larger than any of the cache is refused', async () => {
  const { read } = cacheFolder(scratch.root, LIMITS);
  scratch.file('a', 'x'.repeat(11));
  expect(await read('a').then(String, fileFault)).toMatch(/^it has 11 B/);
});

test('a folder that cannot be made is an error of the write, and nothing of it of the read', async () => {
  scratch.file('cache');
  const { read, write } = cacheFolder(scratch.at('cache/tools'), LIMITS);
  await expect(write('a', bytes('a'))).rejects.toThrow();
  await expect(read('a').catch(() => undefined)).resolves.toBeUndefined();
});
