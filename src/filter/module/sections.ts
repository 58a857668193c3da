import { ByteReader, Malformed } from './byte-reader.ts';
import { skipConstExpression } from './const-expression.ts';
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
  readonly memories: { imported: boolean; exported: boolean; shared: boolean; pages: number }[] = [];
  readonly globals = { imported: 0, defined: 0 };
  startFunction = false;
  /** `undefined` for a struct or an array. */
  readonly #types: (FunctionType | undefined)[] = [];
  /** The type's number of each function, imported ones first. */
  readonly #functions: number[] = [];
  /** What each global and each table holds, imported ones first. */
  readonly #globals: ValueType[] = [];
  readonly #tables: ValueType[] = [];

  read(id: number, body: ByteReader): void {
    if (id === 1) body.vector(() => this.#readTypes(body));
    else if (id === 2) this.imports = body.vector(() => this.#readImport(body));
    else if (id === 3) body.vector(() => this.#functions.push(body.unsigned()));
    else if (id === 4) whileUnderstood(() => body.vector(() => this.#readTable(body)));
    else if (id === 5) body.vector(() => this.#readMemory(body, false));
    else if (id === 6) {
      this.globals.defined = body.unsigned();
      whileUnderstood(() => {
        for (let left = this.globals.defined; left > 0; left -= 1) this.#readGlobal(body);
      });
    } else if (id === 7) this.exports = body.vector(() => this.#readExport(body));
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
    const rest = { module, name, kind, params: [], results: [] };
    if (kind === 'memory') this.#readMemory(body, true);
    else if (kind === 'table') {
      this.#tables.push(readValueType(body));
      readLimits(body);
      return { ...rest, ...holding(this.#tables.at(-1)) };
    } else if (kind === 'global') {
      this.#globals.push(readField(body));
      this.globals.imported += 1;
      return { ...rest, ...holding(this.#globals.at(-1)) };
    } else {
      body.byte();
      body.unsigned();
    }
    return rest;
  }

  #readExport(body: ByteReader): ExportFact {
    const name = body.name();
    const kind = readKind(body);
    const index = body.unsigned();
    const memory = kind === 'memory' ? this.memories[index] : undefined;
    if (memory !== undefined) memory.exported = true;
    const type = kind === 'function' ? this.#type(this.#functions[index]) : { params: [], results: [] };
    const holds = kind === 'global' ? this.#globals[index] : kind === 'table' ? this.#tables[index] : undefined;
    return { name, kind, ...type, ...holding(holds) };
  }

  #readMemory(body: ByteReader, imported: boolean): void {
    this.memories.push({ imported, exported: false, ...readLimits(body) });
  }

  #readGlobal(body: ByteReader): void {
    this.#globals.push(readField(body));
    skipConstExpression(body);
  }

  #readTable(body: ByteReader): void {
    const first = body.byte();
    // A table that says what its elements are at first begins with 0x40 0x00.
    if (first === 0x40) body.byte();
    this.#tables.push(first === 0x40 ? readValueType(body) : valueType(first, body));
    readLimits(body);
    if (first === 0x40) skipConstExpression(body);
  }

  #type(index: number | undefined): FunctionType {
    const type = index === undefined ? undefined : this.#types[index];
    if (type === undefined) throw new Malformed('a function without a type');
    return type;
  }
}

/** What tables and globals hold matters little; a newer WebAssembly may start them with operations that are unknown here. */
function whileUnderstood(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
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
  return valueType(body.byte(), body);
}

function valueType(code: number, body: ByteReader): ValueType {
  // A reference to a type that is named by its number.
  if (code === 0x63 || code === 0x64) body.unsigned(35);
  return VALUE_TYPES[code] ?? 'ref';
}

/** A value type, or one of the packed types of structs and arrays, and whether it can change. */
function readField(body: ByteReader): ValueType {
  const type = readValueType(body);
  body.byte();
  return type;
}

function holding(holds: ValueType | undefined): { readonly holds?: ValueType } {
  return holds === undefined ? {} : { holds };
}

function readLimits(body: ByteReader): { readonly shared: boolean; readonly pages: number } {
  const flags = body.byte();
  const pages = body.unsigned(64);
  if (flags & 1) body.unsigned(64);
  if (flags & 8) body.unsigned();
  return { shared: (flags & 2) !== 0, pages };
}
