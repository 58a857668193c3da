import { ByteReader, Malformed } from './byte-reader.ts';
import type { FilterModule } from './module.ts';
import { readSections, type Sections } from './sections.ts';

/** The toolchains that are told apart, in the order of the documentation. */
export const TOOLCHAINS = ['Rust', 'Go', 'TinyGo', 'AssemblyScript', 'C++'] as const;
export type KnownToolchain = (typeof TOOLCHAINS)[number];
export type Toolchain = KnownToolchain | 'unknown';

/** Paths of Rust's own library and of crates, which messages of panics carry. */
const RUST_STRINGS = ['/rustc/', '.cargo/registry/'];

/** The languages and tools that a module's `producers` section names. */
interface Producers {
  readonly languages: readonly string[];
  readonly tools: readonly string[];
}

/**
 * Guesses what compiled a module, for advice only. First asked is the `producers` section
 * (https://github.com/WebAssembly/tool-conventions/blob/main/ProducersSection.md), then what each toolchain leaves behind
 * even in a stripped module.
 */
export function guessToolchain(sections: Sections, bytes: Uint8Array): Toolchain {
  return byProducers(sections.custom) ?? byTraces(sections, bytes);
}

/** Returns the same of a module as it came: one that was shrunk has lost the sections that tell. */
export function toolchainOf({ bytes, original }: FilterModule): Toolchain {
  const given = original?.bytes ?? bytes;
  try {
    return guessToolchain(readSections(given), given);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return 'unknown';
  }
}

function byProducers(custom: ReadonlyMap<string, Uint8Array>): Toolchain | undefined {
  const { languages, tools } = readProducers(custom.get('producers'));
  if (tools.some((tool) => /tinygo/i.test(tool))) return 'TinyGo';
  if (custom.has('go:buildid') || tools.includes('Go cmd/compile')) return 'Go';
  if (languages.includes('Rust') || tools.includes('rustc')) return 'Rust';
  // LLVM writes the language of the debug information, but only Go's own compiler writes itself.
  if (languages.includes('Go')) return 'TinyGo';
  return languages.some((language) => language.startsWith('C_plus_plus')) ? 'C++' : undefined;
}

function byTraces({ imports, exports, custom }: Sections, bytes: Uint8Array): Toolchain {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const exportsOne = (pattern: RegExp): boolean => exports.some(({ name }) => pattern.test(name));
  // The library paths in AssemblyScript's messages are UTF-16, as all its strings.
  if (data.includes(Buffer.from('~lib/', 'utf16le')) || exportsOne(/^__(rtti_base|pin|retain)$/))
    return 'AssemblyScript';
  if (custom.get('name') !== undefined && data.includes('tinygo')) return 'TinyGo';
  if (exportsOne(/tinygo/) || data.includes('tinygo/src/')) return 'TinyGo';
  if (imports.some(({ module }) => module.startsWith('__wbindgen'))) return 'Rust';
  if (RUST_STRINGS.some((text) => data.includes(text))) return 'Rust';
  if (imports.some(({ name }) => name.startsWith('emscripten_')) || exportsOne(/^_?emscripten_/)) return 'C++';
  return 'unknown';
}

function readProducers(content: Uint8Array | undefined): Producers {
  const fields = new Map<string, string[]>();
  try {
    const reader = new ByteReader(content ?? Uint8Array.of(0));
    reader.vector(() => {
      const field = reader.name();
      const names = reader.vector(() => {
        const name = reader.name();
        reader.name();
        return name;
      });
      fields.set(field, names);
    });
  } catch (error) {
    // Nobody but this guess reads the section; Envoy does not mind.
    if (!(error instanceof Malformed)) throw error;
  }
  return { languages: fields.get('language') ?? [], tools: fields.get('processed-by') ?? [] };
}
