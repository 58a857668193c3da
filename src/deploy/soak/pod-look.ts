import type { FilterLog } from '../../mesh/proxy/trap-log.ts';
import type { ProxyCounters } from '../../mesh/proxy/wasm-counters.ts';

/** What the proxy of a pod uses, and of when that is known. */
export interface Usage {
  readonly at: number;
  readonly memoryBytes: number;
  /** In cores; omitted where nobody serves it. */
  readonly cpu?: number;
}

/** What one look at a pod has shown; what may not be read, or did not come in time, is left out. */
export interface PodLook {
  /** Milliseconds since the run's start. */
  readonly at: number;
  readonly counters?: ProxyCounters;
  /** Of what was logged since the last look. */
  readonly log?: FilterLog;
  readonly usage?: Usage;
}
