import { describe, expect, test } from '@jest/globals';
import { silentLog } from '../../../../src/base/log.ts';
import { rememberingOptimizer, type Shelf } from '../../../../src/filter/shrink/optimizer-cache.ts';
import type { Optimizer } from '../../../../src/filter/shrink/shrink.ts';
import { wasmOpt } from '../../../../src/filter/shrink/wasm-opt.ts';
import { runWasmOpt } from '../../../harness/wasm-opt.ts';
import { assemble, LEAST } from '../wat.ts';

const [ONE, TWO] = [Buffer.from('one'), Buffer.from('two')];

class Files implements Shelf {
  readonly files = new Map<string, Uint8Array>();
  readonly read = async (name: string): Promise<Uint8Array | undefined> => this.files.get(name);
  readonly write = async (name: string, bytes: Uint8Array): Promise<void> => {
    this.files.set(name, bytes);
  };
}

/** Optimises anew what a run has left on a shelf, and tells whether it had to. */
function optimizerOn(
  shelf: Shelf,
  recipe = 'wasm-opt -Oz',
): { optimize: Optimizer; runs: () => number; log: string[] } {
  let runs = 0;
  const log: string[] = [];
  const counting: Optimizer = async (bytes) => {
    runs += 1;
    return Buffer.from(`less of ${Buffer.from(bytes)} by ${recipe}`);
  };
  const told = { ...silentLog, info: (line: string) => log.push(line) };
  const optimize = rememberingOptimizer(counting, { shelf, recipe: async () => recipe }, told);
  return { optimize, runs: () => runs, log };
}

describe('an optimiser that remembers', () => {
  test('does the same bytes once, and says where they are from', async () => {
    const shelf = new Files();
    const first = optimizerOn(shelf);
    const made = await first.optimize(ONE);
    const later = optimizerOn(shelf);
    expect(Buffer.from(await later.optimize(ONE))).toEqual(Buffer.from(made));
    expect([first.runs(), later.runs()]).toEqual([1, 0]);
    expect(first.log).toEqual([]);
    expect(later.log).toEqual([expect.stringContaining('has rewritten this module before')]);
  });

  test('does other bytes, and the same by another recipe', async () => {
    const shelf = new Files();
    await optimizerOn(shelf).optimize(ONE);
    for (const [recipe, bytes] of [
      ['wasm-opt -Oz', TWO],
      ['a newer wasm-opt -Oz', ONE],
    ] as const) {
      const other = optimizerOn(shelf, recipe);
      expect(Buffer.from(await other.optimize(bytes)).toString()).toBe(`less of ${bytes} by ${recipe}`);
      expect(other.runs()).toBe(1);
    }
    expect(shelf.files.size).toBe(3);
  });

  test.each<[string, (kept: Uint8Array) => Uint8Array]>([
    ['cut off', (kept) => kept.subarray(0, -1)],
    ['empty', () => new Uint8Array()],
    ['changed', (kept) => Buffer.concat([kept.subarray(0, -1), Buffer.from('!')])],
  ])('does again what was kept and is %s', async (_case, damage) => {
    const shelf = new Files();
    const made = await optimizerOn(shelf).optimize(ONE);
    for (const [name, kept] of shelf.files) shelf.files.set(name, damage(kept));
    const again = optimizerOn(shelf);
    expect(await again.optimize(ONE)).toEqual(made);
    expect(again.runs()).toBe(1);
    expect(await optimizerOn(shelf).optimize(ONE)).toEqual(made);
  });

  test('works without a shelf that works', async () => {
    const denied = (): Promise<never> => Promise.reject(new Error('EACCES'));
    const { optimize, runs } = optimizerOn({ read: denied, write: denied });
    expect(Buffer.from(await optimize(ONE)).toString()).toBe('less of one by wasm-opt -Oz');
    expect(runs()).toBe(1);
  });

  test('keeps nothing of what has failed', async () => {
    const shelf = new Files();
    const failing = rememberingOptimizer(
      () => Promise.reject(new Error('no')),
      { shelf, recipe: async () => '' },
      silentLog,
    );
    await expect(failing(ONE)).rejects.toThrow('no');
    expect(shelf.files.size).toBe(0);
  });
});

test('wasm-opt makes the same of the same, which is what remembering rests on', async () => {
  const optimize = wasmOpt(runWasmOpt);
  const given = assemble(`${LEAST} (func $unused (result i32) i32.const 7)`);
  expect(await optimize(given)).toEqual(await optimize(given));
});
