/**
 * The listeners that istiod gives to a sidecar, as far as filters matter (istio: pilot/pkg/networking/core/listener_inbound.go).
 * The field names are those of Envoy's config_dump.
 */

export const HTTP_CONNECTION_MANAGER = 'envoy.filters.network.http_connection_manager';
export const ROUTER = 'envoy.filters.http.router';

export interface HttpFilter {
  readonly name: string;
  readonly typed_config?: unknown;
  /** Set in place of a configuration that comes apart from the listener. */
  readonly config_discovery?: unknown;
}

export interface NetworkFilter {
  readonly name: string;
  readonly typed_config: {
    readonly '@type': string;
    readonly stat_prefix?: string;
    readonly http_filters?: readonly HttpFilter[];
  };
}

export interface FilterChain {
  readonly name: string;
  readonly filter_chain_match?: {
    readonly destination_port?: number;
    readonly transport_protocol?: string;
    readonly application_protocols?: readonly string[];
  };
  readonly filters: readonly NetworkFilter[];
}

export interface Listener {
  readonly '@type': string;
  readonly name: string;
  /** Absent where only the proxy itself connects to it. */
  readonly address?: { readonly socket_address: { readonly address: string; readonly port_value: number } };
  readonly internal_listener?: Readonly<Record<string, never>>;
  readonly filter_chains: readonly FilterChain[];
  /** Absent where it only wraps or unwraps a tunnel. */
  readonly traffic_direction?: 'INBOUND' | 'OUTBOUND';
  /** Set where it gets only what iptables redirects to the sidecar. */
  readonly bind_to_port?: false;
}

/** The ports that the app of a pod listens on, by what the mesh takes them for. */
export interface AppPorts {
  readonly http: readonly number[];
  readonly tcp: readonly number[];
}

export const VIRTUAL_INBOUND = 'virtualInbound';
/** The chain for ports that no Service names; which requests are HTTP is found out from their first bytes. */
export const CATCH_ALL_HTTP = 'virtualInbound-catchall-http';

const LISTENER = 'type.googleapis.com/envoy.config.listener.v3.Listener';
const NETWORK = 'type.googleapis.com/envoy.extensions.filters.network';
const HTTP = 'type.googleapis.com/envoy.extensions.filters.http';
const MUTUAL = {
  transport_protocol: 'tls',
  application_protocols: ['istio-peer-exchange', 'istio', 'istio-http/1.0', 'istio-http/1.1', 'istio-h2'],
};
const PLAIN = { transport_protocol: 'raw_buffer' };
const PLAIN_HTTP = { ...PLAIN, application_protocols: ['http/1.1', 'h2c'] };
const ROUTER_FILTER = httpFilter(ROUTER, 'router.v3.Router');
/**
 * What a sidecar has before any EnvoyFilter: one inbound listener for all ports, and one outbound for HTTP on port 80.
 * @param strict whether it takes nothing but mutual TLS
 */
export function baseListeners({ http, tcp }: AppPorts, strict = false): Listener[] {
  const inbound = [
    chain('virtualInbound-blackhole', { destination_port: 15006 }, tcpProxy('BlackHoleCluster')),
    chain(CATCH_ALL_HTTP, MUTUAL, connectionManager('InboundPassthroughCluster')),
    chain(CATCH_ALL_HTTP, PLAIN_HTTP, connectionManager('InboundPassthroughCluster')),
    chain(VIRTUAL_INBOUND, MUTUAL, tcpProxy('InboundPassthroughCluster')),
    chain(VIRTUAL_INBOUND, PLAIN, tcpProxy('InboundPassthroughCluster')),
    ...http.flatMap((port) => portChains(port, connectionManager(`inbound_0.0.0.0_${port};`))),
    ...tcp.flatMap((port) => portChains(port, tcpProxy(`inbound|${port}||`))),
  ].filter(({ filter_chain_match: match }) => !strict || match?.transport_protocol !== PLAIN.transport_protocol);
  const outbound = [chain('', undefined, connectionManager('outbound_0.0.0.0_80;'))];
  const redirected = { ...listener('0.0.0.0_80', 80, 'OUTBOUND', outbound), bind_to_port: false as const };
  return [listener(VIRTUAL_INBOUND, 15006, 'INBOUND', inbound), redirected];
}

/** What a gateway has whose Gateway opens these ports for HTTP: a listener each (istio: pilot/pkg/networking/core/gateway.go). */
export function gatewayListeners({ http, tcp }: AppPorts): Listener[] {
  const open = (port: number, filter: NetworkFilter): Listener =>
    listener(`0.0.0.0_${port}`, port, 'OUTBOUND', [chain('', undefined, filter)]);
  return [
    ...http.map((port) => open(port, connectionManager(`outbound_0.0.0.0_${port};`))),
    ...tcp.map((port) => open(port, tcpProxy(`outbound|${port}||`))),
  ];
}

