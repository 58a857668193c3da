import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { fileFault } from '../../../src/base/files.ts';
import { type WorkspaceWriter, workspaceWriter } from '../../../src/files/workspace-writer.ts';
import { Scratch } from './scratch.ts';

let scratch: Scratch;
let writer: WorkspaceWriter;
beforeEach(() => {
  scratch = new Scratch();
  scratch.folder('work/etc');
  writer = workspaceWriter(scratch.folder('work/repo'));
});
afterEach(() => scratch[Symbol.dispose]());

const text = (path: string): string => readFileSync(scratch.at(path), 'utf8');
const write = (path: string): Promise<string> => writer.writeFile(path, 'new').then(() => 'written', fileFault);
const remove = (path: string): Promise<string> =>
  writer.removeFile(path).then((was) => (was ? 'removed' : 'nothing'), fileFault);

describe('inside the workspace', () => {
  test.each<[string, string, string, () => unknown]>([
    ['a new file', 'f', 'f', () => undefined],
    ['new folders', 'a/b/f', 'a/b/f', () => undefined],
    ['a file that is there', 'f', 'f', () => scratch.file('work/repo/f', 'old, and longer')],
    ['by ".." that stays inside', 'a/../b/f', 'b/f', () => undefined],
    [
      'by a link between folders',
      'd/f',
      'e/f',
      () => scratch.folder('work/repo/e') && scratch.link('work/repo/d', 'e'),
    ],
  ])('%s is written, and nothing else', async (_, path, lands, make) => {
    make();
    expect(await write(path)).toBe('written');
    expect(text(`work/repo/${lands}`)).toBe('new');
    const files = readdirSync(scratch.at('work/repo'), { recursive: true, withFileTypes: true });
    expect(new Set(files.filter((entry) => entry.isFile()).map(({ name }) => name))).toEqual(new Set(['f']));
  });

  test('by an absolute path', async () => {
    expect(await write(scratch.at('work/repo/f'))).toBe('written');
    expect(text('work/repo/f')).toBe('new');
  });

  test('of a workspace that is itself behind a link, in either spelling', async () => {
    scratch.link('w', 'work/repo');
    writer = workspaceWriter(scratch.at('w'));
    for (const path of ['f', scratch.at('w/f'), scratch.at('work/repo/f')]) {
      expect(await write(path)).toBe('written');
      expect(await remove(path)).toBe('removed');
    }
    expect(await write('../f')).toBe('it is outside the workspace');
  });

  test('a file is removed once', async () => {
    scratch.file('work/repo/a/f');
    expect(await remove('a/f')).toBe('removed');
    expect(await remove('a/f')).toBe('nothing');
    expect(await remove('none/f')).toBe('nothing');
    expect(readdirSync(scratch.at('work/repo'))).toEqual(['a']);
  });
});

describe('the workspace is not left', () => {
  test.each<[string, string, RegExp, () => unknown]>([
    ['by ".."', '../etc/f', /^it is outside the workspace$/, () => undefined],
    ['by ".." behind a folder', 'a/../../etc/f', /^it is outside the workspace$/, () => undefined],
    ['by a folder that is a link', 'd/f', leadsOut('d'), () => scratch.link('work/repo/d', '../etc')],
    ['by an absolute link', 'd/f', leadsOut('d'), () => scratch.link('work/repo/d', scratch.at('work/etc'))],
    ['by a link further down', 'a/b/d/f', leadsOut('a/b/d'), () => scratch.link('work/repo/a/b/d', '../../../etc')],
    [
      'by a link to a link',
      'd/f',
      leadsOut('d'),
      () => scratch.link('work/repo/e', '../etc') && scratch.link('work/repo/d', 'e'),
    ],
    ['by a folder behind a link', 'd/new/f', leadsOut('d'), () => scratch.link('work/repo/d', '../etc')],
    [
      'by a link to nothing',
      'd/f',
      /^"d" is a symbolic link to something that does not exist$/,
      () => scratch.link('work/repo/d', '../etc/new'),
    ],
    ['by a link in a circle', 'd/f', /^its symbolic links lead in a circle$/, () => scratch.link('work/repo/d', 'd')],
    ['through a file', 'd/f', /^"d" already exists and is not a folder$/, () => scratch.file('work/repo/d')],
    ['through a pipe', 'd/f', /^"d" already exists and is not a folder$/, () => scratch.pipe('work/repo/d')],
    ['by the workspace itself', '.', /^it is outside the workspace$/, () => undefined],
  ])('%s', async (_, path, fault, make) => {
    make();
    scratch.file('work/etc/g', 'secret');
    expect(await write(path)).toMatch(fault);
    expect(readdirSync(scratch.at('work/etc'))).toEqual(['g']);
    expect(text('work/etc/g')).toBe('secret');
    scratch.file('work/etc/f', 'old');
    expect(await remove(path)).not.toBe('removed');
    expect(text('work/etc/f')).toBe('old');
  });

  test('by an absolute path', async () => {
    const path = scratch.file('work/etc/f', 'old');
    expect(await write(path)).toBe('it is outside the workspace');
    expect(await remove(path)).toBe('it is outside the workspace');
    expect(text('work/etc/f')).toBe('old');
  });

  test.each([
    ['a file', '../etc/f'],
    ['nothing', '../etc/new'],
    ['a folder', '../etc'],
  ])('by a link to %s in the place of the file: the link itself is replaced or removed', async (_, target) => {
    scratch.file('work/etc/f', 'old');
    scratch.link('work/repo/f', target);
    expect(await write('f')).toBe('written');
    expect(lstatSync(scratch.at('work/repo/f')).isFile()).toBe(true);
    scratch.link('work/repo/g', target);
    expect(await remove('g')).toBe('removed');
    expect(readdirSync(scratch.at('work/etc'))).toEqual(['f']);
    expect(text('work/etc/f')).toBe('old');
    expect(readdirSync(scratch.at('work/repo'))).toEqual(['f']);
  });

  test('a folder in the place of the file stays, and no draft is left behind', async () => {
    scratch.file('work/repo/f/inner', 'old');
    expect(await write('f')).toBe('it is a folder');
    expect(await remove('f')).toMatch(/^(it is a folder|permission denied)$/);
    expect(readdirSync(scratch.at('work/repo'), { recursive: true }).toSorted()).toEqual(['f', 'f/inner']);
  });
});

function leadsOut(folder: string): RegExp {
  return new RegExp(`^"${folder}" is a symbolic link that leads out of the workspace$`);
}
