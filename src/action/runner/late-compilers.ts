import { setFlagsFromString } from 'node:v8';

/**
 * Has V8 compile for speed only what runs very often. A run lives for a second or some minutes: before it ends, the compilers have taken
 * more processor time than their code has saved, and more memory than what they compiled. Of WebAssembly that is the parser of HTTP, whose
 * one large function takes 23 MiB to compile; the code of the first compiler is fast enough for it. Each number is ten times that of V8
 * 13.6, the last one more than any run reads. A V8 without such a flag says so and does as it would.
 */
export function compileLate(): void {
  for (const flag of LATE) setFlagsFromString(flag);
}

const LATE = [
  '--invocation-count-for-maglev=4000',
  '--invocation-count-for-maglev-osr=1000',
  '--invocation-count-for-turbofan=30000',
  '--invocation-count-for-osr=5000',
  '--wasm-tiering-budget=2000000000',
];
