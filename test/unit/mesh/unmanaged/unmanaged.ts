/** Somebody's EnvoyFilters, as unit tests want them. */
import type { Json } from '../../../../src/base/json.ts';
import type { EnvoyFilter } from '../../../../src/mesh/objects/envoy-filter.ts';

export const ENVOY_FILTER_NAME = 'by-hand';
const WASM = 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm';

/** Where a module comes from, as Envoy's configuration says it. */
export const code = {
  file: (filename: string): Json => ({ local: { filename } }),
  remote: (uri: string, sha256?: string): Json => ({
    remote: { http_uri: { uri, cluster: 'store', timeout: '1s' }, ...(sha256 === undefined ? {} : { sha256 }) },
  }),
};

export interface PatchParts {
  /** The name of the HTTP filter. */
  readonly name?: string;
  /** The name of the plugin. */
  readonly configName?: string;
  readonly rootId?: string;
  readonly code?: Json;
  readonly operation?: string;
  /** None where it is null. */
  readonly context?: string | null;
  readonly port?: number;
  readonly anchor?: string;
  readonly applyTo?: string;
  readonly form?: 'direct' | 'udpa' | 'xds' | 'camelCase' | 'discovery' | 'lua';
}

/** A patch that inserts a Wasm filter. */
export function insertion(parts: PatchParts = {}): Json {
  const { name = 'some-filter', operation = 'INSERT_BEFORE', applyTo = 'HTTP_FILTER' } = parts;
  return { applyTo, match: matchOf(parts), patch: { operation, value: { name, ...filterOf(parts) } } };
}

/** A patch that changes an HTTP filter, or whatever stands beside one. */
export function merge(anchor: string, operation = 'MERGE', value: Json = { disabled: true }): Json {
  return { applyTo: 'HTTP_FILTER', match: matchOf({ anchor }), patch: { operation, value } };
}

/** A patch that configures a filter apart from its listener. */
export function extension(name: string): Json {
  return { applyTo: 'EXTENSION_CONFIG', patch: { operation: 'ADD', value: { name, ...filterOf({}) } } };
}

export function envoyFilter(
  patches: readonly Json[],
  name = ENVOY_FILTER_NAME,
  spec: EnvoyFilter['spec'] = {},
): EnvoyFilter {
  return { metadata: { name, namespace: 'shop' }, spec: { ...spec, configPatches: patches } };
}

function matchOf({ context = 'SIDECAR_INBOUND', port, anchor = 'envoy.filters.http.router' }: PatchParts): Json {
  return {
    ...(context === null ? {} : { context }),
    listener: {
      ...(port === undefined ? {} : { portNumber: port }),
      filterChain: {
        filter: { name: 'envoy.filters.network.http_connection_manager', subFilter: { name: anchor } },
      },
    },
  };
}

function filterOf(parts: PatchParts): Readonly<Record<string, Json>> {
  const { configName = 'some-config', rootId = 'some-root', form = 'direct' } = parts;
  const { code: from = code.file('/filters/some.wasm') } = parts;
  const config = { name: configName, root_id: rootId, vm_config: { code: from } };
  switch (form) {
    case 'direct':
      return { typed_config: { '@type': WASM, config } };
    case 'udpa':
    case 'xds':
      return {
        typed_config: {
          '@type': `type.googleapis.com/${form}.type.v${form === 'xds' ? 3 : 1}.TypedStruct`,
          type_url: WASM,
          value: { config },
        },
      };
    case 'camelCase':
      return { typedConfig: { '@type': WASM, config: { name: configName, rootId, vmConfig: { code: from } } } };
    case 'discovery':
      return { config_discovery: { config_source: { ads: {} }, type_urls: [WASM] } };
    case 'lua':
      return { typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua' } };
  }
}
