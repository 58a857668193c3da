import { callback } from '../unit/filter/trial/modules.ts';
import { CREATE, importing, LEAST, MALLOC, MARKER, MEMORY } from '../unit/filter/wat.ts';
import { type Chapter, fromTexts, type Texts } from './fixture.ts';

const marker = (version: string): string => `(func (export "proxy_abi_version_${version}"))`;
const ALLOCATE = '(func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1024)';
const LOG = importing('env', 'proxy_log', 'i32 i32 i32');
const log = (level: number): string => `(drop (call $log (i32.const ${level}) (i32.const 0) (i32.const 0)))`;
const NAMED_LOG = '(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))';

const MUST_HAVE: Texts = [
  ['the least filter', LEAST],
  ['nothing to call but the marker and the allocator', MEMORY + MARKER + MALLOC],
  ['no ABI marker', MEMORY + MALLOC + CREATE],
  ['marker of an unknown ABI', MEMORY + MALLOC + CREATE + marker('0_3_0')],
  ['marker of ABI 0.1.0', MEMORY + MALLOC + CREATE + marker('0_1_0')],
  ['marker of ABI 0.2.0', MEMORY + MALLOC + CREATE + marker('0_2_0')],
  ['an unknown marker before a known one', MEMORY + MALLOC + CREATE + marker('0_3_0') + marker('0_2_1')],
  [
    'two markers, the first counts',
    MEMORY +
      MALLOC +
      CREATE +
      marker('0_2_0') +
      marker('0_1_0') +
      callback('proxy_on_request_headers', 'i32 i32 i32', 'i32.const 0'),
  ],
  ['a global as marker', `${MEMORY}${MALLOC}${CREATE}(global (export "proxy_abi_version_0_2_1") i32 (i32.const 1))`],
  ['a marker of another type', `${MEMORY}${MALLOC}${CREATE}(func (export "proxy_abi_version_0_2_1") (param i64))`],
  ['a longer name than a marker', `${MEMORY}${MALLOC}${CREATE}(func (export "proxy_abi_version_0_2_10"))`],
  ['no allocator', MEMORY + MARKER + CREATE],
  ['proxy_on_memory_allocate in place of malloc', MEMORY + MARKER + CREATE + ALLOCATE],
  [
    'malloc of another type',
    `${MEMORY}${MARKER}${CREATE}(func (export "malloc") (param i64) (result i32) i32.const 8)`,
  ],
  [
    'malloc of another type beside a right allocator',
    `${MEMORY}${MARKER}${CREATE}${ALLOCATE}(func (export "malloc") (param i64) (result i32) i32.const 8)`,
  ],
  ['a wrong allocator beside malloc', `${LEAST}(func (export "proxy_on_memory_allocate"))`],
  ['a global as malloc', `${MEMORY}${MARKER}${CREATE}(global (export "malloc") i32 (i32.const 0))`],
  ['no memory, no imports', MARKER + MALLOC + CREATE],
  ['no memory, a host function that is never called', LOG + MARKER + MALLOC + CREATE],
  [
    'no memory, a log line on configuration',
    `${NAMED_LOG}${MARKER}${MALLOC}${callback('proxy_on_configure', 'i32 i32', 'i32.const 1', log(2))}`,
  ],
  [
    'no memory, a host function without addresses',
    `(import "env" "proxy_set_tick_period_milliseconds" (func $tick (param i32) (result i32)))${MARKER}${MALLOC}${callback('proxy_on_configure', 'i32 i32', 'i32.const 1', '(drop (call $tick (i32.const 0)))')}`,
  ],
  [
    'memory that is not exported, a log line on configuration',
    `${NAMED_LOG}(memory 1)${MARKER}${MALLOC}${callback('proxy_on_configure', 'i32 i32', 'i32.const 1', log(2))}`,
  ],
  ['memory under another name', `(memory (export "mem") 1)${MARKER}${MALLOC}${CREATE}`],
  ['memory from the host', `(import "env" "memory" (memory 1))${MARKER}${MALLOC}${CREATE}`],
  [
    'memory from the host, used on configuration',
    `${NAMED_LOG}(import "env" "memory" (memory 1))${MARKER}${MALLOC}${callback('proxy_on_configure', 'i32 i32', 'i32.const 1', log(2))}`,
  ],
  ['memory from the host, in a module that nobody knows', `(import "x" "y" (memory 1))${MARKER}${MALLOC}${CREATE}`],
  [
    'memory from the host and one of its own',
    `${NAMED_LOG}(import "env" "memory" (memory 1))(memory (export "memory") 1)${MARKER}${MALLOC}${callback('proxy_on_configure', 'i32 i32', 'i32.const 1', log(2))}`,
  ],
  [
    'two memories from the host',
    `(import "env" "a" (memory 1))(import "env" "b" (memory 1))${MARKER}${MALLOC}${CREATE}`,
  ],
  ['shared memory from the host', `(import "env" "memory" (memory 1 2 shared))${MARKER}${MALLOC}${CREATE}`],
  ['shared memory of its own', `(memory (export "memory") 1 2 shared)${MARKER}${MALLOC}${CREATE}`],
  ['two memories', `(memory (export "memory") 1)(memory 1)${MARKER}${MALLOC}${CREATE}`],
  [
    'two exported memories',
    `${NAMED_LOG}(memory (export "memory") 1)(memory (export "other") 1)${MARKER}${MALLOC}${callback('proxy_on_configure', 'i32 i32', 'i32.const 1', log(2))}`,
  ],
  ['a table from the host', `(import "env" "t" (table 1 funcref))${LEAST}`],
  ['a table of references from the host', `(import "env" "t" (table 1 externref))${LEAST}`],
  ['two tables from the host', `(import "env" "a" (table 1 funcref))(import "env" "b" (table 1 funcref))${LEAST}`],
  ['two tables of its own', `(table 1 funcref)(table (export "t") 1 externref)${LEAST}`],
  ['3 GiB of memory at the start', `(memory (export "memory") 49152)${MARKER}${MALLOC}${CREATE}`],
  ['4 GiB of memory at the start', `(memory (export "memory") 65536)${MARKER}${MALLOC}${CREATE}`],
  ['300 MiB of memory at the start', `(memory (export "memory") 4800)${MARKER}${MALLOC}${CREATE}`],
  ['1.1 GiB of memory at the start', `(memory (export "memory") 18000)${MARKER}${MALLOC}${CREATE}`],
];

