import { defined } from '../../base/defined.ts';
import { greatest } from '../../base/lists.ts';
import { ByteReader, Malformed } from '../module/byte-reader.ts';
import { MAX_MEMORY_PAGES } from '../module/memory.ts';

const HEADER_BYTES = 8;
const IMPORT_SECTION = 2;
const MEMORY_SECTION = 5;
const MAX_FLAGS = 7;

/** How large a memory or table is at first and may get, in pages or elements. */
interface Limits {
  /** Bit 0: has a maximum; 1: is shared; 2: has 64-bit addresses. */
  readonly flags: number;
  readonly initial: number;
  readonly maximum?: number;
}

/** What the JavaScript API calls the elements of a table. */
export type TableElement = 'anyfunc' | 'externref';
const FUNCREF = 0x70;

/** What a module says about its memory and its imported table. */
export interface ModuleLimits {
  /** The module; none of its own memories can grow beyond Envoy's cap. */
  readonly bytes: Uint8Array;
  readonly importedMemory?: Limits;
  readonly importedTable?: Limits & { readonly element: TableElement };
  /** The pages that its largest memory, its own or imported, has from the start. */
  readonly initialPages: number;
}

/**
 * Writes Envoy's cap into the module as the most that each of its memories may grow to: a worker's resource limits do not
 * count WebAssembly memory, so this is the only cap there is. A module that cannot be read is given back as it is, for
 * the engine to say what is wrong.
 */
export function limitMemory(module: Uint8Array): ModuleLimits {
  try {
    return rewrite(module);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { bytes: module, initialPages: 0 };
  }
}

function rewrite(module: Uint8Array): ModuleLimits {
  const reader = new ByteReader(module);
  reader.take(HEADER_BYTES);
  const parts: Uint8Array[] = [module.subarray(0, HEADER_BYTES)];
  let imported: ReturnType<typeof readImports> = {};
  let initialPages = 0;
  while (!reader.done) {
    const start = reader.position;
    const id = reader.byte();
    const content = reader.take(reader.unsigned());
    if (id === IMPORT_SECTION) imported = readImports(content);
    if (id !== MEMORY_SECTION) {
      parts.push(module.subarray(start, reader.position));
      continue;
    }
    const memories = readMemories(content);
    initialPages = greatest(
      memories.map(({ initial }) => initial),
      initialPages,
    );
    const section = [...encodeNumber(memories.length), ...memories.flatMap(capped)];
    parts.push(Uint8Array.from([MEMORY_SECTION, ...encodeNumber(section.length), ...section]));
  }
  return {
    ...imported,
    bytes: Buffer.concat(parts),
    initialPages: Math.max(initialPages, imported.importedMemory?.initial ?? 0),
  };
}

function readMemories(content: Uint8Array): Limits[] {
  const reader = new ByteReader(content);
  return reader.vector(() => readLimits(reader));
}

function capped({ flags, initial, maximum }: Limits): number[] {
  return [flags | 1, ...encodeNumber(initial), ...encodeNumber(cappedPages({ initial, maximum }))];
}

/** The most pages that a memory may grow to. A module may not promise less than it starts with. */
export function cappedPages({
  initial,
  maximum = MAX_MEMORY_PAGES,
}: Pick<Limits, 'initial'> & { readonly maximum?: number | undefined }): number {
  return Math.max(initial, Math.min(maximum, MAX_MEMORY_PAGES));
}

/** The limits of the first imported memory and table (https://webassembly.github.io/spec/core/binary/modules.html#import-section). */
function readImports(content: Uint8Array): Pick<ModuleLimits, 'importedMemory' | 'importedTable'> {
  const reader = new ByteReader(content);
  let memory: Limits | undefined;
  let table: ModuleLimits['importedTable'];
  for (let left = reader.unsigned(); left > 0; left -= 1) {
    reader.take(reader.unsigned());
    reader.take(reader.unsigned());
    const kind = reader.byte();
    if (kind === 0) reader.unsigned();
    else if (kind === 1) {
      const element = reader.byte() === FUNCREF ? 'anyfunc' : 'externref';
      const limits = readLimits(reader);
      table ??= { ...limits, element };
    } else if (kind === 2) {
      const limits = readLimits(reader);
      memory ??= limits;
    } else if (kind === 3) reader.take(2);
    else if (kind === 4) {
      reader.byte();
      reader.unsigned();
    } else throw new Malformed('an import of an unknown kind');
  }
  return {
    ...defined({ importedMemory: memory, importedTable: table }),
  };
}

/** Reads limits (https://webassembly.github.io/spec/core/binary/types.html#limits). */
function readLimits(reader: ByteReader): Limits {
  const flags = reader.byte();
  if (flags > MAX_FLAGS) throw new Malformed('limits of an unknown kind');
  const initial = reader.unsigned(64);
  return (flags & 1) === 1 ? { flags, initial, maximum: reader.unsigned(64) } : { flags, initial };
}

/** The bytes of an unsigned LEB128 number. */
export function encodeNumber(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...bytes, rest];
}
