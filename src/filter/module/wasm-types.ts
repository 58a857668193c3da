/**
 * The value types of WebAssembly, as far as a host of filters can meet them. `ref` stands for every reference type besides
 * `funcref` and `externref` (https://webassembly.github.io/spec/core/binary/types.html).
 */
export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128' | 'funcref' | 'externref' | 'ref';

export interface FunctionType {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** What a module can import and export, in the order of the binary format's numbers. */
export const EXTERN_KINDS = ['function', 'table', 'memory', 'global', 'tag'] as const;
export type ExternKind = (typeof EXTERN_KINDS)[number];

/** Parameters and results are empty for whatever is no function. */
export interface ExportFact extends FunctionType {
  readonly name: string;
  readonly kind: ExternKind;
  /** What a global holds, or a table. */
  readonly holds?: ValueType;
}

export interface ImportFact extends ExportFact {
  readonly module: string;
}

export interface MemoryFact {
  readonly imported: boolean;
  readonly exported: boolean;
  readonly shared: boolean;
  /** Pages of 64 KiB that it has from the start. */
  readonly pages: number;
}

/** A function type as Envoy writes it in its log: `i32 i32 -> i32`, `i32 -> void`. */
export function describeType({ params, results }: FunctionType): string {
  const words = (types: readonly ValueType[]): string => (types.length === 0 ? 'void' : types.join(' '));
  return `${words(params)} -> ${words(results)}`;
}

/** Whether Envoy would link the one to the other: it wants the same types in the same order. */
export function sameType(a: FunctionType, b: FunctionType): boolean {
  return describeType(a) === describeType(b);
}

/** The function type behind a short form: `signature('iIi')` takes i32, i64, i32 and returns i32, which is what nearly all host functions return. */
export function signature(params: string, results: readonly ValueType[] = ['i32']): FunctionType {
  return { params: [...params].map((letter) => (letter === 'I' ? 'i64' : 'i32')), results };
}

/** `env.proxy_log`, as Envoy names an import. */
export function importName({ module, name }: Pick<ImportFact, 'module' | 'name'>): string {
  return `${module}.${name}`;
}
