import { isObject, parseJson, pick } from '../../base/json.ts';
import { fail, messageOf, ok, type Result } from '../../base/problem.ts';
import { readWasm, type ShownSettings } from '../objects/wasm-settings.ts';

/** A Wasm filter inside an HTTP connection manager. */
export interface WasmFilter {
  readonly file: string;
  /** Its index among the HTTP filters. */
  readonly position: number;
  readonly settings: ShownSettings;
}

/** A filter chain of a listener. */
export interface FilterChain {
  /** The port of the traffic it takes; `undefined` if it takes what no other chain does. */
  readonly port: number | undefined;
  /** Whether it has an HTTP connection manager; an EnvoyFilter for HTTP filters passes the others by. */
  readonly http: boolean;
  /** The names of its HTTP filters, in their order; empty where one has none. */
  readonly httpFilters: readonly string[];
  readonly wasm: readonly WasmFilter[];
  /** The filters whose configuration comes apart from the listener, by the name that istiod gives them; see `pluginName`. */
  readonly plugins: readonly string[];
  /** Whether traffic from outside that is not encrypted may take it. */
  readonly plaintext: boolean;
}

/** A dynamic listener of Envoy, as its admin interface shows it. */
export interface Listener {
  readonly name: string;
  readonly direction: 'inbound' | 'outbound';
  /** Whether it takes connections to its own address; the others get what iptables redirects to the sidecar. */
  readonly bound: boolean;
  /** What serves traffic; empty while no configuration was accepted. */
  readonly active: readonly FilterChain[];
  /** The last configuration, when it was refused. */
  readonly refused?: { readonly details: string; readonly chains: readonly FilterChain[] };
}

/** Ports of the sidecar itself (https://istio.io/latest/docs/ops/deployment/application-requirements/). */
const SIDECAR_PORTS = new Set([15_000, 15_001, 15_004, 15_006, 15_008, 15_009, 15_020, 15_021, 15_053, 15_090]);

/**
 * Reads `config_dump?resource=dynamic_listeners` of Envoy's admin interface (envoy.admin.v3.ListenersConfigDump). A refused
 * listener is in it twice on Envoy 1.40: under its name, and once more without one.
 */
export function parseListeners(dump: string): Result<readonly Listener[]> {
  let value: unknown;
  try {
    value = parseJson(dump);
  } catch (error) {
    return fail({ kind: 'verification', message: `Envoy's listeners are not valid JSON (${messageOf(error)}).` });
  }
  if (!isObject(value) || !Array.isArray(value.configs)) {
    return fail({ kind: 'verification', message: "Envoy's answer has no listeners in it." });
  }
  // Asked for everything, Envoy wraps them once more.
  const entries = objectsIn(value.configs).flatMap((config) =>
    Array.isArray(config.dynamic_listeners) ? objectsIn(config.dynamic_listeners) : [config],
  );
  return ok(entries.map(readListener));
}

function readListener(entry: Readonly<Record<string, unknown>>): Listener {
  const active = pick(entry, 'active_state', 'listener');
  const failed = pick(entry, 'error_state', 'failed_configuration');
  const name = [entry.name, pick(active, 'name'), pick(failed, 'name')].find((one) => typeof one === 'string');
  const direction = pick(active, 'traffic_direction') ?? pick(failed, 'traffic_direction');
  const inbound = direction === 'INBOUND' || (direction !== 'OUTBOUND' && name === 'virtualInbound');
  const details = pick(entry, 'error_state', 'details');
  return {
    name: typeof name === 'string' ? name : '',
    direction: inbound ? 'inbound' : 'outbound',
    bound: inbound ? name !== 'virtualInbound' : pick(active, 'bind_to_port') !== false && name !== 'virtualOutbound',
    active: readChains(active, inbound),
    ...(isObject(entry.error_state) && {
      refused: { details: typeof details === 'string' ? details : '', chains: readChains(failed, inbound) },
    }),
  };
}

function readChains(listener: unknown, inbound: boolean): FilterChain[] {
  const ownPort = pick(listener, 'address', 'socket_address', 'port_value');
  const chains = [
    ...objectsIn(pick(listener, 'filter_chains')),
    ...objectsIn([pick(listener, 'default_filter_chain')]),
  ];
  return chains.map((chain) => {
    const matched = pick(chain, 'filter_chain_match', 'destination_port');
    const port = inbound ? matched : ownPort;
    const ofSidecar = typeof port === 'number' && SIDECAR_PORTS.has(port);
    const managers = objectsIn(chain.filters)
      .map((filter) => filter.typed_config)
      .filter((config) => String(pick(config, '@type')).endsWith('.HttpConnectionManager'));
    const httpFilters = managers.flatMap((manager) => objectsIn(pick(manager, 'http_filters')));
    return {
      port: typeof port === 'number' && !ofSidecar ? port : undefined,
      http: managers.length > 0,
      httpFilters: httpFilters.map(({ name }) => (typeof name === 'string' ? name : '')),
      wasm: httpFilters.flatMap(readFile),
      plugins: httpFilters.flatMap(({ name, config_discovery }) => (isObject(config_discovery) ? String(name) : [])),
      plaintext: !ofSidecar && pick(chain, 'filter_chain_match', 'transport_protocol') !== 'tls',
    };
  });
}

function readFile({ typed_config }: Readonly<Record<string, unknown>>, position: number): WasmFilter[] {
  const file = pick(typed_config, 'config', 'vm_config', 'code', 'local', 'filename');
  return typeof file === 'string' ? [{ file, position, settings: readWasm(typed_config) }] : [];
}

/** The objects of what should be a list of them. */
export function objectsIn(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
