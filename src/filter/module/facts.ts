import { defined } from '../../base/defined.ts';
import { fail, messageOf, ok, type Problem, type Result } from '../../base/problem.ts';
import { ByteReader, Malformed } from './byte-reader.ts';
import { readSections, type SectionSize, type Sections } from './sections.ts';
import { guessToolchain, type Toolchain } from './toolchain.ts';
import type { ExportFact, ImportFact, MemoryFact } from './wasm-types.ts';

/** The versions of the Proxy-Wasm ABI that Envoy knows. */
export const ABI_VERSIONS = ['0.1.0', '0.2.0', '0.2.1'] as const;
export type AbiVersion = (typeof ABI_VERSIONS)[number];

/** How Envoy starts a module: `_initialize` (reactor), else `_start` (command). */
export type StartStyle = 'reactor' | 'command' | 'none';

/** What a compiled filter says about itself, without running it. */
export interface ModuleFacts {
  /** The first marker in export order, as Envoy reads it; `undefined` if there is none that it knows. */
  readonly abi: AbiVersion | undefined;
  readonly imports: readonly ImportFact[];
  readonly exports: readonly ExportFact[];
  readonly memories: readonly MemoryFact[];
  readonly globals: { readonly imported: number; readonly defined: number };
  readonly start: StartStyle;
  /** Has a start function in the sense of WebAssembly; Envoy ends with a segmentation fault when that one calls the host. */
  readonly startFunction: boolean;
  readonly toolchain: Toolchain;
  readonly sizes: readonly SectionSize[];
  /** What `wasm-strip` would remove: debug information and names. */
  readonly debugBytes: number;
  /** V8's words, when this Node has a feature switched off that the module uses; a newer Envoy may have it on. */
  readonly switchedOff?: string;
}

/** V8's own; the types of Node's standard library leave it out. */
declare const WebAssembly: { readonly Module: new (bytes: Uint8Array) => object };

const ABI_MARKER = /^proxy_abi_version_(\d+)_(\d+)_(\d+)$/;
const DEBUG_SECTION = /^(name$|\.debug_|reloc\.|sourceMappingURL$|external_debug_info$)/;

/**
 * Opens a module: V8, the engine of Envoy too, compiles it, and what V8's API does not tell is read from the sections.
 * `origin` is how messages call the file.
 */
export function readFacts(bytes: Uint8Array, origin = 'filter'): Result<ModuleFacts> {
  const compileError = compile(bytes);
  const switchedOff = compileError?.includes('--experimental-wasm') ? compileError : undefined;
  if (compileError !== undefined && switchedOff === undefined) {
    return fail(
      problem(
        origin,
        `is not a valid WebAssembly module: V8 says "${compileError}". Envoy runs filters in V8 too and will say the same.`,
        'Build it again; a truncated or changed download looks like this. Compare its checksum with that of the file where it was built.',
      ),
    );
  }
  try {
    const sections = readSections(bytes);
    checkNames(sections.custom.get('name'));
    return ok({ ...factsOf(sections, bytes), ...defined({ switchedOff }) });
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return fail(
      problem(
        origin,
        `has a section that cannot be read: ${error.message}. Envoy reads the sections, too, and rejects such a module as corrupted.`,
        'Build it again, and check the tool that ran last over the file (wasm-opt, wasm-strip, a post-processor).',
      ),
    );
  }
}

/** What V8 says against a module, if anything. */
function compile(bytes: Uint8Array): string | undefined {
  try {
    new WebAssembly.Module(Uint8Array.from(bytes));
    return undefined;
  } catch (error) {
    return messageOf(error).replace(/^WebAssembly\.Module\(\): /, '');
  }
}

function factsOf(sections: Sections, bytes: Uint8Array): ModuleFacts {
  const { imports, exports, memories, globals, startFunction, sizes } = sections;
  const has = (name: string): boolean => exports.some((entry) => entry.kind === 'function' && entry.name === name);
  return {
    abi: firstKnownAbi(exports),
    imports,
    exports,
    memories,
    globals,
    start: has('_initialize') ? 'reactor' : has('_start') ? 'command' : 'none',
    startFunction,
    toolchain: guessToolchain(sections, bytes),
    sizes,
    debugBytes: sizes
      .filter(({ custom, name }) => custom && DEBUG_SECTION.test(name))
      .reduce((sum, size) => sum + size.bytes, 0),
  };
}

/** The versions that a module's markers name, in export order, whether Envoy knows them or not. */
export function abiMarkers(exports: readonly ExportFact[]): string[] {
  return exports
    .filter(({ kind }) => kind === 'function')
    .map(({ name }) => ABI_MARKER.exec(name)?.slice(1).join('.'))
    .filter((version) => version !== undefined);
}

function firstKnownAbi(exports: readonly ExportFact[]): AbiVersion | undefined {
  return abiMarkers(exports)
    .map((marker) => ABI_VERSIONS.find((version) => version === marker))
    .find((version) => version !== undefined);
}

/**
 * Reads the function names as Envoy does, which V8 does not: a section that is wrong there makes Envoy reject the module ("Failed
 * to parse corrupted Wasm module"; proxy-wasm-cpp-host, src/bytecode_util.cc). Throws `Malformed`.
 */
function checkNames(content: Uint8Array | undefined): void {
  const section = new ByteReader(content ?? new Uint8Array());
  while (!section.done) {
    const id = section.byte();
    const names = new ByteReader(section.take(section.unsigned()));
    if (id !== 1) continue;
    names.vector(() => {
      names.unsigned();
      names.name();
    });
    if (!names.done) throw new Malformed('the function names in the name section are longer than their list');
  }
}

function problem(subject: string, message: string, remedy: string): Problem {
  return { kind: 'filter', subject, message, remedy };
}
