import { describe, expect, test } from '@jest/globals';
import { type ProgramResult, wasmOpt } from '../../../../src/filter/shrink/wasm-opt.ts';
import { runWasmOpt } from '../../../harness/wasm-opt.ts';
import { assemble, LEAST } from '../wat.ts';

declare const WebAssembly: { readonly Module: new (bytes: Uint8Array) => object };

const optimize = wasmOpt(runWasmOpt);

describe("Binaryen's wasm-opt", () => {
  test('takes out what nothing reaches', async () => {
    const given = assemble(`${LEAST} (func $unused (result i32) i32.const 7)`);
    const bytes = await optimize(given);
    expect(bytes.length).toBeLessThan(given.length);
    expect(() => new WebAssembly.Module(Uint8Array.from(bytes))).not.toThrow();
  });

  test.each([
    ['sign extension', '(func (export "f") (param i32) (result i32) local.get 0 i32.extend8_s)'],
    ['saturating conversions', '(func (export "f") (param f32) (result i32) local.get 0 i32.trunc_sat_f32_s)'],
    ['several results', '(func (export "f") (result i32 i32) i32.const 1 i32.const 2)'],
    ['mutable globals at its border', '(global (export "g") (mut i32) (i32.const 0))'],
    ['memory.copy', '(func (export "f") (memory.copy (i32.const 0) (i32.const 8) (i32.const 8)))'],
    ['passive data', '(data $d "abc")(func (export "f") (memory.init $d (i32.const 0) (i32.const 0) (i32.const 3)))'],
    ['SIMD', '(func (export "f") (param i32) (result i32) (i32x4.extract_lane 0 (i32x4.splat (local.get 0))))'],
    ['references', '(table 1 externref)(func (export "f") (result externref) (table.get 0 (i32.const 0)))'],
    ['extended constants', '(global (export "g") i32 (i32.add (i32.const 1) (i32.const 2)))'],
  ])('rewrites a module that uses %s', async (_, fields) => {
    const bytes = await optimize(assemble(LEAST + fields));
    expect(() => new WebAssembly.Module(Uint8Array.from(bytes))).not.toThrow();
  });

  test('says what is wrong with a module that it cannot read', async () => {
    await expect(optimize(Buffer.from('hello'))).rejects.toThrow(/^wasm-opt ended with exit code 1: Fatal: /);
  });
});

describe('features', () => {
  const failed = (errors: string): ProgramResult => ({ code: 1, output: new Uint8Array(), errors });

  test('are enabled as the validator asks for them', async () => {
    const asked: string[] = [];
    const answers = [
      failed('[--enable-bulk-memory-opt] x\n[--enable-sign-ext]'),
      failed('needs simd [--enable-simd]'),
      { code: 0, output: Uint8Array.of(1), errors: 'warning: --enable-all' },
    ];
    const bytes = await wasmOpt(async (args) => {
      asked.push(args.join(' '));
      return answers[asked.length - 1] ?? failed('');
    })(new Uint8Array());
    expect(bytes).toEqual(Uint8Array.of(1));
    const first = asked[0] ?? '';
    expect(first).toMatch(/^--mvp-features .*--enable-sign-ext .*-Oz - -o -$/);
    expect(first).not.toMatch(/bulk|simd|reference|gc/);
    expect(asked).toEqual([
      first,
      first.replace(' -Oz', ' --enable-bulk-memory-opt -Oz'),
      first.replace(' -Oz', ' --enable-bulk-memory-opt --enable-simd -Oz'),
    ]);
  });

  test('that are asked for again and again end it', async () => {
    const stubborn = wasmOpt(async () => failed('needs [--enable-simd]\nFatal: error validating input\n'));
    await expect(stubborn(new Uint8Array())).rejects.toThrow(/exit code 1: Fatal: error validating input$/);
    let number = 0;
    const endless = wasmOpt(async () => {
      number += 1;
      return failed(`[--enable-feature-${number}]`);
    });
    await expect(endless(new Uint8Array())).rejects.toThrow(/does not say which features/);
  });
});
