import { missingImportRemedy } from '../../filter/compatibility/imports.ts';

/** A cause that Envoy's log names, in the order in which it is worth telling. */
export interface EnvoyCause {
  readonly pattern: RegExp;
  /** What the user can do; of what Envoy says, where that decides it. */
  readonly remedy: string | ((match: RegExpExecArray) => string);
  /** Set where Envoy never ran the code, so that no word in the log is the filter's. */
  readonly unloaded?: true;
}

const DAMAGED = 'Build the file again with a WebAssembly compiler: it is damaged, or something else.';

/**
 * What Envoy and its Wasm host say when they refuse a filter, most exact first. Measured on Envoy 1.40; sources:
 * proxy-wasm-cpp-host src/wasm.cc, src/bytecode_util.cc, src/v8/v8.cc and envoy source/extensions/common/wasm.
 */
export const CAUSES: readonly EnvoyCause[] = [
  {
    pattern: /Failed to load Wasm module due to a missing import: (\S+)/,
    unloaded: true,
    remedy: ([, name = '']) => missingImportRemedy(name),
  },
  {
    pattern: /Failed to load Wasm module due to an import type mismatch: .+/,
    unloaded: true,
    remedy: 'Use the SDK version for this proxy: the filter was built against another version of the Proxy-Wasm ABI.',
  },
  {
    pattern: /Bad function signature for: .+/,
    unloaded: true,
    remedy: 'Use the SDK version for this proxy: the filter was built against another version of the Proxy-Wasm ABI.',
  },
  {
    pattern: /Missing or unknown Proxy-Wasm ABI version/,
    unloaded: true,
    remedy: 'Build the file with a Proxy-Wasm SDK.',
  },
  {
    pattern: /Wasm module is missing malloc function\.?/,
    unloaded: true,
    remedy: 'Build the filter with a Proxy-Wasm SDK, which exports an allocator.',
  },
  { pattern: /Failed to parse corrupted Wasm module/, unloaded: true, remedy: DAMAGED },
  { pattern: /Failed to load Wasm bytecode/, unloaded: true, remedy: DAMAGED },
  {
    pattern: /Failed to configure base Wasm plugin/,
    remedy:
      'Check the inputs "configuration" and "root-id": the filter rejected its configuration or does not know the root id.',
  },
  {
    pattern: /Failed to start base Wasm/,
    remedy: 'Check the inputs "root-id" and "vm-id": the filter failed to start.',
  },
  {
    pattern: /Function: \S+ failed: .+/,
    remedy: 'Read the lines of the filter in the log of istio-proxy: it crashed.',
  },
  {
    pattern: /Invalid path: \S+/,
    unloaded: true,
    remedy: 'Check the annotations of the pod template: the file is not mounted in the proxy.',
  },
  {
    pattern: /Failed to create new Wasm instance/,
    remedy:
      'Check the start function of the filter and what its module imports: that function failed, or the module requires more memory than Envoy provides (1 GiB), or several memories or tables of its host.',
  },
  {
    pattern: /Failed to initialize Wasm code/,
    unloaded: true,
    remedy: 'Build the filter with a Proxy-Wasm SDK: it requires something of its host that Envoy does not provide.',
  },
  {
    pattern: /Unable to create Wasm (?:HTTP filter|plugin) [^\s`]+/,
    remedy: 'Check the log of the container istio-proxy.',
  },
];
