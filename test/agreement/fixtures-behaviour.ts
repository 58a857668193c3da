import { callback, data } from '../unit/filter/trial/modules.ts';
import { assemble, MALLOC, MARKER, MEMORY } from '../unit/filter/wat.ts';
import { type Chapter, type Fixture, fromTexts, type Texts } from './fixture.ts';

const YES = 'i32.const 1';
const NO = 'i32.const 0';
const TRAP = 'unreachable';
const LOG = '(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))';
const EXIT = '(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))';
const SEND = `(import "env" "proxy_send_local_response" (func $send (param ${'i32 '.repeat(8)}) (result i32)))`;
const CALL = `(import "env" "proxy_http_call" (func $call (param ${'i32 '.repeat(10)}) (result i32)))`;
const POLL = '(import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))';
const GROWN = '(import "env" "emscripten_notify_memory_growth" (func $grown (param i32)))';
const REST = MEMORY + MARKER + MALLOC + data(64, 'hello');
const say = '(drop (call $log (i32.const 2) (i32.const 64) (i32.const 5)))';
const poll = '(call $poll (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))';
const grown = '(call $grown (i32.const 0))';
const reactor = callback('_initialize', '', '');
const create = (code: string): string => `(func (export "proxy_on_context_create") (param i32 i32) ${code})`;
const ofRoot = create('(if (i32.eqz (local.get 1)) (then unreachable))');
const headers = (code: string, result = NO): string =>
  callback('proxy_on_request_headers', 'i32 i32 i32', result, code);
const configure = (result: string, code = ''): string => callback('proxy_on_configure', 'i32 i32', result, code);
const vmStart = (result: string, code = ''): string => callback('proxy_on_vm_start', 'i32 i32', result, code);

const LOADING: Texts = [
  ['a start section that does nothing', `${REST}(func $go) (start $go)`],
  ['a start section that traps', `${REST}(func $go unreachable) (start $go)`],
  ['a start section that calls the host', `${LOG}${REST}(func $go ${say}) (start $go)`],
  ['a start section that ends the program', `${EXIT}${REST}(func $go (call $exit (i32.const 1))) (start $go)`],
  ['_initialize that logs', `${LOG}${REST}${callback('_initialize', '', '', say)}`],
  ['_initialize that traps', REST + callback('_initialize', '', '', TRAP)],
  ['_start that logs', `${LOG}${REST}${callback('_start', '', '', say)}`],
  ['_start that traps', REST + callback('_start', '', '', TRAP)],
  ['_start that exits with 0', `${EXIT}${REST}${callback('_start', '', '', '(call $exit (i32.const 0))')}`],
  ['_start that exits with 1', `${EXIT}${REST}${callback('_start', '', '', '(call $exit (i32.const 1))')}`],
  [
    '_start that exits with 0 and traps behind it',
    `${EXIT}${REST}${callback('_start', '', '', '(call $exit (i32.const 0)) unreachable')}`,
  ],
  ['_start that traps, beside _initialize', REST + reactor + callback('_start', '', '', TRAP)],
  ['main that returns 1', REST + reactor + callback('main', 'i32 i32', YES)],
  ['main that traps', REST + reactor + callback('main', 'i32 i32', NO, TRAP)],
  ['__main_void that traps', REST + reactor + callback('__main_void', '', NO, TRAP)],
  [
    'main beside a __main_void that traps',
    REST + reactor + callback('main', 'i32 i32', NO) + callback('__main_void', '', NO, TRAP),
  ],
  ['_initialize that polls', `${POLL}${REST}${callback('_initialize', '', '', `(drop ${poll})`)}`],
  ['_start that polls', `${POLL}${REST}${callback('_start', '', '', `(drop ${poll})`)}`],
  ['main that polls', `${POLL}${REST}${reactor}${callback('main', 'i32 i32', NO, `(drop ${poll})`)}`],
  ['a start section that polls', `${POLL}${REST}(func $go (drop ${poll})) (start $go)`],
  ['polling fails on configuration, on which it gives up', `${POLL}${REST}${configure(`(i32.eqz ${poll})`)}`],
  ['_initialize that tells of grown memory', `${GROWN}${REST}${callback('_initialize', '', '', grown)}`],
  ['_start that tells of grown memory', `${GROWN}${REST}${callback('_start', '', '', grown)}`],
  ['main that tells of grown memory', `${GROWN}${REST}${reactor}${callback('main', 'i32 i32', NO, grown)}`],
  ['a start section that tells of grown memory', `${GROWN}${REST}(func $go ${grown}) (start $go)`],
  ['main that traps, without _initialize', REST + callback('main', 'i32 i32', NO, TRAP)],
  ['a root context that traps', REST + ofRoot],
  ['a root context that traps, configuration accepted', REST + ofRoot + configure(YES)],
  ['a root context that traps, start accepted', REST + ofRoot + vmStart(YES)],
  ['a root context that traps, both accepted', REST + ofRoot + vmStart(YES) + configure(YES)],
  ['proxy_on_vm_start returns false', REST + vmStart(NO)],
  ['proxy_on_vm_start traps', REST + vmStart(YES, TRAP)],
  ['proxy_on_vm_start returns 256', REST + vmStart('i32.const 256')],
  ['proxy_on_configure returns false', REST + configure(NO)],
  ['proxy_on_configure traps', REST + configure(YES, TRAP)],
  ['proxy_on_configure returns -1', REST + configure('i32.const -1')],
  ['proxy_on_configure exits and goes on', `${EXIT}${REST}${configure(YES, '(call $exit (i32.const 3))')}`],
  ['proxy_validate_configuration returns false', REST + callback('proxy_validate_configuration', 'i32 i32', NO)],
  [
    'an endless recursion on configuration',
    `${REST}(func $deep (param i32) (call $deep (local.get 0)) (call $deep (local.get 0)))${configure(YES, '(call $deep (i32.const 0))')}`,
  ],
  ['an access outside of the memory on configuration', REST + configure('(i32.load (i32.const -8))')],
  ['a division by zero on configuration', REST + configure('(i32.div_u (i32.const 1) (i32.const 0))')],
  [
    'an allocator that gives nothing',
    `${MEMORY}${MARKER}(func (export "malloc") (param i32) (result i32) i32.const 0)${configure(YES)}`,
  ],
  [
    'an allocator that traps',
    `${MEMORY}${MARKER}(func (export "malloc") (param i32) (result i32) unreachable)${configure(YES)}`,
  ],
  [
    'an allocator that traps, asked for the configuration',
    `(import "env" "proxy_get_buffer_bytes" (func $get (param i32 i32 i32 i32 i32) (result i32)))${MEMORY}${MARKER}(func (export "malloc") (param i32) (result i32) unreachable)${configure(YES, '(drop (call $get (i32.const 7) (i32.const 0) (i32.const 9) (i32.const 0) (i32.const 4)))')}`,
  ],
  [
    'memory that grows to 100 MiB on configuration',
    REST + configure('(i32.ne (memory.grow (i32.const 1600)) (i32.const -1))'),
  ],
  [
    'memory that grows to 800 MiB on configuration',
    REST + configure('(i32.ne (memory.grow (i32.const 12800)) (i32.const -1))'),
  ],
  [
    'memory that grows to 2 GiB on configuration',
    REST + configure('(i32.ne (memory.grow (i32.const 32768)) (i32.const -1))'),
  ],
  [
    'memory that grows beyond its own limit',
    `(memory (export "memory") 1 2)${MARKER}${MALLOC}${configure('(i32.ne (memory.grow (i32.const 2)) (i32.const -1))')}`,
  ],
];

