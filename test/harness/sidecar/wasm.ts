/** The Wasm filters inside listeners, and why Envoy would refuse one. */
import { dig } from '../../kubelet/client.ts';
import type { Extension } from './extensions.ts';
import { type FilterChain, HTTP_CONNECTION_MANAGER, type Listener } from './listeners.ts';
import type { MountedFiles } from './mounted-files.ts';

/** A Wasm filter of an HTTP connection manager. */
export interface WasmFilter {
  /** The plugin's name, which Envoy's messages carry. */
  readonly name: string;
  /** The configuration as the filter gets it; empty when there is none. */
  readonly configuration: string;
  /** The file of the module; undefined when it comes from elsewhere. */
  readonly file: string | undefined;
}

const WASM = 'envoy.extensions.filters.http.wasm.v3.Wasm';

/** In the order in which requests pass. */
export function wasmFiltersOf(chain: FilterChain): WasmFilter[] {
  return chain.filters
    .filter(({ name }) => name === HTTP_CONNECTION_MANAGER)
    .flatMap(({ typed_config }) => typed_config.http_filters ?? [])
    .flatMap(({ name, typed_config }) => {
      const config = wasmConfig(typed_config);
      if (config === undefined) return [];
      const file = dig(config, 'vm_config', 'code', 'local', 'filename');
      return [
        {
          name: String(dig(config, 'name') ?? name),
          configuration: configurationText(dig(config, 'configuration')),
          file: typeof file === 'string' ? file : undefined,
        },
      ];
    });
}

/** Of a typed message, or of a struct that says it is one. */
function wasmConfig(typed: unknown): unknown {
  if (String(dig(typed, '@type')).endsWith(WASM)) return dig(typed, 'config');
  return String(dig(typed, 'type_url')).endsWith(WASM) ? dig(typed, 'value', 'config') : undefined;
}

/** A StringValue is handed over as it is, a Struct as JSON. */
function configurationText(configuration: unknown): string {
  const value = dig(configuration, 'value');
  if (typeof value === 'string') return value;
  return value === undefined ? '' : JSON.stringify(value);
}

/** What the plugins of a chain do to a request: run, refuse it, or neither because nothing was taken for them. */
export function pluginsOf(chain: FilterChain, extensions: readonly Extension[]): (WasmFilter | 'deny' | 'missing')[] {
  return chain.filters
    .flatMap(({ typed_config }) => typed_config.http_filters ?? [])
    .filter(({ config_discovery }) => config_discovery !== undefined)
    .flatMap(({ name }) => {
      const { effect = 'missing' } = extensions.find((extension) => extension.name === name) ?? {};
      return effect === 'allow' ? [] : [effect];
    });
}

/**
 * Why Envoy rejects a listener, in its words, or undefined when it takes it. As in Envoy, `fail_open` does not help.
 * @param refused a text; a filter whose configuration contains it cannot be configured
 */
export function refusalOf(listener: Listener, files: MountedFiles, refused: string | undefined): string | undefined {
  for (const { name, configuration, file } of listener.filter_chains.flatMap(wasmFiltersOf)) {
    const found = file === undefined ? 'wasm' : files(file);
    if (found === 'absent') return `Invalid path: ${file}`;
    if (found === 'other' || (refused !== undefined && configuration.includes(refused))) {
      return `Unable to create Wasm plugin ${name}`;
    }
  }
  return undefined;
}
