/** What a proxy of the agreement suite is to be. */
export interface BootstrapOptions {
  /** The socket of its admin interface. */
  readonly admin: string;
  /** The port of this machine that requests go to. */
  readonly upstream: number;
  /** The HTTP filter before the router. */
  readonly httpFilter: unknown;
}

const LOOPBACK = '127.0.0.1';

/** An Envoy with one HTTP listener on a free port of loopback. */
export function bootstrap({ admin, upstream, httpFilter }: BootstrapOptions): unknown {
  return {
    admin: { address: { pipe: { path: admin } } },
    static_resources: {
      listeners: [
        {
          name: 'virtualInbound',
          traffic_direction: 'INBOUND',
          address: socketAddress(0),
          filter_chains: [{ filters: [connectionManager(httpFilter)] }],
        },
      ],
      clusters: [
        {
          name: 'upstream',
          load_assignment: {
            cluster_name: 'upstream',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(upstream) } }] }],
          },
        },
      ],
    },
  };
}

function connectionManager(httpFilter: unknown): unknown {
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': type('filters.network.http_connection_manager.v3.HttpConnectionManager'),
      stat_prefix: 'inbound',
      route_config: {
        name: 'default',
        virtual_hosts: [
          {
            name: 'all',
            domains: ['*'],
            routes: [{ name: 'default', match: { prefix: '/' }, route: { cluster: 'upstream' } }],
          },
        ],
      },
      http_filters: [
        httpFilter,
        { name: 'envoy.filters.http.router', typed_config: { '@type': type('filters.http.router.v3.Router') } },
      ],
    },
  };
}

function socketAddress(port: number): unknown {
  return { socket_address: { address: LOOPBACK, port_value: port } };
}

function type(name: string): string {
  return `type.googleapis.com/envoy.extensions.${name}`;
}
