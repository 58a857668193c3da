import { MAX_BYTES } from '../../cluster/limits.ts';
import type { Pod } from '../../cluster/objects.ts';
import { STATS_PATH, STATS_PORT } from '../../mesh/proxy/stats.ts';
import { parseProxyCounters } from '../../mesh/proxy/wasm-counters.ts';
import { type EvidenceSource, readIfPossible } from './evidence-source.ts';

/** The names of the Wasm filters that a proxy counts VMs of, as its statistics have them; none where they cannot be read. */
export async function readWasmPlugins(
  { metadata }: Pod,
  namespace: string,
  { client, debug }: EvidenceSource,
): Promise<readonly string[]> {
  const answer = await readIfPossible(debug, () =>
    client.requestPod(namespace, metadata.name, STATS_PORT, STATS_PATH, { maxBytes: MAX_BYTES.statistics }),
  );
  return answer?.status === 200 ? [...parseProxyCounters(answer.text, 'any').plugins.keys()] : [];
}
