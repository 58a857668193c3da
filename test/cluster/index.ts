import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningCluster, type UpOptions, up } from './lifecycle.ts';
import type { Level } from './versions.ts';

export { imageNames } from './images.ts';
export { down, type RunningCluster, type UpOptions, up } from './lifecycle.ts';
export { network } from './network.ts';
export { defaultState } from './state.ts';
export { type Level, levels, versions } from './versions.ts';

/**
 * Runs `use` with a cluster and takes it down afterwards: when `use` has ended, has failed, or when this process gets
 * SIGINT or SIGTERM (after which it ends by that signal). Should the process be killed, the kernel ends the cluster.
 *
 * A control plane is always a new one in a temporary folder, so that many run side by side. There is one mesh per
 * machine, in its usual folder; one that was brought up by hand is used as it is and stays up.
 */
export async function withCluster<T>(
  level: Level,
  use: (cluster: RunningCluster) => Promise<T>,
  options: Omit<UpOptions, 'signal' | 'endWithProcess'> = {},
): Promise<T> {
  const temporary =
    options.state === undefined && level === 'control-plane'
      ? await mkdtemp(join(tmpdir(), 'deploy-wasm-filter-cluster-'))
      : undefined;
  const state = options.state ?? temporary;
  const abort = new AbortController();
  let received: NodeJS.Signals | undefined;
  const interrupted = Promise.withResolvers<never>();
  interrupted.promise.catch(() => undefined); // it may be rejected when nobody waits for it
  const stop = (signal: NodeJS.Signals): void => {
    received ??= signal;
    const reason = new Error(`${signal} was received`);
    abort.abort(reason);
    interrupted.reject(reason);
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    const cluster = await up(level, { ...options, state, signal: abort.signal, endWithProcess: true });
    try {
      return await Promise.race([use(cluster), interrupted.promise]);
    } finally {
      if (!cluster.wasUp) await cluster.down();
    }
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
    if (received !== undefined) process.kill(process.pid, received);
  }
}
