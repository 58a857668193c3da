/** Where istiod puts WasmPlugins in the listeners (istio: pilot/pkg/model/extensions.go); their configurations come apart, see `extensions.ts`. */
import { type ApiObject, dig, digList } from '../../kubelet/client.ts';
import { namesGateway, servicesOf } from './gateway-plugin.ts';
import {
  type FilterChain,
  HTTP_CONNECTION_MANAGER,
  type HttpFilter,
  type Listener,
  portOf,
  ROUTER,
  serviceOf,
} from './listeners.ts';

/** This registry cannot be reached, that one not be read, and the next one has no image. */
export const UNREACHABLE_REGISTRY = 'unreachable.example';
export const CLOSED_REGISTRY = 'closed.example';
export const EMPTY_REGISTRY = 'empty.example';
/** Every proxy rejects the modules in images of this registry. */
export const REFUSED_REGISTRY = 'refused.example';

export const TYPES = 'type.googleapis.com/';
export const WASM = `${TYPES}envoy.extensions.filters.http.wasm.v3.Wasm`;
export const RBAC = `${TYPES}envoy.extensions.filters.http.rbac.v3.RBAC`;

/** A WasmPlugin, or a TrafficExtension with a module in the form of one; undefined for anything else. */
export function asPlugin(object: ApiObject): ApiObject | undefined {
  const { spec } = object;
  if (typeof dig(spec, 'url') === 'string') return object;
  const wasm = dig(spec, 'wasm');
  if (typeof dig(wasm, 'url') !== 'string') return undefined;
  return { ...object, spec: { ...(spec as object), ...(wasm as object) } };
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
      return namesGateway(plugin, wanted, podLabels);
    })
    .sort((a, b) => priority(b) - priority(a));
}

/**
 * The listeners with a place for each plugin, before the router or, in the phase AUTHN, before everything.
 * @param first whether they stand before what istiod puts there itself, as they do in the gateway of a Gateway API
 */
export function placePlugins(listeners: readonly Listener[], plugins: readonly ApiObject[], first = false): Listener[] {
  return listeners.map((listener) => ({
    ...listener,
    filter_chains: listener.filter_chains.map((chain) => {
      const fitting = plugins.filter((plugin) => matches(listener, chain, plugin));
      const filters = chain.filters.map((filter) => {
        const { http_filters: before } = filter.typed_config;
        if (before === undefined || filter.name !== HTTP_CONNECTION_MANAGER) return filter;
        return {
          ...filter,
          typed_config: {
            ...filter.typed_config,
            http_filters: fitting.reduce((filters, plugin) => place(filters, plugin, first), before),
          },
        };
      });
      return { ...chain, filters };
    }),
  }));
}

function place(filters: readonly HttpFilter[], plugin: ApiObject, first: boolean): readonly HttpFilter[] {
  const added = {
    name: resourceName(plugin),
    config_discovery: { config_source: { ads: {} }, type_urls: [WASM, RBAC] },
  };
  const router = filters.findIndex(
    first ? ({ typed_config }) => typed_config !== undefined : ({ name }) => name === ROUTER,
  );
  const at = dig(plugin, 'spec', 'phase') === 'AUTHN' ? 0 : router < 0 ? filters.length : router;
  return [...filters.slice(0, at), added, ...filters.slice(at)];
}

function matches(listener: Listener, chain: FilterChain, plugin: ApiObject): boolean {
  const wanted = digList(plugin, 'spec', 'match');
  if (listener.traffic_direction === undefined) return false;
  const services = servicesOf(plugin);
  if (services?.includes(serviceOf(chain)) === false) return false;
  const mode = listener.traffic_direction === 'INBOUND' ? 'SERVER' : 'CLIENT';
  const port = portOf(listener, chain);
  return (
    wanted.length === 0 ||
    wanted.some((match) => {
      const ports = digList(match, 'ports').map((one) => dig(one, 'number'));
      const fits = [mode, 'CLIENT_AND_SERVER', undefined].includes(dig(match, 'mode') as string | undefined);
      return fits && (ports.length === 0 || ports.includes(port));
    })
  );
}

/** Those of the plugins that have a place somewhere: Envoy asks for no others. */
export function placedIn(listeners: readonly Listener[], plugins: readonly ApiObject[]): ApiObject[] {
  const names = new Set(
    listeners
      .flatMap(({ filter_chains }) => filter_chains)
      .flatMap(({ filters }) => filters)
      .flatMap(({ typed_config }) => typed_config.http_filters ?? [])
      .map(({ name }) => name),
  );
  return plugins.filter((plugin) => names.has(resourceName(plugin)));
}

/** The name of its HTTP filter, as Istio 1.30 and newer give it. */
export function resourceName(plugin: ApiObject): string {
  return `extensions.istio.io/trafficextension/${pluginName(plugin)}`;
}

/** The name of the filter in Envoy: istiod takes a WasmPlugin for a TrafficExtension that it marks as translated. */
export function pluginName({ metadata, spec }: ApiObject): string {
  const translated = dig(spec, 'wasm') === undefined ? '~istio-translated-wasmplugin' : '';
  return `${metadata.namespace}.${metadata.name}${translated}`;
}