const unknown = (module: string, name: string): string => importing(module, name, 'i32') + LEAST;

const IMPORTS: Texts = [
  ['a host function that nobody has', unknown('env', 'proxy_does_not_exist')],
  ['a host function of an unknown module', unknown('envoy', 'proxy_log')],
  ['a host function of an ABI to come', unknown('env', 'proxy_get_map')],
  ['WASI of another preview', unknown('wasi_snapshot_preview2', 'fd_close')],
  ['a log with two parameters', importing('env', 'proxy_log', 'i32 i32') + LEAST],
  ['a log without a result', importing('env', 'proxy_log', 'i32 i32 i32', '') + LEAST],
  ['a seek with 32 bits', importing('wasi_snapshot_preview1', 'fd_seek', 'i32 i32 i32 i32') + LEAST],
  ['path_link as WASI has it', importing('wasi_snapshot_preview1', 'path_link', 'i32 i32 i32 i32 i32 i32 i32') + LEAST],
  ['path_link as Envoy has it', importing('wasi_snapshot_preview1', 'path_link', 'i32 i32 i32 i32 i32 i32') + LEAST],
  ['the same function twice', LOG + LOG + LEAST],
  ['a global', `(import "env" "__stack_pointer" (global (mut i32)))${LEAST}`],
  ['a constant global', `(import "env" "base" (global i32))${LEAST}`],
  ['an exception tag', `(import "env" "oops" (tag (param i32)))${LEAST}`],
  ['an exported exception tag', `(tag (export "oops") (param i32))${LEAST}`],
  ['an exception tag inside', `(tag (param i32))${LEAST}`],
  ["AssemblyScript's abort", importing('env', 'abort', 'i32 i32 i32 i32', '') + LEAST],
  ["Emscripten's environment", importing('env', 'emscripten_resize_heap', 'i32') + LEAST],
  ["a browser's JavaScript", importing('wbg', '__wbg_now_0', '') + LEAST],
  ['a host function under the name of a memory', `(import "env" "proxy_log" (memory 1))${MARKER}${MALLOC}${CREATE}`],
  [
    'an import that is exported again',
    `(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))(export "log" (func $log))${LEAST}`,
  ],
  [
    'an import as a callback',
    `(import "env" "proxy_set_tick_period_milliseconds" (func $tick (param i32) (result i32)))(export "proxy_on_done" (func $tick))${LEAST}`,
  ],
];

