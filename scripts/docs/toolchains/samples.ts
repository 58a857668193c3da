import { importIncompatibilities } from '../../../src/filter/compatibility/import-checks.ts';
import { moduleIncompatibilities } from '../../../src/filter/compatibility/module-checks.ts';
import type { IncompatibilityCause } from '../../../src/filter/compatibility/remedies.ts';
import { ABI_VERSIONS, type ModuleFacts } from '../../../src/filter/module/facts.ts';
import { MAX_MEMORY_PAGES } from '../../../src/filter/module/memory.ts';
import type { Toolchain } from '../../../src/filter/module/toolchain.ts';
import { type ExportFact, type ImportFact, signature } from '../../../src/filter/module/wasm-types.ts';

/** A cause for which a proxy refuses a module; being too big is none. */
export type RefusalCause = Exclude<IncompatibilityCause, 'size'>;

/** What a module has that is refused for one cause: the difference to one that every Envoy takes. */
interface Sample {
  /** A heading. */
  readonly title: string;
  /** The oldest Envoy that still refuses it, by its minor version. */
  readonly envoy?: number;
  readonly of: Partial<ModuleFacts> | ((toolchain: Toolchain) => Partial<ModuleFacts>);
}

const exported = (name: string, params = '', results: ExportFact['results'] = []): ExportFact => ({
  kind: 'function',
  name,
  ...signature(params, results),
});

/** A function that a module imports. */
export function imported(module: string, name: string, params = ''): ImportFact {
  return { module, kind: 'function', name, ...signature(params) };
}

const MARKER = exported('proxy_abi_version_0_2_1');
const MALLOC = exported('malloc', 'i', ['i32']);
const HEADERS = exported('proxy_on_request_headers', 'iii', ['i32']);
const MEMORY = { imported: false, exported: true, shared: false, pages: 1 };

/** A module that every known Envoy takes. */
export const GOOD: ModuleFacts = {
  abi: ABI_VERSIONS[2],
  imports: [],
  exports: [MARKER, MALLOC, HEADERS],
  memories: [MEMORY],
  globals: { imported: 0, defined: 0 },
  start: 'reactor',
  startFunction: false,
  toolchain: 'unknown',
  sizes: [],
  debugBytes: 0,
};

const BROWSER: Partial<Readonly<Record<Toolchain, ImportFact>>> = {
  Rust: imported('__wbindgen_placeholder__', '__wbindgen_throw', 'ii'),
  Go: imported('gojs', 'syscall/js.valueGet', 'i'),
  TinyGo: imported('gojs', 'runtime.ticks'),
};

const NEWER: Partial<Readonly<Record<Toolchain, ImportFact>>> = {
  Go: imported('wasi_snapshot_preview1', 'poll_oneoff', 'iiii'),
  TinyGo: imported('wasi_snapshot_preview1', 'poll_oneoff', 'iiii'),
};

/** For every cause a module; the page shows what the check says of it. */
export const SAMPLES: Readonly<Record<RefusalCause, Sample>> = {
  abi: { title: 'No Proxy-Wasm filter', of: { abi: undefined, exports: [MALLOC, HEADERS] } },
  allocator: { title: 'No allocator', of: { exports: [MARKER, HEADERS] } },
  memory: { title: 'Too much memory', of: { memories: [{ ...MEMORY, pages: 2 * MAX_MEMORY_PAGES }] } },
  browser: {
    title: 'Built for a browser',
    of: (toolchain) => ({ imports: [BROWSER[toolchain] ?? imported('wbg', '__wbindgen_throw', 'ii')] }),
  },
  emscripten: {
    title: "Needs Emscripten's JavaScript",
    of: { imports: [imported('env', 'emscripten_resize_heap', 'i')] },
  },
  abort: { title: "Needs AssemblyScript's JavaScript", of: { imports: [imported('env', 'abort', 'iiii')] } },
  wasi: {
    title: 'Needs more of WASI than there is',
    of: { imports: [imported('wasi_snapshot_preview1', 'thread-spawn', 'i')] },
  },
  newer: {
    title: 'Needs a newer Envoy',
    envoy: 32,
    of: (toolchain) => ({ imports: [NEWER[toolchain] ?? imported('wasi_snapshot_preview1', 'fd_readdir', 'iiiIi')] }),
  },
  'other-abi': {
    title: 'Mixes versions of the ABI',
    of: { imports: [imported('env', 'proxy_continue_request')] },
  },
  type: {
    title: 'Imports a function with another type',
    of: { imports: [imported('wasi_snapshot_preview1', 'path_symlink', 'iiiii')] },
  },
  signature: {
    title: 'Exports a callback with another type',
    of: { exports: [MARKER, MALLOC, exported('proxy_on_request_headers', 'ii', ['i32'])] },
  },
  globals: {
    title: 'Imports a global',
    of: { imports: [{ module: 'env', kind: 'global', name: '__stack_pointer', params: [], results: [] }] },
  },
  crash: {
    title: 'Would crash the proxy',
    of: { exports: [...GOOD.exports, { kind: 'tag', name: '__cpp_exception', params: ['i32'], results: [] }] },
  },
  unknown: { title: 'Imports what no host has', of: { imports: [imported('env', 'my_function', 'i')] } },
};

/** Returns what the check says of the sample of a cause, for an Envoy that refuses it. */
export function saidOf(cause: RefusalCause, toolchain: Toolchain, newest: number): string {
  const { of, envoy = newest } = SAMPLES[cause];
  const facts = { ...GOOD, toolchain, ...(typeof of === 'function' ? of(toolchain) : of) };
  const found = [...moduleIncompatibilities(facts, envoy), ...importIncompatibilities(facts, [envoy])];
  const [only, ...others] = found;
  if (only?.cause !== cause || others.length > 0)
    throw new Error(`The sample of "${cause}" is refused for another cause`);
  return only.message;
}
