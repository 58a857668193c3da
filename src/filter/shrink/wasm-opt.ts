import type { Optimizer } from './shrink.ts';

/** What a program that has ended leaves behind. */
export interface ProgramResult {
  readonly code: number;
  readonly output: Uint8Array;
  readonly errors: string;
}

/** Runs Binaryen's wasm-opt with arguments and a standard input; rejects when it cannot be started or is stopped. */
export type RunWasmOpt = (args: readonly string[], input: Uint8Array) => Promise<ProgramResult>;

/** V8 has them since 2020 (https://webassembly.org/features/), and no Istio that knows our objects (1.11) is that old. */
const OLD_FEATURES = ['sign-ext', 'nontrapping-float-to-int', 'multivalue', 'mutable-globals'].map(
  (name) => `--enable-${name}`,
);
const [NOTHING_NEW, FOR_SIZE] = ['--mvp-features', '-Oz'];
/** What a module may need although the validator does not name it. */
const UNNAMED_FEATURE = '--enable-extended-const';
/** How the validator names a feature that a module needs: `[--enable-simd]`. */
const NEEDED_FEATURE = /--enable-[a-z0-9-]+/g;
/** What the result depends on besides the module, which says the rest, and the program. */
export const WASM_OPT_OPTIONS = [NOTHING_NEW, ...OLD_FEATURES, UNNAMED_FEATURE, FOR_SIZE].join(' ');
/** Each attempt finds at least one more. */
const MAX_ATTEMPTS = 8;

/**
 * An optimiser that is `wasm-opt -Oz` (https://github.com/WebAssembly/binaryen#wasm-opt). Binaryen may write any instruction
 * of the features that are enabled, and an old Envoy does not know all of them; so only those are that every Envoy knows and
 * those that the module itself uses, which the validator tells. A module's own list (`target_features`) names more.
 */
export function wasmOpt(run: RunWasmOpt): Optimizer {
  return async (bytes) => {
    const features = new Set(OLD_FEATURES);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const { code, output, errors } = await run([NOTHING_NEW, ...features, FOR_SIZE, '-', '-o', '-'], bytes);
      if (code === 0) return output;
      const named = [...errors.matchAll(NEEDED_FEATURE)].map(([flag]) => flag).filter((flag) => !features.has(flag));
      const more = named.length > 0 || features.has(UNNAMED_FEATURE) ? named : [UNNAMED_FEATURE];
      if (more.length === 0) throw new Error(`wasm-opt ended with exit code ${code}: ${lastLine(errors)}`);
      for (const flag of more) features.add(flag);
    }
    throw new Error('wasm-opt does not say which features of WebAssembly it needs');
  };
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.slice(0, 300) || 'it said nothing';
}
