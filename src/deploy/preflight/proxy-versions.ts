import { proxyImageOf } from '../../cluster/pods.ts';
import {
  formatProxyVersion,
  type ProxyVersion,
  proxyVersionOfImage,
} from '../../filter/compatibility/proxy-version.ts';
import { type WorkloadRef, workloadKey } from '../../targets/target.ts';
import { targetKeysOf } from '../kinds/kinds.ts';
import type { RunningProxies } from '../observe/running-proxies.ts';

/**
 * The versions of the proxies that workloads have now, each once; of a namespace whose pods may not be listed, none, and `unknown` is told
 * of it with the reason.
 */
export async function proxyVersionsOf(
  refs: readonly WorkloadRef[],
  proxies: Pick<RunningProxies, 'podsIn'>,
  unknown: (namespace: string, why: string) => void,
): Promise<ProxyVersion[]> {
  const wanted = new Set(refs.map(workloadKey));
  const namespaces = [...new Set(refs.map(({ namespace }) => namespace))];
  const found = await Promise.all(
    namespaces.map(async (namespace): Promise<ProxyVersion[]> => {
      const pods = await proxies.podsIn(namespace);
      if (!pods.ok) {
        unknown(namespace, pods.fault);
        return [];
      }
      return pods.value.flatMap((pod) => {
        const image = proxyImageOf(pod);
        if (image === undefined || !targetKeysOf(pod, namespace).some((key) => wanted.has(key))) return [];
        return proxyVersionOfImage(image) ?? [];
      });
    }),
  );
  return [...new Map(found.flat().map((version) => [formatProxyVersion(version), version])).values()];
}
