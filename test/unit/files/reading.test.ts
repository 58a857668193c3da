import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { fileFault, fileRemedy, pathStart, type ReadFile } from '../../../src/base/files.ts';
import { inputFileReader, userFileReader } from '../../../src/files/runner-files.ts';
import { Scratch } from './scratch.ts';

let scratch: Scratch;
beforeEach(() => {
  scratch = new Scratch();
  scratch.folder('work/repo');
  scratch.folder('work/_temp');
});
afterEach(() => scratch[Symbol.dispose]());

const MAX = 1000;
const OUTSIDE = /^it is outside the workspace and the runner's temporary folder, at "/;

/** What a reader gives of a file: its content, or why it cannot be read. */
const outcome = (readFile: ReadFile, path: string): Promise<string> =>
  readFile(path, MAX).then((bytes) => `read: ${Buffer.from(bytes)}`, fileFault);
const inputs = (workspace = 'work/repo'): ReadFile =>
  inputFileReader({ workspace: scratch.at(workspace), temporary: scratch.at('work/_temp') });
const own = (): ReadFile => userFileReader({ workspace: scratch.at('work/repo') });

describe('only a regular file of a limited size is read, by either reader', () => {
  test.each<[string, (at: string) => unknown, string | RegExp]>([
    ['a file', (at) => scratch.file(at), 'read: content'],
    ['an empty file', (at) => scratch.file(at, ''), 'read: '],
    ['a file of the most bytes', (at) => scratch.file(at, 'x'.repeat(MAX)), `read: ${'x'.repeat(MAX)}`],
    ['one byte more', (at) => scratch.sparse(at, MAX + 1), /^it has 1001 B; at most 1000 B are read$/],
    ['10 GB without content', (at) => scratch.sparse(at, 1e10), /^it has 9536\.74 MiB; /],
    ['nothing', () => undefined, 'there is no such file'],
    ['a folder', (at) => scratch.folder(at), 'it is a folder'],
    ['a named pipe', (at) => scratch.pipe(at), 'it is a named pipe'],
    ['a link to a named pipe', (at) => scratch.link(at, scratch.pipe('work/repo/p')), 'it is a named pipe'],
    ['a link to itself', (at) => scratch.link(at, 'f'), 'its symbolic links lead in a circle'],
    ['a file as folder', (at) => scratch.file(at.replace(/\/f$/, '')), 'there is no such file'],
  ])('%s', async (name, make, expected) => {
    const folder = name === 'a file as folder' ? 'work/repo/x' : 'work/repo';
    make(`${folder}/f`);
    for (const reader of [inputs(), own()]) {
      expect(await outcome(reader, scratch.at(`${folder}/f`))).toEqual(
        expected instanceof RegExp ? expect.stringMatching(expected) : expected,
      );
    }
  });

  test('a link to nothing, whose target is named where the workflow has named the link', async () => {
    scratch.link('work/repo/f', 'nowhere');
    expect(await outcome(inputs(), 'f')).toBe('it is a symbolic link to "nowhere", which does not exist');
    expect(await outcome(own(), 'f')).toBe('there is no such file');
  });

  test('a path that is not there says where the workspace is, where that may be the reason', async () => {
    const remedy = (path: string, workspace?: string): Promise<string> =>
      inputs(workspace)(path, MAX).then(String, (error) => fileRemedy(error, 'the general advice'));
    const workspace = scratch.at('work/repo');
    for (const path of ['x', scratch.at('work/repo/x'), '/x']) {
      await expect(inputs()(path, MAX)).rejects.toMatchObject({ code: 'ENOENT' });
    }
    expect(await remedy('build/x.wasm')).toBe('the general advice');
    expect(await remedy('/home/runner/work/repo/x.wasm')).toBe(
      `Give a relative path to a file of the workspace, which is "${workspace}" here; inside a container, absolute paths differ from those of the host.`,
    );
    scratch.file('work/repo/ci/targets.yaml');
    expect(await remedy('ci/targets.yml')).toBe('Did you mean "ci/targets.yaml"? the general advice');
    const inManifest = (path: string, manifest: string): Promise<string> =>
      inputs()(path, MAX).then(String, (error) => fileRemedy(error, pathStart(manifest), manifest));
    expect(await inManifest('ci/targets.yml', 'mesh/filters.yaml')).toBe(
      'Did you mean "../ci/targets.yaml"? In a manifest, paths are relative to its folder, here "mesh".',
    );
    expect(await inManifest('ci/targets.yml', 'ci/filters.yaml')).toContain('Did you mean "targets.yaml"?');
    expect(await inManifest('ci/targets.yml', 'filters.yaml')).toBe(
      'Did you mean "ci/targets.yaml"? In a manifest, paths are relative to its folder, here the workspace.',
    );
    expect(await outcome(inputs(), 'ci/targets.yml')).toBe('there is no such file');
    scratch.file('work/_temp/other.yaml');
    expect(await remedy('../_temp/other.yml')).toBe('the general advice');
    expect(await outcome(inputs('work/gone'), 'x.wasm')).toBe(`there is no workspace at "${scratch.at('work/gone')}"`);
  });

  test('a socket', async () => {
    const server = createServer().listen(scratch.at('work/repo/f'));
    await once(server, 'listening');
    expect(await outcome(inputs(), 'f')).toBe('it is a socket');
    expect(await outcome(own(), 'f')).toBe('it is a socket');
    server.close();
  });

  test.each(['/dev/zero', '/dev/null', '/dev/tty'])('the device %s', async (path) => {
    expect(await outcome(own(), path)).toBe('it is a device');
  });

  test('a file of the system that says that it is empty is read as far as the limit', async () => {
    await expect(userFileReader({ workspace: '/' })('/proc/self/maps', 100)).rejects.toThrow('it has more than 100 B');
    expect(Buffer.from(await userFileReader({ workspace: '/' })('/proc/self/comm', 100))).not.toHaveLength(0);
  });

  test.each([1, 65_535, 65_536, 65_537, 200_000])(
    '%d bytes come as they are, with any limit that they keep',
    async (size) => {
      const content = Buffer.alloc(size, 'abcdefg');
      const path = scratch.file('work/repo/f', content);
      for (const maxBytes of [size, size + 1, 10 * size]) {
        expect(Buffer.compare(await inputs()(path, maxBytes), content)).toBe(0);
      }
      await expect(inputs()(path, size - 1)).rejects.toThrow(/at most .* are read/);
    },
  );

  test('a file of the system is read whole, however long it is', async () => {
    const before = readFileSync('/proc/self/maps');
    const read = await userFileReader({ workspace: '/' })('/proc/self/maps', 10_000_000);
    expect(Math.abs(read.length - before.length)).toBeLessThan(before.length / 2);
  });

  test.each([
    ['a zero byte', 'a\0b', 'it is not a valid path: it contains a zero byte'],
    ['a whole text', 'x'.repeat(5000), 'it is not a valid path: its name is too long'],
  ])('a path with %s', async (_, path, fault) => {
    expect(await outcome(inputs(), path)).toBe(fault);
    expect(await outcome(own(), path)).toBe(fault);
  });
});

