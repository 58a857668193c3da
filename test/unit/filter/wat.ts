import loadWabt from 'wabt';
import { type ModuleFacts, readFacts } from '../../../src/filter/module/facts.ts';
import { must } from '../builders.ts';

const wabt = await loadWabt();
const FEATURES = {
  multi_memory: true,
  exceptions: true,
  threads: true,
  simd: true,
  relaxed_simd: true,
  tail_call: true,
  memory64: true,
  extended_const: true,
  function_references: true,
};

export const MEMORY = '(memory (export "memory") 1)';
export const MARKER = '(func (export "proxy_abi_version_0_2_1"))';
export const MALLOC = '(func (export "malloc") (param i32) (result i32) i32.const 1024)';
export const CREATE = '(func (export "proxy_on_context_create") (param i32 i32))';
/** The least that a filter needs. */
export const LEAST = `${MEMORY}${MARKER}${MALLOC}${CREATE}`;

/** Compiles the fields of a module from WebAssembly's text format. */
export function assemble(fields: string): Uint8Array {
  const module = wabt.parseWat('module.wat', `(module ${fields})`, FEATURES);
  try {
    // A copy: wabt's own memory is written to again.
    return module.toBinary({}).buffer.slice();
  } finally {
    module.destroy();
  }
}

export function factsOf(fields: string): ModuleFacts {
  return must(readFacts(assemble(fields)));
}

/** A filter with these imports in front of the least: `importing('env', 'proxy_log', 'i32 i32 i32', 'i32')`. */
export function importing(module: string, name: string, params: string, results = 'i32'): string {
  const type = `${params === '' ? '' : `(param ${params})`} ${results === '' ? '' : `(result ${results})`}`;
  return `(import "${module}" "${name}" (func ${type}))`;
}

/** Appends a custom section. */
export function withCustom(bytes: Uint8Array, name: string, content: readonly number[] | Uint8Array): Uint8Array {
  const body = [...vector(Buffer.from(name)), ...content];
  return Uint8Array.from([...bytes, 0, ...unsigned(body.length), ...body]);
}

/** The content of a `producers` section. */
export function producers(fields: Readonly<Record<string, readonly string[]>>): number[] {
  const text = (value: string): number[] => vector(Buffer.from(value));
  const entries = Object.entries(fields).map(([field, names]) => [
    ...text(field),
    ...unsigned(names.length),
    ...names.flatMap((name) => [...text(name), ...text('1.0')]),
  ]);
  return [...unsigned(entries.length), ...entries.flat()];
}

export function vector(items: Iterable<number>): number[] {
  const all = [...items];
  return [...unsigned(all.length), ...all];
}

function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}
