import { expect, test } from '@jest/globals';
import { defined } from '../../../src/base/defined.ts';

test('leaves out what is undefined, and nothing else', () => {
  expect(Object.entries(defined({ a: undefined, b: null, c: false, d: 0, e: '', f: [] }))).toEqual([
    ['b', null],
    ['c', false],
    ['d', 0],
    ['e', ''],
    ['f', []],
  ]);
});

test('does not overwrite by what is undefined', () => {
  const port: number | undefined = undefined;
  expect({ port: 80, ...defined({ port }) }).toEqual({ port: 80 });
});
