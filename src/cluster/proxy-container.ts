import type { Pod } from './objects.ts';
import { containersOf } from './pod-trouble.ts';
import { PROXY_CONTAINER } from './pods.ts';
import { parseQuantity } from './quantity.ts';

/** Returns how often the proxy of a pod was started anew, and whether it ended the last time because its memory ran out. */
export function proxyRestarts(pod: Pod): { readonly count: number; readonly oomKilled: boolean } {
  const proxy = containersOf(pod).find(({ name }) => name === PROXY_CONTAINER);
  const ends = [proxy?.lastState?.terminated, proxy?.state?.terminated];
  return { count: proxy?.restartCount ?? 0, oomKilled: ends.some((end) => end?.reason === 'OOMKilled') };
}

/** Returns how much memory the proxy of a pod may have, in bytes; `undefined` where nobody has set that. */
export function proxyMemoryLimit({ spec = {} }: Pod): number | undefined {
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const limit = containers.find(({ name }) => name === PROXY_CONTAINER)?.resources?.limits?.memory;
  return limit === undefined ? undefined : parseQuantity(limit);
}
