import type { FilterSettings } from '../settings.ts';

/** A field of Envoy's configuration of Wasm filters that not every version knows. */
export interface WasmField {
  /** The input that asks for it, as it would be written. */
  readonly input: string;
  /** The minor version of Envoy 1 that first had it. An older one ignores it without a word. */
  readonly since: number;
  /** The minor version of Envoy 1 that first said that it will be gone some day; a later one may refuse it. */
  readonly deprecated?: number;
  readonly isUsed: (settings: FilterSettings) => boolean;
}

/**
 * The fields of envoy.extensions.wasm.v3 that came after its first release, tried with `envoy --mode validate` on 1.36.4,
 * 1.39.0 and 1.40.0. Sources: for `environment_variables` https://github.com/envoyproxy/envoy/pull/15136, for
 * `capability_restriction_config` https://github.com/envoyproxy/envoy/pull/13911, for `failure_policy` and `reload_config`
 * https://www.envoyproxy.io/docs/envoy/latest/version_history/v1.33/v1.33.0, for `allow_on_headers_stop_iteration`
 * https://www.envoyproxy.io/docs/envoy/latest/version_history/v1.35/v1.35.0. `allow_precompiled` has always been there.
 */
export const WASM_FIELDS: readonly WasmField[] = [
  { input: 'environment', since: 18, isUsed: ({ environment }) => environment !== undefined },
  // Envoy 1.40 warns of it and prefers the same field of vm_config, which 1.39 does not know yet.
  { input: 'capabilities', since: 18, deprecated: 40, isUsed: ({ capabilities }) => capabilities !== undefined },
  { input: 'fail-policy: reload', since: 33, isUsed: ({ failPolicy }) => failPolicy === 'reload' },
  {
    input: 'allow-on-headers-stop-iteration',
    since: 35,
    isUsed: ({ allowOnHeadersStopIteration }) => allowOnHeadersStopIteration === true,
  },
];
