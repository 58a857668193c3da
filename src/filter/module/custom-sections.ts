import { Malformed } from './byte-reader.ts';
import { readSections, type SectionSize } from './sections.ts';

/** A module without some of its custom sections. */
export interface Stripped {
  readonly bytes: Uint8Array;
  /** The names of the sections that were left out, each once, in their order. */
  readonly dropped: readonly string[];
}

const HEADER_BYTES = 8;

/**
 * Leaves out the custom sections that `keep` does not name. They mean nothing to the program
 * (https://webassembly.github.io/spec/core/binary/modules.html#custom-section); every other section keeps its bytes to the
 * letter and its place. A module whose sections cannot be read stays as it is.
 */
export function dropCustomSections(bytes: Uint8Array, keep: (name: string) => boolean = () => false): Stripped {
  const sections = sectionsOf(bytes);
  const goes = ({ custom, name }: SectionSize): boolean => custom && !keep(name);
  let end = HEADER_BYTES;
  const kept = sections.flatMap((section) => {
    const start = end;
    end += section.bytes;
    return goes(section) ? [] : [bytes.subarray(start, end)];
  });
  const dropped = [...new Set(sections.filter(goes).map(({ name }) => name))];
  if (dropped.length === 0) return { bytes, dropped };
  return { bytes: Buffer.concat([bytes.subarray(0, HEADER_BYTES), ...kept]), dropped };
}

/**
 * Whether the module carries a signature over its own bytes, which any change would break: sections `signature` and
 * `signature_delimiter` (https://github.com/WebAssembly/tool-conventions/blob/main/Signatures.md). An Envoy that was built
 * with a public key refuses a module whose signature does not fit (proxy-wasm-cpp-host, src/signature_util.cc).
 */
export function isSigned(bytes: Uint8Array): boolean {
  return sectionsOf(bytes).some(({ custom, name }) => custom && name.startsWith('signature'));
}

function sectionsOf(bytes: Uint8Array): readonly SectionSize[] {
  try {
    return readSections(bytes).sizes;
  } catch (error) {
    // The check of the filter says what is wrong with it.
    if (!(error instanceof Malformed)) throw error;
    return [];
  }
}
