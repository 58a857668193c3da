/** A WebAssembly.Memory; `buffer` is another one after each growth. */
export interface EngineMemory {
  readonly buffer: ArrayBufferLike;
}

/** A host function. Parameters are numbers, and bigints for i64. */
export type HostImplementation = (...parameters: never[]) => number | undefined;
type ImportObject = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** An import or export as the engine describes it. */
export interface ImportEntry {
  readonly module: string;
  readonly name: string;
  readonly kind: string;
}

/** The part of https://webassembly.github.io/spec/js-api/ that a trial run needs: Node's types have it only for browsers. */
interface Engine {
  readonly Module: {
    new (bytes: Uint8Array): object;
    imports(module: object): readonly ImportEntry[];
    exports(module: object): readonly { readonly name: string; readonly kind: string }[];
  };
  readonly Instance: new (
    module: object,
    imports: ImportObject,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
  readonly Memory: new (limits: { initial: number; maximum: number }) => EngineMemory;
  readonly Table: new (limits: { element: 'anyfunc' | 'externref'; initial: number; maximum?: number }) => object;
}

declare const WebAssembly: Engine;

/** Node's WebAssembly engine: V8, as in Envoy. */
export const engine: Engine = WebAssembly;
