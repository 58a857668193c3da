import { type Json, pick, sameJson } from '../../base/json.ts';
import type { FilterSettings, VmEnvironment } from '../../filter/settings.ts';
import type { Revision } from '../identity/revision.ts';

/**
 * envoy.extensions.filters.http.wasm.v3.Wasm of a revision, whose module is at `file`: only fields that it needs, so that
 * every supported Envoy knows them unless a setting asks for more (src/filter/compatibility/wasm-fields.ts).
 */
export function renderWasm({ filter, settings }: Revision, file: string): Json {
  const { rootId, configuration, capabilities, allowOnHeadersStopIteration, environment, allowPrecompiled } = settings;
  return {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm',
    config: {
      name: filter,
      root_id: rootId,
      ...renderFailPolicy(settings),
      // A StringValue is handed to the filter as it is; a Struct would be written anew as JSON.
      ...(configuration !== '' && {
        configuration: {
          '@type': 'type.googleapis.com/google.protobuf.StringValue',
          value: configuration,
        },
      }),
      // The same field of vm_config is unknown to Envoys before 1.40, which is the first to call this one deprecated.
      ...(capabilities !== undefined && {
        capability_restriction_config: {
          allowed_capabilities: Object.fromEntries(capabilities.map((name) => [name, {}])),
        },
      }),
      ...(allowOnHeadersStopIteration === true && { allow_on_headers_stop_iteration: true }),
      vm_config: {
        vm_id: settings.vmId,
        runtime: 'envoy.wasm.runtime.v8',
        code: { local: { filename: file } },
        ...(environment !== undefined && { environment_variables: renderEnvironment(environment) }),
        ...(allowPrecompiled === true && { allow_precompiled: true }),
      },
    },
  };
}

/** failure_policy needs Envoy 1.33 and excludes fail_open, which every version reads. */
function renderFailPolicy({ failPolicy, reloadBackoffMs }: FilterSettings): { readonly [key: string]: Json } {
  if (failPolicy !== 'reload') return { fail_open: failPolicy === 'open' };
  return {
    failure_policy: 'FAIL_RELOAD',
    ...(reloadBackoffMs !== undefined && {
      reload_config: { backoff: { base_interval: `${reloadBackoffMs / 1000}s` } },
    }),
  };
}

function renderEnvironment(environment: VmEnvironment): Json {
  const own: [string, string][] = [];
  const proxys: string[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (typeof value === 'string') own.push([name, value]);
    else proxys.push(name);
  }
  return {
    ...(proxys.length > 0 && { host_env_keys: proxys.sort() }),
    ...(own.length > 0 && { key_values: Object.fromEntries(own) }),
  };
}

/** What Envoy reads only when it makes a VM or the filter in it, by the input that it comes from. */
const KEPT: Readonly<Record<string, readonly string[]>> = {
  environment: ['vm_config', 'environment_variables'],
  capabilities: ['capability_restriction_config'],
  'allow-precompiled': ['vm_config', 'allow_precompiled'],
  'allow-on-headers-stop-iteration': ['allow_on_headers_stop_iteration'],
};

/**
 * The inputs that differ between two configurations (envoy.extensions.filters.http.wasm.v3.Wasm) and that a running proxy
 * would not heed: it makes a new VM only for another id or other code (https://github.com/envoyproxy/envoy/issues/40881), and
 * starts the filter in it anew only for another name, root id or configuration.
 */
export function ignoredUntilRestart(before: unknown, after: unknown): string[] {
  return Object.entries(KEPT)
    .filter(([, path]) => !sameJson(pick(before, 'config', ...path), pick(after, 'config', ...path)))
    .map(([input]) => input);
}
