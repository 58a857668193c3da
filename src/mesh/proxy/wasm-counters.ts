import { defined } from '../../base/defined.ts';
import { parseMetrics } from './prometheus.ts';
import { TRAFFIC_METRICS, type Traffic, trafficIn, type Way } from './traffic.ts';

/** How often Envoy has started the VM of a plugin anew, since the proxy's start (Envoy 1.33 and newer, with FAIL_RELOAD). */
export interface Reloads {
  readonly success: number;
  readonly failure: number;
  /** Requests that came while it was too early for another start. */
  readonly backoff: number;
}

/** What a proxy has counted of its filters and its requests. */
export interface ProxyCounters {
  /** By the plugin's name as Prometheus writes it, with `_` in place of what a metric's name cannot have: every Wasm filter of the proxy. */
  readonly plugins: ReadonlyMap<string, Reloads>;
  readonly vms: { readonly created: number; readonly active: number };
  /** Omitted where the proxy keeps no counters of requests. */
  readonly traffic?: Traffic;
  /** For how long Envoy has run, as it says itself every few seconds; omitted where it does not. */
  readonly uptimeSeconds?: number;
}

const RELOAD = /^envoy_wasm_(.+)_vm_reload_(success|failure|backoff)$/;
const UPTIME = 'envoy_server_uptime';
const VMS = /^envoy_wasm_envoy_wasm_runtime_\w+_(created|active)$/;

/** Reads what is watched of a proxy from its statistics in Prometheus' text format. */
export function parseProxyCounters(text: string, way: Way): ProxyCounters {
  const samples = parseMetrics(text, isWatched);
  const plugins = new Map<string, Reloads>();
  const vms = { created: 0, active: 0 };
  for (const { name, value } of samples) {
    const [, plugin, what] = RELOAD.exec(name) ?? [];
    if (plugin !== undefined && what !== undefined) {
      plugins.set(plugin, { ...(plugins.get(plugin) ?? NONE), [what]: value });
    }
    const [, state] = VMS.exec(name) ?? [];
    if (state === 'created' || state === 'active') vms[state] += value;
  }
  const traffic = trafficIn(samples, way);
  const uptimeSeconds = samples.find(({ name }) => name === UPTIME)?.value;
  return { plugins, vms, ...defined({ traffic, uptimeSeconds }) };
}

function isWatched(name: string): boolean {
  return name.startsWith('envoy_wasm_') || name === UPTIME || TRAFFIC_METRICS.has(name);
}

const NONE: Reloads = { success: 0, failure: 0, backoff: 0 };

/** Returns how a metric's name has the name of a plugin: Prometheus knows letters, digits, `_` and `:` alone. */
export function metricName(plugin: string): string {
  return plugin.replaceAll(/[^\w:]/g, '_');
}
