import { describe, expect, test } from '@jest/globals';
import { silentLog } from '../../../../src/base/log.ts';
import { type CacheStore, cachedOptimizer } from '../../../../src/filter/shrink/optimizer-cache.ts';
import type { Optimizer } from '../../../../src/filter/shrink/shrink.ts';
import { wasmOpt } from '../../../../src/filter/shrink/wasm-opt.ts';
import { runWasmOpt } from '../../../harness/wasm-opt.ts';
import { assemble, LEAST } from '../wat.ts';

const [ONE, TWO] = [Buffer.from('one'), Buffer.from('two')];

class Files implements CacheStore {
  readonly files = new Map<string, Uint8Array>();
  readonly read = async (name: string): Promise<Uint8Array | undefined> => this.files.get(name);
  readonly write = async (name: string, bytes: Uint8Array): Promise<void> => {
    this.files.set(name, bytes);
  };
}

/** Optimises anew what a run has left on a store, and tells whether it had to. */
function optimizerOn(
  store: CacheStore,
  cacheKey = 'wasm-opt -Oz',
): { optimize: Optimizer; runs: () => number; log: string[] } {
  let runs = 0;
  const log: string[] = [];
  const counting: Optimizer = async (bytes) => {
    runs += 1;
    return Buffer.from(`less of ${Buffer.from(bytes)} by ${cacheKey}`);
  };
  const told = { ...silentLog, info: (line: string) => log.push(line) };
  const optimize = cachedOptimizer(counting, { store, cacheKey: async () => cacheKey }, told);
  return { optimize, runs: () => runs, log };
}

describe('an optimiser that remembers', () => {
  test('does the same bytes once, and says where they are from', async () => {
    const store = new Files();
    const first = optimizerOn(store);
    const made = await first.optimize(ONE);
    const later = optimizerOn(store);
    expect(Buffer.from(await later.optimize(ONE))).toEqual(Buffer.from(made));
    expect([first.runs(), later.runs()]).toEqual([1, 0]);
    expect(first.log).toEqual([]);
    expect(later.log).toEqual([expect.stringContaining('has rewritten this module before')]);
  });

  test('does other bytes, and the same by another recipe', async () => {
    const store = new Files();
    await optimizerOn(store).optimize(ONE);
    for (const [cacheKey, bytes] of [
      ['wasm-opt -Oz', TWO],
      ['a newer wasm-opt -Oz', ONE],
    ] as const) {
      const other = optimizerOn(store, cacheKey);
      expect(Buffer.from(await other.optimize(bytes)).toString()).toBe(`less of ${bytes} by ${cacheKey}`);
      expect(other.runs()).toBe(1);
    }
    expect(store.files.size).toBe(3);
  });

  test.each<[string, (kept: Uint8Array) => Uint8Array]>([
    ['cut off', (kept) => kept.subarray(0, -1)],
    ['empty', () => new Uint8Array()],
    ['changed', (kept) => Buffer.concat([kept.subarray(0, -1), Buffer.from('!')])],
  ])('does again what was kept and is %s', async (_case, damage) => {
    const store = new Files();
    const made = await optimizerOn(store).optimize(ONE);
    for (const [name, kept] of store.files) store.files.set(name, damage(kept));
    const again = optimizerOn(store);
    expect(await again.optimize(ONE)).toEqual(made);
    expect(again.runs()).toBe(1);
    expect(await optimizerOn(store).optimize(ONE)).toEqual(made);
  });

  test('works without a store that works', async () => {
    const denied = (): Promise<never> => Promise.reject(new Error('EACCES'));
    const { optimize, runs } = optimizerOn({ read: denied, write: denied });
    expect(Buffer.from(await optimize(ONE)).toString()).toBe('less of one by wasm-opt -Oz');
    expect(runs()).toBe(1);
  });

  test('keeps nothing of what has failed', async () => {
    const store = new Files();
    const failing = cachedOptimizer(
      () => Promise.reject(new Error('no')),
      { store, cacheKey: async () => '' },
      silentLog,
    );
    await expect(failing(ONE)).rejects.toThrow('no');
    expect(store.files.size).toBe(0);
  });
});

test('wasm-opt makes the same of the same, which is what remembering rests on', async () => {
  const optimize = wasmOpt(runWasmOpt);
  const given = assemble(`${LEAST} (func $unused (result i32) i32.const 7)`);
  expect(await optimize(given)).toEqual(await optimize(given));
});
