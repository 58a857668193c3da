import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { buffer, text } from 'node:stream/consumers';
import type { RunWasmOpt } from './wasm-opt.ts';

export interface WasmOptProcess {
  /** The program that runs the file: Node. */
  readonly node: string;
  /** The path of Binaryen's wasm-opt, compiled to JavaScript. */
  readonly program: string;
  /** Ends the process. */
  readonly signal?: AbortSignal;
}

/** Rewriting takes some ten seconds for each MiB. */
const MAX_MS = 300_000;

/** Returns what runs wasm-opt in a process of its own, without the environment: it takes long, and a cancel has to end it. */
export function wasmOptProcess({ node, program, signal }: WasmOptProcess): RunWasmOpt {
  return async (args, input) => {
    const ends = signal === undefined ? {} : { signal };
    const child = spawn(node, [program, ...args], { env: {}, timeout: MAX_MS, ...ends });
    // A program that ends early does not read all of it; its exit code says why.
    child.stdin.on('error', () => undefined).end(input);
    const [output, errors, [code, reason]] = await Promise.all([
      buffer(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
    ]);
    if (code === null) {
      const minutes = MAX_MS / 60_000;
      throw new Error(child.killed ? `wasm-opt did not end within ${minutes} minutes` : `wasm-opt ended by ${reason}`);
    }
    return { code, output, errors };
  };
}
