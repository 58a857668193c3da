import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { packTar, type TarEntry } from 'modern-tar';
import { unpackModule } from '../../../src/registry/unpack.ts';

const MODULE = Buffer.from('the module');
const layerOf = async (...entries: readonly TarEntry[]): Promise<Uint8Array> => gzipSync(await packTar([...entries]));
const file = (name: string, body: Uint8Array = MODULE): TarEntry => ({
  header: { name, size: body.length, type: 'file' },
  body,
});

// Nothing of a layer becomes a file: only the room "files" writes any (see the structure test). A name chooses, and leads nowhere.
describe('the names in a layer', () => {
  test.each([
    'plugin.wasm',
    './plugin.wasm',
    'a/b/plugin.wasm',
    '../../plugin.wasm',
    '/etc/plugin.wasm',
    '/plugin.wasm',
  ])('the bytes of %s are the module', async (name) => {
    expect(Buffer.from(await unpackModule(await layerOf(file(name)), 10_000))).toEqual(MODULE);
  });

  test.each<[string, TarEntry]>([
    ['a symbolic link', { header: { name: 'plugin.wasm', size: 0, type: 'symlink', linkname: '/etc/passwd' } }],
    ['a hard link', { header: { name: 'plugin.wasm', size: 0, type: 'link', linkname: '/etc/passwd' } }],
    ['a folder', { header: { name: 'plugin.wasm', size: 0, type: 'directory' } }],
    ['a device', { header: { name: 'plugin.wasm', size: 0, type: 'character-device' } }],
    ['a file of another name', file('plugin.wasm.bak')],
    ['a file whose folder has the name', file('plugin.wasm/x')],
  ])('%s is none', async (_, entry) => {
    await expect(unpackModule(await layerOf(entry), 10_000)).rejects.toThrow(/and none is plugin\.wasm/);
  });

  test('more than the limit is refused, however small it is packed', async () => {
    const big = await layerOf(file('plugin.wasm', Buffer.alloc(20_000_000)));
    expect(big.length).toBeLessThan(100_000);
    await expect(unpackModule(big, 10_000_000)).rejects.toThrow('more than 9.54 MiB');
  });
});
