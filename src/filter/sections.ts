import { ByteReader, Malformed } from './byte-reader.ts';
import {
  EXTERN_KINDS,
  type ExportFact,
  type ExternKind,
  type FunctionType,
  type ImportFact,
  type MemoryFact,
  type ValueType,
} from './wasm-types.ts';

export interface SectionSize {
  /** `code`, `data`, …; a custom section's own name. */
  readonly name: string;
  readonly custom: boolean;
  /** With its header. */
  readonly bytes: number;
}

/** What the sections of a module say that V8's JavaScript API does not. */
export interface Sections {
  readonly imports: readonly ImportFact[];
  readonly exports: readonly ExportFact[];
  readonly memories: readonly MemoryFact[];
  readonly globals: { readonly imported: number; readonly defined: number };
  /** The module has a start function, which runs before any export. */
  readonly startFunction: boolean;
  /** The first custom section of each name: its content. */
  readonly custom: ReadonlyMap<string, Uint8Array>;
  readonly sizes: readonly SectionSize[];
}

const HEADER_BYTES = 8;

const SECTION_NAMES = [
  'custom',
  'type',
  'import',
  'function',
  'table',
  'memory',
  'global',
  'export',
  'start',
  'element',
  'code',
  'data',
  'data count',
  'tag',
] as const;

const VALUE_TYPES: Readonly<Record<number, ValueType>> = {
  127: 'i32',
  126: 'i64',
  125: 'f32',
  124: 'f64',
  123: 'v128',
  112: 'funcref',
  111: 'externref',
};

/** Reads the sections (https://webassembly.github.io/spec/core/binary/modules.html); throws `Malformed`. */
export function readSections(bytes: Uint8Array): Sections {
  const reader = new ByteReader(bytes);
  reader.take(HEADER_BYTES);
  const found = new SectionReader();
  while (!reader.done) {
    const start = reader.position;
    const id = reader.byte();
    const body = new ByteReader(reader.take(reader.unsigned()));
    const custom = id === 0 ? body.name() : undefined;
    if (custom === undefined) found.read(id, body);
    else if (!found.custom.has(custom)) found.custom.set(custom, body.rest());
    found.sizes.push({
      name: custom ?? SECTION_NAMES[id] ?? `section ${id}`,
      custom: custom !== undefined,
      bytes: reader.position - start,
    });
  }
  return found;
}

class SectionReader implements Sections {
  readonly custom = new Map<string, Uint8Array>();
  readonly sizes: SectionSize[] = [];
  imports: ImportFact[] = [];
  exports: ExportFact[] = [];
  readonly memories: { imported: boolean; exported: boolean; shared: boolean }[] = [];
  readonly globals = { imported: 0, defined: 0 };
  startFunction = false;
  /** Undefined for a struct or an array. */
  readonly #types: (FunctionType | undefined)[] = [];
  /** The type's number of each function, imported ones first. */
  readonly #functions: number[] = [];

  read(id: number, body: ByteReader): void {
    if (id === 1) body.vector(() => this.#readTypes(body));
    else if (id === 2) this.imports = body.vector(() => this.#readImport(body));
    else if (id === 3) body.vector(() => this.#functions.push(body.unsigned()));
    else if (id === 5) body.vector(() => this.#readMemory(body, false));
    else if (id === 6) this.globals.defined = body.unsigned();
    else if (id === 7) this.exports = body.vector(() => this.#readExport(body));
    else if (id === 8) this.startFunction = true;
  }

  /** One entry of the type section: a type, or a group of types that refer to each other. */
  #readTypes(body: ByteReader): void {
    let form = body.byte();
    if (form === 0x4e) {
      body.vector(() => this.#readTypes(body));
      return;
    }
    if (form === 0x50 || form === 0x4f) {
      body.vector(() => body.unsigned());
      form = body.byte();
    }
    if (form === 0x60) {
      this.#types.push({ params: readValueTypes(body), results: readValueTypes(body) });
      return;
    }
    if (form === 0x5f) body.vector(() => readField(body));
    else if (form === 0x5e) readField(body);
    else throw new Malformed('a type of an unknown form');
    this.#types.push(undefined);
  }

  #readImport(body: ByteReader): ImportFact {
    const module = body.name();
    const name = body.name();
    const kind = readKind(body);
    if (kind === 'function') {
      const type = body.unsigned();
      this.#functions.push(type);
      return { module, name, kind, ...this.#type(type) };
    }
    if (kind === 'memory') this.#readMemory(body, true);
    else if (kind === 'table') {
      readValueType(body);
      readLimits(body);
    } else if (kind === 'global') {
      readField(body);
      this.globals.imported += 1;
    } else {
      body.byte();
      body.unsigned();
    }
    return { module, name, kind, params: [], results: [] };
  }

  #readExport(body: ByteReader): ExportFact {
    const name = body.name();
    const kind = readKind(body);
    const index = body.unsigned();
    const memory = kind === 'memory' ? this.memories[index] : undefined;
    if (memory !== undefined) memory.exported = true;
    const type = kind === 'function' ? this.#type(this.#functions[index]) : { params: [], results: [] };
    return { name, kind, ...type };
  }

  #readMemory(body: ByteReader, imported: boolean): void {
    this.memories.push({ imported, exported: false, shared: readLimits(body).shared });
  }

  #type(index: number | undefined): FunctionType {
    const type = index === undefined ? undefined : this.#types[index];
    if (type === undefined) throw new Malformed('a function without a type');
    return type;
  }
}

function readKind(body: ByteReader): ExternKind {
  const kind = EXTERN_KINDS[body.byte()];
  if (kind === undefined) throw new Malformed('an import or export of an unknown kind');
  return kind;
}

function readValueTypes(body: ByteReader): ValueType[] {
  return body.vector(() => readValueType(body));
}

function readValueType(body: ByteReader): ValueType {
  const code = body.byte();
  // A reference to a type that is named by its number.
  if (code === 0x63 || code === 0x64) body.unsigned(35);
  return VALUE_TYPES[code] ?? 'ref';
}

/** A value type, or one of the packed types of structs and arrays, and whether it can change. */
function readField(body: ByteReader): void {
  readValueType(body);
  body.byte();
}

function readLimits(body: ByteReader): { readonly shared: boolean } {
  const flags = body.byte();
  body.unsigned(64);
  if (flags & 1) body.unsigned(64);
  if (flags & 8) body.unsigned();
  return { shared: (flags & 2) !== 0 };
}
