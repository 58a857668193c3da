import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { failedFiles, runOnceMore } from '../../../scripts/once-more.ts';

const ROOT = join(import.meta.dirname, '../../..');

test('what failed is read from what jest has written', () => {
  const testResults = [
    { name: join(ROOT, 'test/unit/a.test.ts'), status: 'passed' },
    { name: join(ROOT, 'test/unit/b.test.ts'), status: 'failed' },
  ];
  expect(failedFiles(JSON.stringify({ testResults }))).toEqual(['test/unit/b.test.ts']);
  expect(failedFiles('')).toEqual([]);
});

describe('what failed', () => {
  /** How a first run with these failed files ends, if the second ends with `second`. */
  const end = async (files: readonly string[], second: number, code = 1) => {
    const ran: (readonly string[])[] = [];
    const said: string[] = [];
    const run = async (again: readonly string[]): Promise<number> => {
      ran.push(again);
      return second;
    };
    return { code: await runOnceMore({ code, files }, run, (line) => said.push(line)), ran, said };
  };

  test('in few files runs once more; if it passes then, it is named and does not decide', async () => {
    expect(await end(['a', 'b', 'c'], 0)).toEqual({
      code: 0,
      ran: [['a', 'b', 'c']],
      said: ['\n── once more: a, b, c', 'Passed only when run once more: a, b, c'],
    });
  });

  test('twice decides', async () => {
    expect(await end(['a'], 2)).toEqual({ code: 2, ran: [['a']], said: ['\n── once more: a'] });
  });

  test.each([
    ['in many files', ['a', 'b', 'c', 'd'], 1, 1],
    ['before anything could run', [], 7, 7],
    ['nowhere', [], 0, 0],
  ])('%s does not run again', async (_, files, code, wanted) => {
    expect(await end(files, 0, code)).toEqual({ code: wanted, ran: [], said: [] });
  });
});