const REQUESTS: Texts = [
  ['headers are passed on', REST + headers('')],
  ['a stream context that traps', REST + create('(if (local.get 1) (then unreachable))')],
  ['request headers that trap', REST + headers(TRAP)],
  ['request body that traps', REST + callback('proxy_on_request_body', 'i32 i32 i32', NO, TRAP)],
  ['response headers that trap', REST + callback('proxy_on_response_headers', 'i32 i32 i32', NO, TRAP)],
  ['response body that traps', REST + callback('proxy_on_response_body', 'i32 i32 i32', NO, TRAP)],
  ['proxy_on_done that traps', REST + callback('proxy_on_done', 'i32', YES, TRAP)],
  ['proxy_on_log that traps', REST + callback('proxy_on_log', 'i32', '', TRAP)],
  ['proxy_on_delete that traps', REST + callback('proxy_on_delete', 'i32', '', TRAP)],
  ['a request that is held for ever', REST + headers('', YES)],
  [
    'a call to a cluster that is not there',
    `${CALL}${REST}${headers(`(drop (call $call ${'(i32.const 0)'.repeat(9)} (i32.const 16)))`)}`,
  ],
  [
    'an answer of its own',
    `${SEND}${REST}${headers(`(drop (call $send (i32.const 403) ${'(i32.const 0)'.repeat(6)} (i32.const -1)))`, YES)}`,
  ],
  [
    'an answer of its own, and the request goes on',
    `${SEND}${REST}${headers(`(drop (call $send (i32.const 403) ${'(i32.const 0)'.repeat(6)} (i32.const -1)))`)}`,
  ],
  [
    'an answer of its own to the answer',
    `${SEND}${REST}${callback('proxy_on_response_headers', 'i32 i32 i32', NO, `(drop (call $send (i32.const 418) ${'(i32.const 0)'.repeat(6)} (i32.const -1)))`)}`,
  ],
  ['request headers that return a number that means nothing', REST + headers('', 'i32.const 77')],
];

const ENVIRONMENT = '(import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))';
const countVariables = '(drop (call $sizes (i32.const 16) (i32.const 20)))';
const says = assemble(`${LOG}${REST}${configure('(i32.eqz (call $log (i32.const 2) (i32.const 64) (i32.const 5)))')}`);
const counts = (expected: number): Uint8Array =>
  assemble(
    `${ENVIRONMENT}${REST}${configure(`(i32.eq (i32.load (i32.const 16)) (i32.const ${expected}))`, countVariables)}`,
  );

const SETTINGS: readonly Fixture[] = [
  { name: 'a log line that is allowed', module: says, capabilities: ['proxy_log', 'proxy_on_configure'] },
  { name: 'a log line that is not allowed, on which it insists', module: says, capabilities: ['proxy_on_configure'] },
  { name: 'a configuration callback that is not called', module: says, capabilities: ['proxy_on_vm_start'] },
  {
    name: 'a start that is not allowed to exit',
    module: assemble(`${EXIT}${REST}${callback('_start', '', '', '(call $exit (i32.const 0))')}`),
    capabilities: ['proxy_on_configure', '_start'],
  },
  { name: 'two variables of the environment', module: counts(2), environment: { A: 'one', B: 'two' } },
  { name: 'no variables, and it wants one', module: counts(1) },
];

export const BEHAVIOUR_CHAPTERS: readonly Chapter[] = [
  { title: 'Start and configuration', fixtures: fromTexts(LOADING) },
  { title: 'Settings', fixtures: SETTINGS },
  { title: 'Requests', fixtures: fromTexts(REQUESTS) },
];
