/**
 * What istiod and istio-agent make of WasmPlugins (istio: pilot/pkg/model/extensions.go, pkg/wasm/convert.go): a place in the listeners,
 * and a configuration apart from them that is there once the image is pulled.
 */
import { type ApiObject, dig, digList } from '../../kubelet/client.ts';
import {
  type FilterChain,
  HTTP_CONNECTION_MANAGER,
  type HttpFilter,
  type Listener,
  ROUTER,
  VIRTUAL_INBOUND,
} from './listeners.ts';

/** Images of this registry cannot be reached, those of the next one not be read. */
export const UNREACHABLE_REGISTRY = 'unreachable.example';
export const CLOSED_REGISTRY = 'closed.example';

const TYPES = 'type.googleapis.com/';
const WASM = `${TYPES}envoy.extensions.filters.http.wasm.v3.Wasm`;
const RBAC = `${TYPES}envoy.extensions.filters.http.rbac.v3.RBAC`;

/** A configuration that comes apart from the listeners. */
export interface Extension {
  /** As the listeners call it. */
  readonly name: string;
  /** What Envoy was given, and shows whether it took it or not. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Whether it refused that, so that every request gets an error. */
  readonly refused: boolean;
  /** What istio-agent and Envoy have logged about it. */
  readonly log: readonly string[];
}

export function isPlugin(object: ApiObject): boolean {
  return typeof dig(object, 'spec', 'url') === 'string';
}

/** The WasmPlugins that select a pod, in the order in which requests pass them. */
export function selectedPlugins(
  objects: readonly ApiObject[],
  podLabels: Readonly<Record<string, string>>,
): ApiObject[] {
  const priority = (plugin: ApiObject): number => Number(dig(plugin, 'spec', 'priority') ?? Number.NEGATIVE_INFINITY);
  return objects
    .filter((plugin) => {
      const wanted = (dig(plugin, 'spec', 'selector', 'matchLabels') ?? {}) as Record<string, string>;
      return Object.entries(wanted).every(([key, value]) => podLabels[key] === value);
    })
    .sort((a, b) => priority(b) - priority(a));
}

/** The listeners with a place for each plugin, before the router or, in the phase AUTHN, before everything. */
export function placePlugins(listeners: readonly Listener[], plugins: readonly ApiObject[]): Listener[] {
  return listeners.map((listener) => ({
    ...listener,
    filter_chains: listener.filter_chains.map((chain) => {
      const fitting = plugins.filter((plugin) => matches(listener, chain, plugin));
      const filters = chain.filters.map((filter) => {
        const { http_filters: before } = filter.typed_config;
        if (before === undefined || filter.name !== HTTP_CONNECTION_MANAGER) return filter;
        return { ...filter, typed_config: { ...filter.typed_config, http_filters: fitting.reduce(place, before) } };
      });
      return { ...chain, filters };
    }),
  }));
}

function place(filters: readonly HttpFilter[], plugin: ApiObject): readonly HttpFilter[] {
  const added = {
    name: resourceName(plugin),
    config_discovery: { config_source: { ads: {} }, type_urls: [WASM, RBAC] },
  };
  const router = filters.findIndex(({ name }) => name === ROUTER);
  const at = dig(plugin, 'spec', 'phase') === 'AUTHN' ? 0 : router < 0 ? filters.length : router;
  return [...filters.slice(0, at), added, ...filters.slice(at)];
}

function matches(listener: Listener, chain: FilterChain, plugin: ApiObject): boolean {
  const wanted = digList(plugin, 'spec', 'match');
  const mode = listener.traffic_direction === 'INBOUND' ? 'SERVER' : 'CLIENT';
  const port =
    listener.name === VIRTUAL_INBOUND
      ? chain.filter_chain_match?.destination_port
      : listener.address.socket_address.port_value;
  return (
    wanted.length === 0 ||
    wanted.some((match) => {
      const ports = digList(match, 'ports').map((one) => dig(one, 'number'));
      const fits = [mode, 'CLIENT_AND_SERVER', undefined].includes(dig(match, 'mode') as string | undefined);
      return fits && (ports.length === 0 || ports.includes(port));
    })
  );
}

/** As Istio 1.30 and newer name it. */
function resourceName(plugin: ApiObject): string {
  return `extensions.istio.io/trafficextension/${pluginName(plugin)}`;
}

function pluginName({ metadata }: ApiObject): string {
  return `${metadata.namespace}.${metadata.name}~istio-translated-wasmplugin`;
}

/** What a proxy gets for a plugin. @param refused a text; a filter whose configuration contains it cannot be configured */
export function loadExtension(plugin: ApiObject, refused: string | undefined): Extension {
  const name = resourceName(plugin);
  const url = String(dig(plugin, 'spec', 'url'));
  const open = dig(plugin, 'spec', 'failStrategy') === 'FAIL_OPEN';
  const trouble = pullTrouble(url);
  if (trouble !== undefined) {
    const why = `error in converting the wasm config to local: cannot fetch Wasm module ${url}: ${trouble}. applying ${open ? 'allow' : 'deny'} RBAC filter`;
    const stat = `wasm-default-${open ? 'allow' : 'deny'}`;
    const config = { '@type': RBAC, ...(open ? {} : { rules: {} }), rules_stat_prefix: stat };
    return { name, config, refused: false, log: [`error\twasm\t${why}`] };
  }
  // Istiod writes a Struct with blanks of its own.
  const text = JSON.stringify(dig(plugin, 'spec', 'pluginConfig') ?? '', undefined, 1).replaceAll(/\n\s*/g, ' ');
  const configuration = text === '""' ? '' : text;
  const config = {
    name: pluginName(plugin),
    ...(configuration === ''
      ? {}
      : { configuration: { '@type': `${TYPES}google.protobuf.StringValue`, value: configuration } }),
    vm_config: { runtime: 'envoy.wasm.runtime.v8', code: { local: { filename: '/var/lib/istio/data/x/y.wasm' } } },
  };
  const isRefused = refused !== undefined && configuration.includes(refused);
  const log = [
    'error\tenvoy wasm\tWasm VM failed Failed to configure base Wasm plugin',
    `warning\tenvoy config\tgRPC config for ${TYPES}envoy.config.core.v3.TypedExtensionConfig rejected: Unable to create Wasm plugin ${pluginName(plugin)}`,
  ];
  return { name, config: { '@type': WASM, config }, refused: isRefused, log: isRefused ? log : [] };
}

/** The words of github.com/google/go-containerregistry and of Go's net package. */
function pullTrouble(url: string): string | undefined {
  const host = url.replace(/^oci:\/\//, '').split('/')[0];
  if (host === UNREACHABLE_REGISTRY) {
    return `could not fetch Wasm OCI image: could not fetch image: Get "https://${host}/v2/": dial tcp: lookup ${host}: no such host`;
  }
  if (host === CLOSED_REGISTRY) {
    return 'could not fetch Wasm OCI image: could not fetch image: GET https://closed.example/token: UNAUTHORIZED: authentication required';
  }
  return undefined;
}
