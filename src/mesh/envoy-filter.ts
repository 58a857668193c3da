import { type Json, sameJson } from '../base/json.ts';
import type { KubernetesObject } from '../cluster/objects.ts';
import type { Direction } from '../filter/settings.ts';
import { fileName, ownedLabels, podLabel } from './names.ts';
import { type Revision, revisionName } from './revision.ts';

/** An EnvoyFilter (https://istio.io/latest/docs/reference/config/networking/envoy-filter/). */
export interface EnvoyFilter extends KubernetesObject {
  readonly spec: { readonly [key: string]: Json };
}

const CONTEXTS: Readonly<Record<Direction, string>> = {
  inbound: 'SIDECAR_INBOUND',
  outbound: 'SIDECAR_OUTBOUND',
  any: 'ANY',
};

/**
 * Istio applies EnvoyFilters by priority, then by age, each just before the router. Age would move a filter behind the others
 * with every new revision, so the order is always stated; 0 would mean "not stated" (Istio's IST0151).
 */
const FIRST_PRIORITY = 10;

function priorityOf(order: number): number {
  const priority = FIRST_PRIORITY + order;
  return priority > 0 ? priority : priority - 1;
}

/**
 * The EnvoyFilter that inserts a revision before the router. It selects the pods that carry the revision's label, hence
 * only pods that mount the file, and each from its first configuration on.
 */
export function renderEnvoyFilter(revision: Revision, namespace: string): EnvoyFilter {
  const { filter, id, settings } = revision;
  return {
    metadata: { name: revisionName(revision), namespace, labels: ownedLabels(filter, id) },
    spec: {
      workloadSelector: { labels: { [podLabel(filter)]: id } },
      priority: priorityOf(settings.order),
      configPatches: [
        {
          applyTo: 'HTTP_FILTER',
          match: {
            context: CONTEXTS[settings.direction],
            listener: {
              ...(settings.port === undefined ? {} : { portNumber: settings.port }),
              filterChain: {
                filter: {
                  name: 'envoy.filters.network.http_connection_manager',
                  subFilter: { name: 'envoy.filters.http.router' },
                },
              },
            },
          },
          patch: { operation: 'INSERT_BEFORE', value: { name: filter, typed_config: renderWasm(revision) } },
        },
      ],
    },
  };
}

/** envoy.extensions.filters.http.wasm.v3.Wasm, with the fields that every supported Envoy knows. */
function renderWasm({ filter, id, settings }: Revision): Json {
  return {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm',
    config: {
      name: filter,
      root_id: settings.rootId,
      // failure_policy needs Envoy 1.33 and excludes fail_open, which every version reads.
      fail_open: settings.failPolicy === 'open',
      // A StringValue is handed to the filter as it is; a Struct would be written anew as JSON.
      ...(settings.configuration === ''
        ? {}
        : {
            configuration: {
              '@type': 'type.googleapis.com/google.protobuf.StringValue',
              value: settings.configuration,
            },
          }),
      vm_config: {
        vm_id: settings.vmId,
        runtime: 'envoy.wasm.runtime.v8',
        code: { local: { filename: `${settings.mountPath}/${fileName(filter, id)}` } },
      },
    },
  };
}

/** Whether an observed EnvoyFilter is what is wanted: its spec and our labels; further labels are others' business. */
export function isSameEnvoyFilter(observed: EnvoyFilter, wanted: EnvoyFilter): boolean {
  return (
    observed.metadata.deletionTimestamp === undefined &&
    sameJson(observed.spec, wanted.spec) &&
    Object.entries(wanted.metadata.labels ?? {}).every(([key, value]) => observed.metadata.labels?.[key] === value)
  );
}
