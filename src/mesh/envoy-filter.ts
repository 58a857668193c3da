import { isObject, type Json, sameJson } from '../base/json.ts';
import type { KubernetesObject } from '../cluster/objects.ts';
import { DIRECTIONS, type Direction, type FilterSettings } from '../filter/settings.ts';
import { fileName, isMarked, ownedLabels, PUSHED_ANNOTATION, podLabel } from './names.ts';
import { type Placement, placementOf, type Revision, revisionName } from './revision.ts';

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

/** An HTTP filter that somebody else's EnvoyFilter inserts. */
export interface ForeignHttpFilter {
  readonly httpFilter: string;
  readonly context: string;
  readonly portNumber?: number;
  /** The priority of its EnvoyFilter; 0 when absent. */
  readonly priority?: number;
}

export interface EnvoyFilterOptions {
  /** The revision that the pods carry, where it is another one with the same module. */
  readonly carrier?: Placement;
  /** Filters that ours takes the place of, in the same pods: inserted before ours, they are taken out again. */
  readonly replaced?: readonly ForeignHttpFilter[];
}

/** The path of a placement's module in the proxy. */
export function filePath({ filter, id, mountPath }: Placement): string {
  return `${mountPath}/${fileName(filter, id)}`;
}

function removeFilter({ httpFilter, context, portNumber }: ForeignHttpFilter): Json {
  return {
    applyTo: 'HTTP_FILTER',
    match: {
      context,
      listener: {
        ...(portNumber === undefined ? {} : { portNumber }),
        filterChain: {
          filter: {
            name: 'envoy.filters.network.http_connection_manager',
            subFilter: { name: httpFilter },
          },
        },
      },
    },
    patch: { operation: 'REMOVE' },
  };
}

/**
 * The EnvoyFilter that inserts a revision before the router. It selects the pods that carry the revision's label, hence
 * only pods that mount the file, and each from its first configuration on.
 */
export function renderEnvoyFilter(
  revision: Revision,
  namespace: string,
  { carrier = placementOf(revision), replaced = [] }: EnvoyFilterOptions = {},
): EnvoyFilter {
  const { filter, settings } = revision;
  return {
    metadata: {
      name: revisionName(carrier),
      namespace,
      labels: ownedLabels(filter, carrier.id),
      ...(carrier.id === revision.id ? {} : { annotations: { [PUSHED_ANNOTATION]: revision.id } }),
    },
    spec: {
      workloadSelector: { labels: { [podLabel(filter)]: carrier.id } },
      // To take a filter out, ours must come after the EnvoyFilter that inserts it.
      priority: Math.max(priorityOf(settings.order), ...replaced.map(({ priority = 0 }) => priority + 1)),
      configPatches: [
        ...replaced.map(removeFilter),
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
          patch: { operation: 'INSERT_BEFORE', value: { name: filter, typed_config: renderWasm(revision, carrier) } },
        },
      ],
    },
  };
}

/** envoy.extensions.filters.http.wasm.v3.Wasm, with the fields that every supported Envoy knows. */
function renderWasm({ filter, settings }: Revision, carrier: Placement): Json {
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
        code: { local: { filename: filePath(carrier) } },
      },
    },
  };
}

/** Whether an observed EnvoyFilter is what is wanted: its spec and our labels; further labels are others' business. */
export function isSameEnvoyFilter(observed: EnvoyFilter, wanted: EnvoyFilter): boolean {
  return (
    observed.metadata.deletionTimestamp === undefined &&
    !isMarked(observed) &&
    observed.metadata.annotations?.[PUSHED_ANNOTATION] === wanted.metadata.annotations?.[PUSHED_ANNOTATION] &&
    sameJson(observed.spec, wanted.spec) &&
    Object.entries(wanted.metadata.labels ?? {}).every(([key, value]) => observed.metadata.labels?.[key] === value)
  );
}

/** The folder that an EnvoyFilter of ours reads its module from; undefined when somebody has edited it away. */
export function mountPathOf({ spec }: EnvoyFilter): string | undefined {
  const [, folder] = /"filename":"([^"]+)\/[^/"]+\.wasm"/.exec(JSON.stringify(spec)) ?? [];
  return folder;
}

/** The settings of an EnvoyFilter of ours that show in a proxy's listeners. */
export function settingsOf({ spec }: EnvoyFilter): Pick<FilterSettings, 'configuration' | 'direction' | 'port'> {
  const patches = Array.isArray(spec.configPatches) ? spec.configPatches : [];
  const inserted = patches.find((patch) => JSON.stringify(patch).includes('"INSERT_BEFORE"'));
  const text = JSON.stringify(inserted ?? {});
  const context = /"context":"(\w+)"/.exec(text)?.[1];
  const port = /"portNumber":(\d+)/.exec(text)?.[1];
  const direction = DIRECTIONS.find((one) => CONTEXTS[one] === context) ?? 'inbound';
  return {
    configuration: configurationIn(inserted),
    direction,
    ...(port === undefined ? {} : { port: Number(port) }),
  };
}

function configurationIn(value: unknown): string {
  if (Array.isArray(value)) return value.map(configurationIn).find((found) => found !== '') ?? '';
  if (!isObject(value)) return '';
  const { configuration } = value;
  if (isObject(configuration) && typeof configuration.value === 'string') return configuration.value;
  return configurationIn(Object.values(value));
}