/** What a gateway of Gateway API has: those, and one for the tunnels of ambient mode. */
export function gatewayApiListeners(ports: AppPorts): Listener[] {
  return [
    ...gatewayListeners(ports),
    internal('connect_originate', [chain('', undefined, tcpProxy('connect_originate'))]),
  ];
}

/**
 * What a waypoint has: a chain for each port of each Service that uses it, which a tree of matches chooses, and those for pods
 * that are called by their addresses (istio: pilot/pkg/networking/core/listener_waypoint.go).
 * @param host the name of the one Service
 */
export function waypointListeners({ http, tcp }: AppPorts, host: string): Listener[] {
  const authority = { name: 'connect_authority', typed_config: { '@type': `${HTTP}.set_filter_state.v3.Config` } };
  const networkAuthority = { ...authority, typed_config: { '@type': `${NETWORK}.set_filter_state.v3.Config` } };
  const terminate = managerOf('connect_terminate', [authority, ROUTER_FILTER]);
  const service = (port: number, protocol: string, filter: NetworkFilter): FilterChain =>
    chain(`inbound-vip|${port}|${protocol}|${host}`, undefined, filter);
  const chains = [
    ...http.map((port) => service(port, 'http', connectionManager(`inbound_0.0.0.0_${port};`))),
    ...tcp.map((port) => service(port, 'tcp', tcpProxy(`inbound-vip|${port}|tcp|${host}`))),
    chain('direct-tcp', undefined, networkAuthority, tcpProxy('encap')),
    chain('direct-http', undefined, networkAuthority, connectionManager('inbound_0.0.0.0_0;')),
  ];
  return [
    ...['connect_originate', 'outer_connect_originate'].map((name) =>
      internal(name, [chain('', undefined, tcpProxy(name))]),
    ),
    {
      '@type': LISTENER,
      name: 'connect_terminate',
      address: { socket_address: { address: '0.0.0.0', port_value: 15008 } },
      filter_chains: [chain('default', undefined, terminate)],
    },
    { ...internal('main_internal', chains), traffic_direction: 'INBOUND' },
  ];
}

function internal(name: string, chains: readonly FilterChain[]): Listener {
  return { '@type': LISTENER, name, filter_chains: chains, internal_listener: {} };
}

/** The Service of a waypoint's chain. */
export function serviceOf({ name }: FilterChain): string | undefined {
  return /^inbound-vip\|\d+\|\w+\|([^.]+)\./.exec(name)?.[1];
}

/** The port that a match of istiod's is compared with; 0 for the chains of a waypoint. */
export function portOf(listener: Listener, chain: FilterChain): number | undefined {
  // On the listener for all inbound ports, a port is that of the filter chain.
  if (listener.name === VIRTUAL_INBOUND) return chain.filter_chain_match?.destination_port;
  return listener.address?.socket_address.port_value ?? 0;
}

function listener(
  name: string,
  port: number,
  direction: 'INBOUND' | 'OUTBOUND',
  chains: readonly FilterChain[],
): Listener {
  return {
    '@type': LISTENER,
    name,
    address: { socket_address: { address: '0.0.0.0', port_value: port } },
    filter_chains: chains,
    traffic_direction: direction,
  };
}

function chain(
  name: string,
  match: FilterChain['filter_chain_match'],
  ...filters: readonly NetworkFilter[]
): FilterChain {
  return { ...(match === undefined ? {} : { filter_chain_match: match }), filters, name };
}

/** Mutual TLS is permissive: a port takes both. */
function portChains(port: number, filter: NetworkFilter): FilterChain[] {
  return [MUTUAL, PLAIN].map((match) => chain(`0.0.0.0_${port}`, { destination_port: port, ...match }, filter));
}

function tcpProxy(statPrefix: string): NetworkFilter {
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: { '@type': `${NETWORK}.tcp_proxy.v3.TcpProxy`, stat_prefix: statPrefix },
  };
}

function connectionManager(statPrefix: string): NetworkFilter {
  const stats = {
    '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct',
    type_url: 'type.googleapis.com/stats.PluginConfig',
    value: { disable_host_header_fallback: true },
  };
  return managerOf(statPrefix, [
    httpFilter('envoy.filters.http.grpc_stats', 'grpc_stats.v3.FilterConfig'),
    httpFilter('envoy.filters.http.fault', 'fault.v3.HTTPFault'),
    httpFilter('envoy.filters.http.cors', 'cors.v3.Cors'),
    { name: 'istio.stats', typed_config: stats },
    ROUTER_FILTER,
  ]);
}

function managerOf(statPrefix: string, filters: readonly HttpFilter[]): NetworkFilter {
  return {
    name: HTTP_CONNECTION_MANAGER,
    typed_config: {
      '@type': `${NETWORK}.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: statPrefix,
      http_filters: filters,
    },
  };
}

function httpFilter(name: string, type: string): HttpFilter {
  return { name, typed_config: { '@type': `${HTTP}.${type}` } };
}
