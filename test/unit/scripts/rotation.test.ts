import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { commitNumber, leftOut, ROTATING } from '../../../scripts/rotation.ts';

const ROOT = join(import.meta.dirname, '../../..');

describe('what rotates by commit', () => {
  test('is there', () => {
    const files = readdirSync(join(ROOT, 'test/integration'));
    expect(files).toEqual(expect.arrayContaining(ROTATING.map((name) => `${name}.test.ts`)));
  });

  test('runs for one of two commits that follow upon each other, and some of it for each', () => {
    const [one, other] = [leftOut(ROTATING, 41), leftOut(ROTATING, 42)];
    expect([...one, ...other].sort()).toEqual([...ROTATING].sort());
    for (const left of [one, other]) expect(left.length).toBeGreaterThan(ROTATING.length / 4);
    expect(leftOut(ROTATING, 43)).toEqual(one);
  });

  test('runs always where nobody knows which commit it is', () => {
    expect(leftOut(ROTATING, undefined)).toEqual([]);
    expect(commitNumber('/')).toBeUndefined();
  });
});
