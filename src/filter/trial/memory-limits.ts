import { ByteReader } from '../byte-reader.ts';
import { encodeNumber, isPlain, type Limits, readLimits } from './limits.ts';

/** Bytes in a WebAssembly page. */
export const PAGE_BYTES = 65_536;
/** Pages that 32-bit addresses reach. */
export const MOST_PAGES = 65_536;

const HEADER_BYTES = 8;
const IMPORT_SECTION = 2;
const MEMORY_SECTION = 5;

/** What a module says about its memory and its imported table. */
export interface ModuleLimits {
  /** The module; a memory of its own cannot grow beyond the cap. */
  readonly bytes: Uint8Array;
  readonly importedMemory?: Limits;
  readonly importedTable?: Limits;
  /** The pages that it wants from the start, its own and imported ones together. */
  readonly initialPages: number;
}

/**
 * Writes `mostPages` into the module as the most that its memory may grow to: an engine's resource limits do not count
 * WebAssembly memory, so this is the only cap there is. A module that cannot be read is given back as it is, for the
 * engine to say what is wrong.
 */
export function limitMemory(module: Uint8Array, mostPages: number): ModuleLimits {
  try {
    return rewrite(module, mostPages);
  } catch {
    return { bytes: module, initialPages: 0 };
  }
}

function rewrite(module: Uint8Array, mostPages: number): ModuleLimits {
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
    initialPages += memories.reduce((sum, { initial }) => sum + initial, 0);
    const section = [...encodeNumber(memories.length), ...memories.flatMap((limits) => capped(limits, mostPages))];
    parts.push(Uint8Array.from([MEMORY_SECTION, ...encodeNumber(section.length), ...section]));
  }
  return {
    ...imported,
    bytes: Buffer.concat(parts),
    initialPages: initialPages + (imported.importedMemory?.initial ?? 0),
  };
}

function readMemories(content: Uint8Array): Limits[] {
  const reader = new ByteReader(content);
  const memories = reader.vector(() => readLimits(reader));
  if (!memories.every(isPlain)) throw new RangeError('a memory of a kind that cannot be capped');
  return memories;
}

function capped({ initial, maximum }: Limits, mostPages: number): number[] {
  // A module may not promise less than it starts with.
  const most = Math.max(initial, Math.min(maximum ?? mostPages, mostPages));
  return [1, ...encodeNumber(initial), ...encodeNumber(most)];
}

/** The limits of the first imported memory and table (https://webassembly.github.io/spec/core/binary/modules.html#import-section). */
function readImports(content: Uint8Array): Pick<ModuleLimits, 'importedMemory' | 'importedTable'> {
  const reader = new ByteReader(content);
  let memory: Limits | undefined;
  let table: Limits | undefined;
  for (let left = reader.unsigned(); left > 0; left -= 1) {
    reader.take(reader.unsigned());
    reader.take(reader.unsigned());
    const kind = reader.byte();
    if (kind === 0) reader.unsigned();
    else if (kind === 1) {
      reader.byte();
      const limits = readLimits(reader);
      table ??= limits;
    } else if (kind === 2) {
      const limits = readLimits(reader);
      memory ??= limits;
    } else if (kind === 3) reader.take(2);
    else if (kind === 4) {
      reader.byte();
      reader.unsigned();
    } else throw new RangeError('an import of an unknown kind');
  }
  return {
    ...(memory === undefined ? {} : { importedMemory: memory }),
    ...(table === undefined ? {} : { importedTable: table }),
  };
}
