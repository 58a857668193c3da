import loadWabt from 'wabt';
import type { TrialRequest } from '../../../../src/filter/host/request.ts';

/** Compiles WebAssembly text. */
export async function assemble(text: string): Promise<Uint8Array> {
  const wabt = await loadWabt();
  const module = wabt.parseWat('module.wat', text);
  try {
    return module.toBinary({}).buffer.slice();
  } finally {
    module.destroy();
  }
}

export interface FilterText {
  /** Imports, memory and all else that stands before the functions; default: `proxy_log` and one page of memory. */
  readonly head?: string;
  readonly abi?: string;
  /** What the allocator does after it has found room; it never frees. */
  readonly allocator?: string;
  /** Functions. `$say` logs: level, pointer, size. */
  readonly body?: string;
}

export const LOG_IMPORT = '(import "env" "proxy_log" (func $say (param i32 i32 i32) (result i32)))';
const DEFAULT_HEAD = `${LOG_IMPORT} (memory (export "memory") 1)`;

/** A filter made by hand: ABI marker, an allocator that never frees, and what the test adds. */
export function filterText({ head = DEFAULT_HEAD, abi = '0_2_1', allocator = '', body = '' }: FilterText = {}): string {
  return `(module ${head}
    (global $next (mut i32) (i32.const 32768))
    (func (export "proxy_abi_version_${abi}"))
    (func (export "malloc") (param $size i32) (result i32)
      ${allocator}
      global.get $next
      (global.set $next (i32.add (global.get $next) (local.get $size))))
    ${body})`;
}

export const filter = (text?: FilterText): Promise<Uint8Array> => assemble(filterText(text));

/** Data at an address. */
export const data = (address: number, text: string): string =>
  `(data (i32.const ${address}) "${text.replace(/[^ -~]|["\\]/g, (c) => `\\${c.charCodeAt(0).toString(16).padStart(2, '0')}`)}")`;

/** A callback that returns `result` after `code`. */
export const callback = (name: string, parameters: string, result: string, code = ''): string =>
  `(func (export "${name}") ${parameters === '' ? '' : `(param ${parameters})`} ${
    result === '' ? '' : '(result i32)'
  } ${code} ${result})`;

export const request = (module: Uint8Array, changes: Partial<TrialRequest> = {}): TrialRequest => ({
  module,
  rootId: 'root',
  vmId: 'vm',
  name: 'trial',
  configuration: 'x-greeting: hello',
  direction: 'inbound',
  ...changes,
});
