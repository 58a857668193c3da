import { missingImportRemedy } from '../../filter/compatibility/imports.ts';
import { nameSettings, type WrittenFilter } from '../../filter/written.ts';

/** A cause that Envoy's log names, in the order in which it is worth telling. */
export interface EnvoyCause {
  readonly pattern: RegExp;
  /** The same as Envoy writes it, with a name where it has one: for the documentation. */
  readonly says: string;
  /** What the user can do; of what Envoy says, where that decides it, and of where the filter's settings are written. */
  readonly remedy: string | ((match: RegExpExecArray, written: WrittenFilter | undefined) => string);
  /** Set where Envoy never ran the code, so that no word in the log is the filter's. */
  readonly unloaded?: true;
  /** Set where Envoy says that a filter has failed to start, but not why: what was logged just before that may. */
  readonly ofStart?: true;
}

/** What to do about code that fails while Envoy calls it, whatever it was called for. */
export const TRAP_REMEDY =
  'Reproduce it with "command: check" or a test of the filter (the input "tests"), correct the filter, and deploy it again: it crashed.';

const DAMAGED = 'Build the file again with a WebAssembly compiler: it is damaged, or something else.';

/**
 * What Envoy and its Wasm host say when they refuse a filter, most exact first. Measured on Envoy 1.40; sources:
 * proxy-wasm-cpp-host src/wasm.cc, src/bytecode_util.cc, src/v8/v8.cc and envoy source/extensions/common/wasm.
 */
export const CAUSES: readonly EnvoyCause[] = [
  {
    pattern: /Failed to load Wasm module due to a missing import: (\S+)/,
    says: 'Failed to load Wasm module due to a missing import: env.my_function',
    unloaded: true,
    remedy: ([, name = '']) => missingImportRemedy(name),
  },
  {
    pattern: /Failed to load Wasm module due to an import type mismatch: .+/,
    says: 'Failed to load Wasm module due to an import type mismatch: env.proxy_log, want: i32 i32 -> i32, but host exports: i32 i32 i32 -> i32',
    unloaded: true,
    remedy: 'Use the SDK version for this proxy: the filter was built against another version of the Proxy-Wasm ABI.',
  },
  {
    pattern: /Bad function signature for: .+/,
    says: 'Bad function signature for: proxy_on_tick, want: i32 -> void, but the module exports: void -> void',
    unloaded: true,
    remedy: 'Use the SDK version for this proxy: the filter was built against another version of the Proxy-Wasm ABI.',
  },
  {
    pattern: /Missing or unknown Proxy-Wasm ABI version/,
    says: 'Missing or unknown Proxy-Wasm ABI version',
    unloaded: true,
    remedy: 'Build the file with a Proxy-Wasm SDK.',
  },
  {
    pattern: /Wasm module is missing malloc function\.?/,
    says: 'Wasm module is missing malloc function.',
    unloaded: true,
    remedy: 'Build the filter with a Proxy-Wasm SDK, which exports an allocator.',
  },
  {
    pattern: /Failed to parse corrupted Wasm module/,
    says: 'Failed to parse corrupted Wasm module',
    unloaded: true,
    remedy: DAMAGED,
  },
  { pattern: /Failed to load Wasm bytecode/, says: 'Failed to load Wasm bytecode', unloaded: true, remedy: DAMAGED },
  {
    pattern: /Failed to configure base Wasm plugin/,
    says: 'Failed to configure base Wasm plugin',
    ofStart: true,
    remedy: (_, written) =>
      `Check ${nameSettings(['configuration', 'root-id'], written)}: the filter rejected its configuration or does not know the root id.`,
  },
  {
    pattern: /Failed to start base Wasm/,
    says: 'Failed to start base Wasm',
    ofStart: true,
    remedy: (_, written) => `Check ${nameSettings(['root-id', 'vm-id'], written)}: the filter failed to start.`,
  },
  {
    pattern: /Function: \S+ failed: .+/,
    says: 'Function: proxy_on_request_headers failed: Uncaught RuntimeError: unreachable',
    remedy: TRAP_REMEDY,
  },
  {
    pattern: /Invalid path: \S+/,
    says: 'Invalid path: /var/local/lib/wasm-filters/add-header/add-header-0123456789.wasm',
    unloaded: true,
    remedy: 'Check the annotations of the pod template: the file is not mounted in the proxy.',
  },
  {
    pattern: /Failed to create new Wasm instance/,
    says: 'Failed to create new Wasm instance',
    remedy:
      'Check the start function of the filter and the imports of its module: the function failed, or the module requires more than Envoy provides (1 GiB of memory, one memory, one table).',
  },
  {
    pattern: /Failed to initialize Wasm code/,
    says: 'Failed to initialize Wasm code',
    unloaded: true,
    remedy: 'Build the filter with a Proxy-Wasm SDK: it requires something of its host that Envoy does not provide.',
  },
  {
    pattern: /Unable to create Wasm (?:HTTP filter|plugin) [^\s`]+/,
    says: 'Unable to create Wasm plugin add-header',
    remedy: 'Check the log of the container istio-proxy.',
  },
];
