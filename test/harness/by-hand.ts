/** A filter that somebody has put in by hand, by the four steps that the documentation of Wasm filters in Istio shows. */
export interface FilterByHand {
  /** The name of the HTTP filter and of the plugin. */
  readonly filter: string;
  readonly rootId: string;
  /** The module's path in the proxy. */
  readonly file: string;
  /** The pods that it is for; all of the namespace when absent. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly configuration?: string;
  readonly vmId?: string;
}

/** The spec of the EnvoyFilter that inserts it before the router, for incoming requests. */
export function specByHand({ filter, rootId, file, labels, configuration, vmId }: FilterByHand) {
  return {
    ...(labels === undefined ? {} : { workloadSelector: { labels } }),
    configPatches: [
      {
        applyTo: 'HTTP_FILTER',
        match: {
          context: 'SIDECAR_INBOUND',
          listener: {
            filterChain: {
              filter: {
                name: 'envoy.filters.network.http_connection_manager',
                subFilter: { name: 'envoy.filters.http.router' },
              },
            },
          },
        },
        patch: {
          operation: 'INSERT_BEFORE',
          value: {
            name: filter,
            typed_config: {
              '@type': 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm',
              config: {
                name: filter,
                root_id: rootId,
                ...(configuration === undefined
                  ? {}
                  : {
                      configuration: {
                        '@type': 'type.googleapis.com/google.protobuf.StringValue',
                        value: configuration,
                      },
                    }),
                vm_config: {
                  ...(vmId === undefined ? {} : { vm_id: vmId }),
                  runtime: 'envoy.wasm.runtime.v8',
                  code: { local: { filename: file } },
                },
              },
            },
          },
        },
      },
    ],
  };
}
