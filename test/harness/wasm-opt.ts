import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { wasmOptProcess } from '../../src/filter/shrink/wasm-opt-process.ts';

const BINARYEN = dirname(createRequire(import.meta.url).resolve('binaryen/package.json'));

/** Runs the wasm-opt that is put beside the bundle. */
export const runWasmOpt = wasmOptProcess({ node: process.execPath, program: join(BINARYEN, 'bin/wasm-opt') });