describe('where a file that the workflow names may lie', () => {
  test.each<[string, () => string]>([
    ['in the workspace, by a relative path', () => scratch.file('work/repo/a/f') && 'a/f'],
    ['by a path with ".." that stays inside', () => scratch.file('work/repo/f') && './a/../f'],
    ['by an absolute path', () => scratch.file('work/repo/f')],
    ['with a name that begins with two dots', () => scratch.file('work/repo/..f')],
    ['in the temporary folder', () => scratch.file('work/_temp/f')],
    ['behind a link inside the workspace', () => scratch.file('work/repo/v2/f') && scratch.link('work/repo/f', 'v2/f')],
    [
      'behind a folder that is a link',
      () => {
        scratch.file('work/repo/v2/f');
        scratch.link('work/repo/current', 'v2');
        return 'current/f';
      },
    ],
    ['behind a link to the temporary folder', () => scratch.link('work/repo/f', scratch.file('work/_temp/f'))],
  ])('%s: it is read', async (_, make) => {
    expect(await outcome(inputs(), make())).toBe('read: content');
  });

  test.each<[string, () => string]>([
    ['by an absolute path', () => scratch.file('etc/f')],
    ['by ".."', () => scratch.file('work/other/f') && '../other/f'],
    ['beside a folder whose name begins the same', () => scratch.file('work/repo-2/f')],
    ['behind a link', () => scratch.link('work/repo/f', scratch.file('etc/f'))],
    ['behind a relative link', () => scratch.file('etc/f') && scratch.link('work/repo/f', '../../etc/f')],
    [
      'behind a link to a link',
      () => {
        scratch.link('work/repo/g', scratch.file('etc/f'));
        return scratch.link('work/repo/f', 'g');
      },
    ],
    [
      'behind a folder that is a link',
      () => {
        scratch.file('etc/f');
        scratch.link('work/repo/d', '../../etc');
        return 'd/f';
      },
    ],
    [
      'by ".." behind a folder that is a link',
      () => {
        scratch.file('etc/f');
        scratch.folder('etc/sub');
        scratch.link('work/repo/d', '../../etc/sub');
        return scratch.link('work/repo/f', 'd/../f');
      },
    ],
    ['the temporary folder by its parent', () => scratch.file('work/_temp/../f')],
  ])('outside, %s: it is refused', async (_, make) => {
    const path = make();
    expect(await outcome(inputs(), path)).toMatch(OUTSIDE);
    // The user's own environment may lie anywhere.
    expect(await outcome(own(), path)).toBe('read: content');
  });

  test('a refusal says what to do', async () => {
    const refused = await inputs()(scratch.file('etc/f'), MAX).catch((error) => fileRemedy(error, 'something else'));
    expect(refused).toBe('Copy it into the workspace in an earlier step.');
  });

  test.each(['by its link', 'by its real path'])('a workspace behind a link, %s', async (how) => {
    scratch.file('work/repo/f');
    scratch.link('w', 'work/repo');
    scratch.link('work/repo/out', scratch.file('etc/f'));
    const base = how === 'by its link' ? scratch.at('w') : scratch.at('work/repo');
    for (const workspace of ['w', 'work/repo']) {
      expect(await outcome(inputs(workspace), `${base}/f`)).toBe('read: content');
      expect(await outcome(inputs(workspace), 'f')).toBe('read: content');
      expect(await outcome(inputs(workspace), `${base}/out`)).toMatch(OUTSIDE);
    }
  });

  test('without a temporary folder, only the workspace counts', async () => {
    const readFile = inputFileReader({ workspace: scratch.at('work/repo') });
    expect(await outcome(readFile, scratch.file('work/repo/f'))).toBe('read: content');
    expect(await outcome(readFile, scratch.file('work/_temp/f'))).toMatch(OUTSIDE);
  });

  test('a temporary folder that is not there holds nothing, and spoils nothing', async () => {
    const readFile = inputFileReader({ workspace: scratch.at('work/repo'), temporary: scratch.at('none') });
    expect(await outcome(readFile, scratch.file('work/repo/f'))).toBe('read: content');
  });
});
