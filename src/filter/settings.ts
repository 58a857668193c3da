import type { Insertion } from './insertion.ts';

/** Which traffic a filter sees: what comes to the workload, what it sends, or both; or what passes a gateway. */
export const DIRECTIONS = ['inbound', 'outbound', 'any', 'gateway'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/**
 * What Envoy does with requests while the filter is broken: refuse them (closed), let them pass without it (open), or refuse
 * them until it has started the filter anew (reload).
 */
export const FAIL_POLICIES = ['closed', 'open', 'reload'] as const;
export type FailPolicy = (typeof FAIL_POLICIES)[number];

/** Variables of the VM by name: a text, or what the proxy's own variable of that name says, if it has one. */
export type VmEnvironment = Readonly<Record<string, string | { readonly from: 'proxy' }>>;

/** Where among Istio's own filters a WasmPlugin stands; `unspecified`: after all of them. */
export const PLUGIN_PHASES = ['unspecified', 'authn', 'authz', 'stats'] as const;
export type PluginPhase = (typeof PLUGIN_PHASES)[number];

/** A module that the proxies pull from a registry. */
export interface ImageDelivery {
  /** `registry.example/filters/add-header@sha256:…`. */
  readonly reference: string;
  /** The Secret with the registry's credentials, in the namespace of the workload. */
  readonly pullSecret?: string;
  readonly phase: PluginPhase;
}

/** How much Envoy's component of filters logs (envoy --component-log-level), from all to nothing. */
export const PROXY_LOG_LEVELS = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'] as const;
export type ProxyLogLevel = (typeof PROXY_LOG_LEVELS)[number];

/** Everything besides the code that reaches the proxy. */
export interface FilterSettings {
  /** Which of the module's root contexts to run. */
  readonly rootId: string;
  /** Filters with one id and the same code share a VM. Means nothing with an image. */
  readonly vmId: string;
  /** Handed to the filter byte for byte. */
  readonly configuration: string;
  readonly direction: Direction;
  /** Only listeners of this port; all when `undefined`. */
  readonly port?: number;
  readonly failPolicy: FailPolicy;
  /** How long Envoy waits at least before it starts a broken filter anew, in milliseconds; its own second when absent. */
  readonly reloadBackoffMs?: number;
  /** Whether a filter that stops at the headers of a request still gets its body; it does not when absent. */
  readonly allowOnHeadersStopIteration?: true;
  /** No variables when absent. */
  readonly environment?: VmEnvironment;
  /** The host functions that the filter may call and the callbacks that it gets, sorted; all when absent, never none. */
  readonly capabilities?: readonly string[];
  /** Whether Envoy runs machine code that the module brings along; not when absent. */
  readonly allowPrecompiled?: true;
  /** From which level on the pods' proxies log what filters say; as they are when absent. */
  readonly logLevel?: ProxyLogLevel;
  /** Where the filter stands among all HTTP filters of the proxy. */
  readonly insert: Insertion;
  /** Place among the filters of one workload that stand in the same place: requests pass through lower ones first. */
  readonly order: number;
  /** The folder in the proxy's container where the module is mounted. Means nothing with an image. */
  readonly mountPath: string;
  /** Present where the proxies pull the module themselves, instead of finding it mounted. */
  readonly image?: ImageDelivery;
}

/** The settings that one target may have of its own. */
export type SettingsOverride = Partial<Pick<FilterSettings, 'configuration' | 'direction' | 'port' | 'insert'>>;

/** The settings that Envoy's own configuration of a filter holds, envoy.extensions.filters.http.wasm.v3.Wasm. */
export type WasmSettings = Pick<
  FilterSettings,
  | 'rootId'
  | 'vmId'
  | 'configuration'
  | 'failPolicy'
  | 'reloadBackoffMs'
  | 'allowOnHeadersStopIteration'
  | 'environment'
  | 'capabilities'
  | 'allowPrecompiled'
>;

/** The settings that show in a proxy's listeners. */
export type ListenerSettings = WasmSettings & Pick<FilterSettings, 'direction' | 'port' | 'insert'>;

/** Orders beyond this would not fit into the EnvoyFilter's 32-bit priority with room to spare. */
export const MAX_ORDER = 1_000_000;

/** A TCP port, or `undefined` if the text or number is none. */
export function parsePort(value: string | number): number | undefined {
  const port = typeof value === 'number' ? value : /^\d+$/.test(value) ? Number(value) : Number.NaN;
  return Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : undefined;
}
