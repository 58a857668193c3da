import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { RunWasmOpt } from '../../src/filter/shrink/wasm-opt.ts';

const BINARYEN = dirname(createRequire(import.meta.url).resolve('binaryen/package.json'));

/** Runs the wasm-opt that is put beside the bundle, and waits for it. */
export const runWasmOpt: RunWasmOpt = async (args, input) => {
  const program = join(BINARYEN, 'bin/wasm-opt');
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { input, maxBuffer: 64_000_000 });
  return { code: status ?? 1, output: stdout, errors: stderr.toString() };
};
