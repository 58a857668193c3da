import { join } from 'node:path';
import { cacheFolder } from '../../files/cache-folder.ts';
import { digestOf } from '../../filter/module/module.ts';
import type { OptimizerCache } from '../../filter/shrink/optimizer-cache.ts';
import { WASM_OPT_OPTIONS } from '../../filter/shrink/wasm-opt.ts';

/** Results of wasm-opt, of at most a MiB or so each. */
const LIMITS = { maxFiles: 32, maxBytes: 67_108_864 };

/**
 * What wasm-opt has made is kept in the tool cache of the runner, as other actions keep programs there: a self-hosted runner has it
 * for ever, a fresh one for the steps of the job. Who can write there can change the action itself as well. Nothing is kept where the
 * runner names no such folder.
 */
export function optimizerCache(
  toolCache: string | undefined,
  readProgram: () => Promise<Uint8Array>,
): { readonly optimizerCache?: OptimizerCache } {
  if (!toolCache) return {};
  return {
    optimizerCache: {
      cacheKey: async () => `${digestOf(await readProgram())} ${WASM_OPT_OPTIONS}`,
      store: cacheFolder(join(toolCache, 'deploy-wasm-filter', 'wasm-opt'), LIMITS),
    },
  };
}
