/** A cause that Envoy's log names, in the order in which it is worth telling. */
interface Cause {
  readonly pattern: RegExp;
  /** What the user can do. */
  readonly remedy: string;
}

const DAMAGED = 'The file is damaged, or was not built by a WebAssembly compiler.';

/**
 * What Envoy and its Wasm host say when they refuse a filter, most exact first. Measured on Envoy 1.40; sources:
 * proxy-wasm-cpp-host src/wasm.cc, src/bytecode_util.cc, src/v8/v8.cc and envoy source/extensions/common/wasm.
 */
const CAUSES: readonly Cause[] = [
  {
    pattern: /Failed to load Wasm module due to a missing import: (\S+)/,
    remedy: 'The proxy lacks this host function: build the filter for an older ABI or WASI, or upgrade the proxies.',
  },
  {
    pattern: /Failed to load Wasm module due to an import type mismatch: .+/,
    remedy: 'The filter was built against another version of the Proxy-Wasm ABI; use the SDK version for this proxy.',
  },
  {
    pattern: /Bad function signature for: .+/,
    remedy: 'The filter was built against another version of the Proxy-Wasm ABI.',
  },
  { pattern: /Missing or unknown Proxy-Wasm ABI version/, remedy: 'Build the file with a Proxy-Wasm SDK.' },
  {
    pattern: /Wasm module is missing malloc function\.?/,
    remedy: 'Build the filter with a Proxy-Wasm SDK, which exports an allocator.',
  },
  { pattern: /Failed to parse corrupted Wasm module/, remedy: DAMAGED },
  { pattern: /Failed to load Wasm bytecode/, remedy: DAMAGED },
  {
    pattern: /Failed to configure base Wasm plugin/,
    remedy:
      'The filter refused its configuration or does not know the root id: check the inputs "configuration" and "root-id".',
  },
  {
    pattern: /Failed to start base Wasm/,
    remedy: 'The filter refused to start: check the inputs "root-id" and "vm-id".',
  },
  {
    pattern: /Function: \S+ failed: .+/,
    remedy: 'The filter crashed; its own log lines are in the log of istio-proxy.',
  },
  {
    pattern: /Invalid path: \S+/,
    remedy: 'The file is not mounted in the proxy: check the annotations of the pod template.',
  },
  {
    pattern: /Failed to create new Wasm instance/,
    remedy:
      'Its own start function failed, or it wants more memory than Envoy gives (1 GiB), or several memories or tables of its host.',
  },
  { pattern: /Failed to initialize Wasm code/, remedy: 'It wants something of its host that Envoy does not give.' },
  {
    pattern: /Unable to create Wasm (?:HTTP filter|plugin) [^\s`]+/,
    remedy: 'See the log of the container istio-proxy.',
  },
];

/** The reason for which Envoy refused the filter. */
export interface EnvoyReason {
  readonly reason: string;
  readonly remedy: string;
  /** The filter's own first word at level error or critical. */
  readonly filterSaid?: string;
}

/** Envoy's line for what a filter logs: `critical envoy wasm … wasm log ROOT_ID FILTER: message`, tabs between the parts. */
const FILTER_LOG = /\b(?:error|critical)\t[^\n]*wasm log [^\n]*?: ([^\n\t]+)/g;

/** Finds in a proxy's log why Envoy refused a filter; undefined when the log says nothing of that kind. */
export function findEnvoyReason(log: string): EnvoyReason | undefined {
  const filterSaid = [...log.matchAll(FILTER_LOG)].map(([, said]) => said?.trim())[0];
  for (const { pattern, remedy } of CAUSES) {
    const match = pattern.exec(log);
    if (match === null) continue;
    // Envoy ends its lines with the thread, after a tab.
    const reason = match[0].replace(/\s+thread=\d+$/, '').trim();
    return { reason, remedy, ...(filterSaid === undefined ? {} : { filterSaid }) };
  }
  return undefined;
}
