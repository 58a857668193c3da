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
    readonly stat_prefix: string;
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
  readonly address: { readonly socket_address: { readonly address: string; readonly port_value: number } };
  readonly filter_chains: readonly FilterChain[];
  readonly traffic_direction: 'INBOUND' | 'OUTBOUND';
}

/** The ports that the app of a pod listens on, by what the mesh takes them for. */
export interface AppPorts {
  readonly http: readonly number[];
  readonly tcp: readonly number[];
}

export const VIRTUAL_INBOUND = 'virtualInbound';
/** The chain for ports that no Service names; which requests are HTTP is found out from their first bytes. */
export const CATCH_ALL_HTTP = 'virtualInbound-catchall-http';

const NETWORK = 'type.googleapis.com/envoy.extensions.filters.network';
const MUTUAL = {
  transport_protocol: 'tls',
  application_protocols: ['istio-peer-exchange', 'istio', 'istio-http/1.0', 'istio-http/1.1', 'istio-h2'],
};
const PLAIN = { transport_protocol: 'raw_buffer' };
const PLAIN_HTTP = { ...PLAIN, application_protocols: ['http/1.1', 'h2c'] };

/** What a sidecar has before any EnvoyFilter: one inbound listener for all ports, and one outbound for HTTP on port 80. */
export function baseListeners({ http, tcp }: AppPorts): Listener[] {
  const inbound = [
    chain('virtualInbound-blackhole', { destination_port: 15006 }, tcpProxy('BlackHoleCluster')),
    chain(CATCH_ALL_HTTP, MUTUAL, connectionManager('InboundPassthroughCluster')),
    chain(CATCH_ALL_HTTP, PLAIN_HTTP, connectionManager('InboundPassthroughCluster')),
    chain(VIRTUAL_INBOUND, MUTUAL, tcpProxy('InboundPassthroughCluster')),
    chain(VIRTUAL_INBOUND, PLAIN, tcpProxy('InboundPassthroughCluster')),
    ...http.flatMap((port) => portChains(port, connectionManager(`inbound_0.0.0.0_${port};`))),
    ...tcp.flatMap((port) => portChains(port, tcpProxy(`inbound|${port}||`))),
  ];
  const outbound = [chain('', undefined, connectionManager('outbound_0.0.0.0_80;'))];
  return [listener(VIRTUAL_INBOUND, 15006, 'INBOUND', inbound), listener('0.0.0.0_80', 80, 'OUTBOUND', outbound)];
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

function listener(
  name: string,
  port: number,
  direction: Listener['traffic_direction'],
  chains: readonly FilterChain[],
): Listener {
  return {
    '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
    name,
    address: { socket_address: { address: '0.0.0.0', port_value: port } },
    filter_chains: chains,
    traffic_direction: direction,
  };
}

function chain(name: string, match: FilterChain['filter_chain_match'], filter: NetworkFilter): FilterChain {
  return { ...(match === undefined ? {} : { filter_chain_match: match }), filters: [filter], name };
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
  const http = (name: string, type: string): HttpFilter => ({
    name,
    typed_config: { '@type': `type.googleapis.com/envoy.extensions.filters.http.${type}` },
  });
  const stats = {
    '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct',
    type_url: 'type.googleapis.com/stats.PluginConfig',
    value: { disable_host_header_fallback: true },
  };
  return {
    name: HTTP_CONNECTION_MANAGER,
    typed_config: {
      '@type': `${NETWORK}.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: statPrefix,
      http_filters: [
        http('envoy.filters.http.grpc_stats', 'grpc_stats.v3.FilterConfig'),
        http('envoy.filters.http.fault', 'fault.v3.HTTPFault'),
        http('envoy.filters.http.cors', 'cors.v3.Cors'),
        { name: 'istio.stats', typed_config: stats },
        http(ROUTER, 'router.v3.Router'),
      ],
    },
  };
}
