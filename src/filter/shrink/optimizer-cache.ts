import { createHash } from 'node:crypto';
import type { Log } from '../../base/log.ts';
import { messageOf } from '../../base/problem.ts';
import type { Optimizer } from './shrink.ts';

/** A place where files outlive the run. Reading gives `undefined` if there is no such file; both may reject. */
export interface CacheStore {
  readonly read: (name: string) => Promise<Uint8Array | undefined>;
  readonly write: (name: string, bytes: Uint8Array) => Promise<void>;
}

export interface OptimizerCache {
  readonly store: CacheStore;
  /** Everything besides the module that the optimiser's result depends on: the program and its options. */
  readonly cacheKey: () => Promise<string>;
}

const DIGEST_BYTES = 32;

/**
 * An optimiser that takes from the store what an earlier run has made of the same bytes under the same cache key. A store that
 * fails is no reason to fail, and a file that is not whole counts as none.
 */
export function cachedOptimizer(optimize: Optimizer, { store, cacheKey }: OptimizerCache, log: Log): Optimizer {
  return async (bytes) => {
    const name = `${sha256(await cacheKey(), '\0', bytes).toString('hex')}.wasm`;
    const kept = await orElse(store.read(name), 'No earlier result of wasm-opt can be read', log);
    const before = kept === undefined ? undefined : unsealed(kept);
    if (before !== undefined) {
      log.info('wasm-opt -Oz has rewritten this module before: its result is taken from the tool cache of the runner.');
      return before;
    }
    const result = await optimize(bytes);
    await orElse(store.write(name, sealed(result)), 'The result of wasm-opt cannot be kept', log);
    return result;
  };
}

async function orElse<T>(done: Promise<T>, failure: string, log: Log): Promise<T | undefined> {
  try {
    return await done;
  } catch (error) {
    log.debug(`${failure}: ${messageOf(error)}`);
    return undefined;
  }
}

/** The bytes behind their digest. */
function sealed(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([sha256(bytes), bytes]);
}

function unsealed(kept: Uint8Array): Uint8Array | undefined {
  const bytes = kept.subarray(DIGEST_BYTES);
  return sha256(bytes).equals(kept.subarray(0, DIGEST_BYTES)) ? bytes : undefined;
}

function sha256(...parts: readonly (string | Uint8Array)[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
