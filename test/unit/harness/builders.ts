/** Objects that the tests of the simulated sidecars are about. */
import type { ApiObject, JsonMap } from '../../kubelet/client.ts';

export const ROUTER_MATCH = {
  filter: {
    name: 'envoy.filters.network.http_connection_manager',
    subFilter: { name: 'envoy.filters.http.router' },
  },
};

export interface PatchOptions {
  readonly context?: string;
  readonly port?: number;
  readonly operation?: string;
  /** The HTTP filter that the patch is about; the router when absent. */
  readonly subFilter?: string;
  readonly configuration?: string;
  readonly file?: string;
}

/** A patch of an EnvoyFilter that puts a Wasm filter in. */
export function wasmPatch(name: string, options: PatchOptions = {}): JsonMap {
  const { context, port, operation = 'INSERT_BEFORE', subFilter, configuration, file } = options;
  const filter =
    subFilter === undefined ? ROUTER_MATCH.filter : { ...ROUTER_MATCH.filter, subFilter: { name: subFilter } };
  return {
    applyTo: 'HTTP_FILTER',
    match: {
      ...(context === undefined ? {} : { context }),
      listener: { ...(port === undefined ? {} : { portNumber: port }), filterChain: { filter } },
    },
    patch: { operation, ...(operation === 'REMOVE' ? {} : { value: wasmFilter(name, configuration, file) }) },
  };
}

function wasmFilter(name: string, configuration: string | undefined, file = `/wasm/${name}.wasm`): JsonMap {
  const value = { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: configuration };
  return {
    name,
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm',
      config: {
        name,
        root_id: '',
        fail_open: false,
        ...(configuration === undefined ? {} : { configuration: value }),
        vm_config: { runtime: 'envoy.wasm.runtime.v8', code: { local: { filename: file } } },
      },
    },
  };
}

export interface FilterOptions {
  readonly labels?: Readonly<Record<string, string>>;
  readonly priority?: number;
  readonly created?: string;
  readonly version?: number;
}

export function envoyFilter(name: string, patches: readonly unknown[], options: FilterOptions = {}): ApiObject {
  const { labels, priority, created = '2026-01-01T00:00:00Z', version = 1 } = options;
  const metadata = { name, namespace: 'shop', creationTimestamp: created, resourceVersion: String(version) };
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata,
    spec: {
      ...(labels === undefined ? {} : { workloadSelector: { labels } }),
      ...(priority === undefined ? {} : { priority }),
      configPatches: patches,
    },
  };
}

export function podWith(annotations: Readonly<Record<string, string>> = {}, spec: JsonMap = {}): ApiObject {
  return {
    metadata: { name: 'reviews-0', namespace: 'shop', uid: 'uid-0', labels: { app: 'reviews' }, annotations },
    spec: {
      initContainers: [{ name: 'istio-proxy', restartPolicy: 'Always' }],
      containers: [{ name: 'app' }],
      ...spec,
    },
  };
}
