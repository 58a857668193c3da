/** What Envoy's admin interface says about a proxy (https://www.envoyproxy.io/docs/envoy/latest/operations/admin). */
import type { Extension } from './extensions.ts';
import type { ListenerState, ProxyState } from './proxy.ts';
import { pluginsOf, wasmFiltersOf } from './wasm.ts';

/** An answer of the admin interface. */
export interface AdminAnswer {
  readonly status: number;
  readonly body: string;
}

const DUMP = 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump';
const EXTENSIONS = 'type.googleapis.com/envoy.admin.v3.EcdsConfigDump';

/** @param target path and query, with or without a leading slash */
export function askAdmin(state: ProxyState, target: string): AdminAnswer {
  const { pathname, searchParams: query } = new URL(target, 'http://localhost:15000/');
  switch (pathname) {
    case '/config_dump':
      return configDump(state, query.get('resource'));
    case '/stats': {
      const filter = new RegExp(query.get('filter') ?? '');
      const lines = Object.entries(statsOf(state)).map(([name, value]) => `${name}: ${value}`);
      return {
        status: 200,
        body: lines
          .filter((line) => filter.test(line.split(':')[0] ?? ''))
          .map((line) => `${line}\n`)
          .join(''),
      };
    }
    case '/stats/prometheus':
      return { status: 200, body: prometheusStats(state) };
    default:
      return { status: 404, body: 'invalid path. admin commands are:\n' };
  }
}

/** The stats as port 15090 serves them. Istio's proxies keep those of Wasm to themselves. */
export function prometheusStats(state: ProxyState): string {
  return Object.entries(statsOf(state))
    .filter(([name]) => !name.startsWith('wasm.'))
    .map(([name, value]) => {
      const metric = `envoy_${name.replaceAll('.', '_')}`;
      const type = /total_|state/.test(name) ? 'gauge' : 'counter';
      return `# TYPE ${metric} ${type}\n${metric}{} ${value}\n`;
    })
    .join('');
}

function statsOf({ listeners, extensions, accepted, rejected }: ProxyState): Record<string, number> {
  const active = listeners.filter((listener) => listener.active !== undefined);
  const chains = active.flatMap((listener) => listener.active?.filter_chains ?? []);
  const pulled = chains.flatMap((chain) => pluginsOf(chain, extensions)).filter((plugin) => typeof plugin !== 'string');
  const wasm = [...chains.flatMap(wasmFiltersOf), ...pulled];
  return {
    'listener_manager.lds.update_attempt': accepted + rejected,
    'listener_manager.lds.update_rejected': rejected,
    'listener_manager.lds.update_success': accepted,
    'listener_manager.total_listeners_active': active.length,
    'server.state': 0,
    ...(wasm.length === 0
      ? {}
      : { 'wasm.envoy.wasm.runtime.v8.active': 2 * new Set(wasm.map(({ name }) => name)).size }),
  };
}

function configDump({ listeners, extensions }: ProxyState, resource: string | null): AdminAnswer {
  const dynamic = listeners.map(dumpListener);
  const ecds = extensions.map(dumpExtension);
  const parts: Readonly<Record<string, readonly object[]>> = {
    // Envoy has this part only once a listener asks for it.
    ...(ecds.length === 0
      ? {}
      : { ecds_filters: ecds.map((one) => ({ '@type': `${EXTENSIONS}.EcdsFilterConfig`, ...one })) }),
    dynamic_listeners: dynamic.map((listener) => ({ '@type': `${DUMP}.DynamicListener`, ...listener })),
  };
  const everything = [
    ...(ecds.length === 0 ? [] : [{ '@type': EXTENSIONS, ecds_filters: ecds }]),
    { '@type': DUMP, dynamic_listeners: dynamic },
  ];
  const configs = resource === null ? everything : parts[resource];
  if (configs === undefined) return { status: 404, body: `${resource} not found in config dump\n` };
  return { status: 200, body: `${JSON.stringify({ configs }, undefined, 1)}\n` };
}

function dumpExtension({ name, config, at }: Extension): object {
  const type = 'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig';
  return {
    // Istiod gives resources no version, so Envoy shows none.
    ecds_filter: { '@type': type, name, typed_config: config },
    last_updated: time(at),
  };
}

function time(at: number): string {
  return new Date(at).toISOString();
}

function dumpListener({ name, active, error }: ListenerState): object {
  return {
    name,
    ...(active === undefined ? {} : { active_state: { version_info: '', listener: active } }),
    ...(error === undefined
      ? {}
      : {
          error_state: {
            failed_configuration: error.failed,
            last_update_attempt: time(error.at),
            details: error.details,
          },
        }),
  };
}
