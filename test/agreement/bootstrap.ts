/** What a proxy of the agreement suite is to be. */
export interface BootstrapOptions {
  /** The socket of its admin interface. */
  readonly admin: string;
  /** The port of this machine that requests go to. */
  readonly upstream: number;
  /** The HTTP filter before the router. */
  readonly httpFilter: unknown;
  /** The name of the cluster behind it; default `upstream`. */
  readonly cluster?: string;
  /** Requests go on by HTTP/2. */
  readonly http2?: true;
  /** Ports of other clusters by name, which speak HTTP/2. */
  readonly calls?: Readonly<Record<string, number>>;
  /** The file of the access log, a line for each request: the details of its response code. */
  readonly accessLog?: string;
}

const LOOPBACK = '127.0.0.1';

/** An Envoy with one HTTP listener on a free port of loopback. */
export function bootstrap(options: BootstrapOptions): unknown {
  const { admin, upstream, cluster: name = 'upstream', http2, calls = {} } = options;
  return {
    // Histograms are merged with each flush.
    stats_flush_interval: '0.05s',
    admin: { address: { pipe: { path: admin } } },
    static_resources: {
      listeners: [
        {
          name: 'virtualInbound',
          traffic_direction: 'INBOUND',
          address: socketAddress(0),
          filter_chains: [{ filters: [connectionManager(options)] }],
        },
      ],
      clusters: [
        cluster(name, upstream, http2),
        ...Object.entries(calls).map(([called, port]) => cluster(called, port, true)),
      ],
    },
  };
}

function cluster(name: string, port: number, http2: true | undefined): unknown {
  const options = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  return {
    name,
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(port) } }] }],
    },
    ...(http2 && {
      typed_extension_protocol_options: {
        [options]: {
          '@type': `type.googleapis.com/${options}`,
          explicit_http_config: { http2_protocol_options: {} },
        },
      },
    }),
  };
}

function connectionManager({ httpFilter, cluster: name = 'upstream', accessLog }: BootstrapOptions): unknown {
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': type('filters.network.http_connection_manager.v3.HttpConnectionManager'),
      stat_prefix: 'inbound',
      ...(accessLog !== undefined && { access_log: [fileLog(accessLog)] }),
      route_config: {
        name: 'default',
        virtual_hosts: [
          {
            name: 'all',
            domains: ['*'],
            routes: [{ name: 'default', match: { prefix: '/' }, route: { cluster: name } }],
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

function fileLog(path: string): unknown {
  return {
    name: 'envoy.access_loggers.file',
    typed_config: {
      '@type': type('access_loggers.file.v3.FileAccessLog'),
      path,
      log_format: { text_format_source: { inline_string: '%RESPONSE_CODE_DETAILS%\n' } },
    },
  };
}

function socketAddress(port: number): unknown {
  return { socket_address: { address: LOOPBACK, port_value: port } };
}

function type(name: string): string {
  return `type.googleapis.com/envoy.extensions.${name}`;
}
