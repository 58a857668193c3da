import type { ModuleFacts } from '../module/facts.ts';
import { CALLBACK_NAMES } from './callbacks.ts';
import { HOST_FUNCTIONS } from './host-functions.ts';

/** What Envoy gives to every filter, whatever its capabilities: these are linked or looked up without asking for one. */
const UNRESTRICTED: ReadonlySet<string> = new Set([
  ...['pthread_equal', 'emscripten_notify_memory_growth', 'envoy_resolve_dns'],
  ...['envoy_on_resolve_dns', 'envoy_on_stats_update', 'malloc', 'proxy_on_memory_allocate'],
  ...['_initialize', '_start', 'main', '__main_void'],
]);

/**
 * The names that a capability may have in any known Envoy: those of the functions of Proxy-Wasm, of the callbacks, both with
 * `proxy_`, and of the functions of WASI, all without a module's name. They are compared as a whole. Source:
 * https://github.com/proxy-wasm/proxy-wasm-cpp-host/blob/main/src/wasm.cc (`registerCallbacks`, `getFunctions`); that Envoy
 * adds its own without asking: https://github.com/envoyproxy/envoy/blob/main/source/extensions/common/wasm/wasm.cc. That a
 * function or callback that is not named fails, or is not called, was tried on Envoy 1.36.4 and 1.40.0.
 */
export const CAPABILITIES: readonly string[] = [
  ...new Set([...HOST_FUNCTIONS.map(({ name }) => name), ...CALLBACK_NAMES].filter((name) => !UNRESTRICTED.has(name))),
].sort();

/** The names among `capabilities` that no known Envoy asks for and none gives without being asked. */
export function unknownCapabilities(capabilities: readonly string[]): string[] {
  return capabilities.filter((name) => !CAPABILITIES.includes(name) && !UNRESTRICTED.has(name));
}

/** Whether a filter with these capabilities, all when `undefined`, may call a function or gets a callback. */
export function isCapabilityAllowed(name: string, capabilities: readonly string[] | undefined): boolean {
  return capabilities === undefined || capabilities.includes(name) || UNRESTRICTED.has(name);
}

/** What a module would use and does not get. */
export interface Withheld {
  readonly functions: readonly string[];
  readonly callbacks: readonly string[];
}

/** What of a module's imports and exports these capabilities leave out. */
export function withheldFrom({ imports, exports }: ModuleFacts, capabilities: readonly string[]): Withheld {
  const withheld = (entries: ModuleFacts['exports']): string[] =>
    entries
      .filter(
        ({ kind, name }) =>
          kind === 'function' && CAPABILITIES.includes(name) && !isCapabilityAllowed(name, capabilities),
      )
      .map(({ name }) => name);
  return {
    functions: [...new Set(withheld(imports))],
    callbacks: withheld(exports).filter((name) => CALLBACK_NAMES.includes(name)),
  };
}
