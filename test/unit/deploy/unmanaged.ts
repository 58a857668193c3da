import type { EnvoyFilter } from '../../../src/mesh/objects/envoy-filter.ts';
import { specByHand } from '../../harness/by-hand.ts';

/** Somebody's EnvoyFilter that inserts the filter add-header from a file into the pods of an app, all of them without one. */
export function unmanagedEnvoyFilter(file: string, app?: string, name = 'add-header'): EnvoyFilter {
  return {
    metadata: { name: 'by-hand', namespace: 'shop' },
    spec: specByHand({
      filter: name,
      rootId: 'root',
      file,
      vmId: 'by-hand',
      ...(app === undefined ? {} : { labels: { app } }),
    }),
  };
}
