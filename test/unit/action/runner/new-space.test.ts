import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';

/** Makes answers of the cluster, of which each lives for a while, and prints how much space there is for new objects, in MiB. */
const WORK = `
  const { getHeapSpaceStatistics } = require('node:v8');
  const { setImmediate: turn } = require('node:timers/promises');
  const text = JSON.stringify(Array.from({ length: 2_000 }, (_, index) => ({ metadata: { name: 'w' + index, labels: { app: 'x' } } })));
  (async () => {
    const kept = [];
    for (let round = 0; round < 300; round++) {
      kept.push(JSON.parse(text));
      if (kept.length > 8) kept.shift();
      await turn();
    }
    const { space_size: bytes } = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    console.log(bytes / 1_048_576);
  })();`;

const source = new URL('../../../../src/action/runner/new-space.ts', import.meta.url).href;

async function newSpaceAfter(first: string): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    '-e',
    `import(${JSON.stringify(source)}).then(({ boundNewSpace }) => { ${first}; ${WORK} })`,
  ]);
  return Number(stdout);
}

describe('the space for new objects', () => {
  test('stays small, where it would grow', async () => {
    expect(await newSpaceAfter('boundNewSpace()')).toBeLessThanOrEqual(16);
    expect(await newSpaceAfter('')).toBeGreaterThan(16);
  });
});
