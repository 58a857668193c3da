/** What istiod makes of EnvoyFilters that patch HTTP filters (istio: pilot/pkg/networking/core/envoyfilter/listener_patch.go). */
import { type ApiObject, dig, digList } from '../../kubelet/client.ts';
import { namesGateway } from './gateway-plugin.ts';
import { type FilterChain, HTTP_CONNECTION_MANAGER, type HttpFilter, type Listener, portOf } from './listeners.ts';

/** The EnvoyFilters that select a pod, in the order in which they are applied: by priority, then by age, then by name. */
export function selectedFilters(
  filters: readonly ApiObject[],
  podLabels: Readonly<Record<string, string>>,
): ApiObject[] {
  const selects = (filter: ApiObject): boolean => {
    const wanted = (dig(filter, 'spec', 'workloadSelector', 'labels') ?? {}) as Record<string, string>;
    return namesGateway(filter, wanted, podLabels);
  };
  return filters.filter(selects).sort((a, b) => {
    const age = String(dig(a, 'metadata', 'creationTimestamp')).localeCompare(
      String(dig(b, 'metadata', 'creationTimestamp')),
    );
    return priorityOf(a) - priorityOf(b) || age || a.metadata.name.localeCompare(b.metadata.name);
  });
}

function priorityOf(filter: ApiObject): number {
  return Number(dig(filter, 'spec', 'priority') ?? 0);
}

/** The listeners, of a sidecar or of a gateway, with the HTTP_FILTER patches of the filters applied, one after the other. */
export function patchListeners(
  listeners: readonly Listener[],
  filters: readonly ApiObject[],
  gateway = false,
): Listener[] {
  const patches = filters
    .flatMap((filter) => digList(filter, 'spec', 'configPatches'))
    .filter((patch) => dig(patch, 'applyTo') === 'HTTP_FILTER');
  return listeners.map((listener) => ({
    ...listener,
    filter_chains: listener.filter_chains.map((chain) => patchChain(listener, chain, patches, gateway)),
  }));
}

function patchChain(
  listener: Listener,
  chain: FilterChain,
  patches: readonly unknown[],
  gateway: boolean,
): FilterChain {
  const own = gateway ? 'GATEWAY' : `SIDECAR_${listener.traffic_direction ?? 'INBOUND'}`;
  const fitting = patches.filter((patch) => matches(listener, chain, dig(patch, 'match'), own));
  const filters = chain.filters.map((filter) => {
    const { http_filters: before } = filter.typed_config;
    if (before === undefined) return filter;
    return { ...filter, typed_config: { ...filter.typed_config, http_filters: fitting.reduce(patchFilters, before) } };
  });
  return { ...chain, filters };
}

function matches(listener: Listener, chain: FilterChain, match: unknown, context: string): boolean {
  if (![context, 'ANY'].includes(String(dig(match, 'context') ?? 'ANY'))) return false;
  const name = dig(match, 'listener', 'name');
  if (name !== undefined && name !== listener.name) return false;
  const port = dig(match, 'listener', 'portNumber');
  if (port !== undefined && port !== portOf(listener, chain)) return false;
  const networkFilter = dig(match, 'listener', 'filterChain', 'filter', 'name');
  return networkFilter === undefined || networkFilter === HTTP_CONNECTION_MANAGER;
}

function patchFilters(filters: readonly HttpFilter[], patch: unknown): readonly HttpFilter[] {
  const added = asEnvoyJson(dig(patch, 'patch', 'value')) as HttpFilter;
  const wanted = dig(patch, 'match', 'listener', 'filterChain', 'filter', 'subFilter', 'name');
  const at = filters.findIndex(({ name }) => name === wanted);
  const place = (index: number): HttpFilter[] => [...filters.slice(0, index), added, ...filters.slice(index)];
  switch (dig(patch, 'patch', 'operation')) {
    case 'INSERT_FIRST':
      return place(0);
    case 'INSERT_BEFORE':
      if (wanted === undefined) return place(0);
      return at < 0 ? filters : place(at);
    case 'INSERT_AFTER':
      if (wanted === undefined) return place(filters.length);
      return at < 0 ? filters : place(at + 1);
    case 'ADD':
      return place(filters.length);
    case 'REMOVE':
      return wanted === undefined ? filters : filters.filter(({ name }) => name !== wanted);
    default:
      return filters;
  }
}

/** Any of these holds what the user wrote and is kept as it is. */
const OPAQUE = new Set(['configuration', 'key_values']);

/** A message as Envoy prints it: field names in snake case, without fields that have their default. */
function asEnvoyJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asEnvoyJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, member]) => [key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), member] as const)
      .filter(([, member]) => member !== '' && member !== false && member !== null)
      .map(([key, member]) => [key, OPAQUE.has(key) ? member : asEnvoyJson(member)]),
  );
}
