import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { commitNumber, leftOut, ROTATING, ROTATING_ON_MESH } from '../../../scripts/rotation.ts';

const ROOT = join(import.meta.dirname, '../../..');

const filesIn = (...folders: readonly string[]): string[] =>
  folders.flatMap((folder) => readdirSync(join(ROOT, 'test', folder)));

describe.each<[string, readonly string[], string[]]>([
  ['on a control plane', ROTATING, filesIn('integration')],
  ['on a mesh', ROTATING_ON_MESH, filesIn('mesh', 'workflows')],
])('what rotates by commit %s', (_, rotating, files) => {
  test('is there', () => {
    expect(files).toEqual(expect.arrayContaining(rotating.map((name) => `${name}.test.ts`)));
  });

  test('runs for one of two commits that follow upon each other, and some of it for each', () => {
    const [one, other] = [leftOut(rotating, 41), leftOut(rotating, 42)];
    expect([...one, ...other].sort()).toEqual([...rotating].sort());
    for (const left of [one, other]) expect(left.length).toBeGreaterThan(rotating.length / 4);
    expect(leftOut(rotating, 43)).toEqual(one);
  });

  test('runs always where nobody knows which commit it is', () => {
    expect(leftOut(rotating, undefined)).toEqual([]);
    expect(commitNumber('/')).toBeUndefined();
  });
});