const EXPORTS: Texts = [
  [
    'headers of three parameters under 0.1.0',
    `${MEMORY}${MALLOC}${marker('0_1_0')}${callback('proxy_on_request_headers', 'i32 i32 i32', 'i32.const 0')}`,
  ],
  [
    'headers of two parameters under 0.1.0',
    `${MEMORY}${MALLOC}${marker('0_1_0')}${callback('proxy_on_request_headers', 'i32 i32', 'i32.const 0')}`,
  ],
  [
    'headers of three parameters under 0.2.0',
    `${MEMORY}${MALLOC}${marker('0_2_0')}${callback('proxy_on_response_headers', 'i32 i32 i32', 'i32.const 0')}`,
  ],
  ['headers of two parameters under 0.2.1', LEAST + callback('proxy_on_response_headers', 'i32 i32', 'i32.const 0')],
  ['a tick without a parameter', `${LEAST}(func (export "proxy_on_tick"))`],
  ['a configuration callback without a result', `${LEAST}(func (export "proxy_on_configure") (param i32 i32))`],
  ['a callback as a global', `${LEAST}(global (export "proxy_on_tick") i32 (i32.const 0))`],
  [
    'a foreign-function callback of another type under 0.1.0',
    `${MEMORY}${MALLOC}${marker('0_1_0')}(func (export "proxy_on_foreign_function") (param i64))`,
  ],
  [
    'a foreign-function callback of another type under 0.2.1',
    `${LEAST}(func (export "proxy_on_foreign_function") (param i64))`,
  ],
  ['a callback that nobody knows', `${LEAST}(func (export "proxy_on_something") (param i64))`],
  ['statistics of another type', `${LEAST}(func (export "envoy_on_stats_update") (param i64))`],
  ['_start with a parameter', `${LEAST}(func (export "_start") (param i32))`],
  ['_initialize with a parameter', `${LEAST}(func (export "_initialize") (param i32))`],
  [
    '_start with a parameter beside _initialize',
    `${LEAST}(func (export "_initialize"))(func (export "_start") (param i32))`,
  ],
  ['main with a wrong type in a reactor', `${LEAST}(func (export "_initialize"))(func (export "main"))`],
  ['main with a wrong type alone', `${LEAST}(func (export "main"))`],
  ['__main_void with a wrong type in a reactor', `${LEAST}(func (export "_initialize"))(func (export "__main_void"))`],
  ['_initialize as a global', `${LEAST}(global (export "_initialize") i32 (i32.const 0))`],
  ['a vector in an export', `${LEAST}(func (export "mix") (param v128))`],
  ['a vector in an import', `(import "env" "proxy_log" (func (param v128)))${LEAST}`],
  ['a reference in an export', `${LEAST}(func (export "x") (param externref))`],
  ['a function reference in an export', `${LEAST}(func (export "x") (result funcref) (ref.null func))`],
  ['an exported global of a reference', `${LEAST}(global (export "x") externref (ref.null extern))`],
  ['an exported global of a vector', `${LEAST}(global (export "x") v128 (v128.const i64x2 0 0))`],
  ['an exported changeable global', `${LEAST}(global (export "x") (mut i32) (i32.const 0))`],
  ['an exported table', `${LEAST}(table (export "t") 1 funcref)`],
  ['two results in an export', `${LEAST}(func (export "x") (result i32 i32) i32.const 1 i32.const 2)`],
  ['a name with odd characters', `${LEAST}(func (export "a b\\n\\""))`],
];

export const MODULE_CHAPTERS: readonly Chapter[] = [
  { title: 'What a module must have', fixtures: fromTexts(MUST_HAVE) },
  { title: 'Imports', fixtures: fromTexts(IMPORTS) },
  { title: 'Exports', fixtures: fromTexts(EXPORTS) },
];
