import { describe, expect, test } from '@jest/globals';
import { EXIT, HEAD, NO, PROPERTY, say, tried, tryText, withImports, YES } from './in-thread.ts';
import { assemble, callback, data, type FilterText, LOG_IMPORT } from './modules.ts';

/** An allocator that fails at once. */
const NO_ALLOCATION = {
  head: withImports('(import "env" "proxy_get_buffer_bytes" (func $get (param i32 i32 i32 i32 i32) (result i32)))'),
  allocator: 'unreachable',
};
const GET_CONFIGURATION = '(drop (call $get (i32.const 7) (i32.const 0) (i32.const 9) (i32.const 16) (i32.const 20)))';

describe('what Envoy rejects when it loads a filter', () => {
  test.each<[string, FilterText, string, RegExp]>([
    ['a start function that traps', { body: '(func $go unreachable) (start $go)' }, 'start', /unreachable/],
    [
      '_initialize that traps',
      { body: callback('_initialize', '', '', 'unreachable') },
      'start',
      /_initialize .*unreachable/,
    ],
    ['_start that traps', { body: callback('_start', '', '', 'unreachable') }, 'start', /_start .*unreachable/],
    [
      'main that traps',
      { body: callback('_initialize', '', '') + callback('main', 'i32 i32', NO, 'unreachable') },
      'start',
      /^main /,
    ],
    [
      'a property asked for while the module starts',
      {
        head: withImports(PROPERTY),
        body: `(func (export "_initialize") (drop (call $property ${`(i32.const 0)`.repeat(4)})))`,
      },
      'start',
      /forbids while a module starts/,
    ],
    [
      '_start that exits',
      { head: withImports(EXIT), body: callback('_start', '', '', '(call $exit (i32.const 0))') },
      'start',
      /proc_exit, which Envoy forbids/,
    ],
    [
      'proxy_on_vm_start that returns 0',
      { body: callback('proxy_on_vm_start', 'i32 i32', NO) },
      'vm-start',
      /returned false/,
    ],
    [
      'proxy_on_vm_start that traps',
      { body: callback('proxy_on_vm_start', 'i32 i32', NO, 'unreachable') },
      'vm-start',
      /unreachable/,
    ],
    [
      'proxy_on_configure that returns 0',
      { body: callback('proxy_on_configure', 'i32 i32', NO) },
      'configure',
      /returned false/,
    ],
    [
      'proxy_on_configure that traps',
      { body: callback('proxy_on_configure', 'i32 i32', NO, 'unreachable') },
      'configure',
      /unreachable/,
    ],
    [
      'an abort, with its code and its last words',
      {
        head: withImports(EXIT) + data(64, 'no such thing'),
        body: callback(
          'proxy_on_configure',
          'i32 i32',
          YES,
          `${say(5, 64, 13)} (call $exit (i32.const 255)) unreachable`,
        ),
      },
      'configure',
      /"unreachable" after proc_exit\(255\), having logged: no such thing$/,
    ],
    [
      'an endless recursion',
      {
        body:
          '(func $deep (export "proxy_on_tick") (param i32) (call $deep (local.get 0)) (call $deep (local.get 0)))' +
          callback('proxy_on_configure', 'i32 i32', YES, '(call $deep (i32.const 0))'),
      },
      'configure',
      /call stack/,
    ],
    [
      'memory beyond the cap of 1 GiB',
      { body: callback('proxy_on_configure', 'i32 i32', '(i32.ne (memory.grow (i32.const 16384)) (i32.const -1))') },
      'configure',
      /returned false/,
    ],
    [
      'more than the cap from the start',
      { head: `${LOG_IMPORT} (memory (export "memory") 16385)` },
      'link',
      /16385 pages of memory, Envoy gives 16384/,
    ],
    [
      'an allocator that fails for a filter that then says no',
      { ...NO_ALLOCATION, body: callback('proxy_on_configure', 'i32 i32', NO, GET_CONFIGURATION) },
      'configure',
      /its allocator ended in/,
    ],
    ['an imported global', { head: `(import "env" "g" (global i32)) ${HEAD}` }, 'link', /missing import: env\.g/],
  ])('%s', async (_case, text, step, reason) => {
    const { outcome } = await tryText({ head: HEAD, ...text });
    expect(outcome).toEqual({ state: 'refused', step, reason: expect.stringMatching(reason) });
  });

  test('no ABI version and no allocator', async () => {
    expect(tried(await assemble('(module (memory (export "memory") 1))')).outcome).toMatchObject({
      state: 'refused',
      step: 'link',
      reason: expect.stringContaining('ABI'),
    });
    const noMalloc = '(module (memory (export "memory") 1) (func (export "proxy_abi_version_0_2_1")))';
    expect(tried(await assemble(noMalloc)).outcome).toMatchObject({
      state: 'refused',
      step: 'link',
      reason: expect.stringContaining('malloc'),
    });
  });

  test('bytes that are no WebAssembly', () => {
    expect(tried(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 99)).outcome).toMatchObject({
      state: 'refused',
      step: 'compile',
    });
  });
});

describe("what ends the proxy's process", () => {
  const CONTINUE = '(import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))';
  test.each<[string, FilterText, string, RegExp]>([
    [
      'a start section that calls the host',
      { body: `(func $go ${say(2, 64, 2)}) (start $go)` },
      'start',
      /calls proxy_log/,
    ],
    [
      'a log line without a memory to read it from',
      { head: LOG_IMPORT, body: callback('proxy_on_configure', 'i32 i32', YES, say(2, 0, 0)) },
      'configure',
      /exports none/,
    ],
    [
      'an answer that goes on before there is one',
      {
        head: withImports(CONTINUE),
        body: callback('proxy_on_request_headers', 'i32 i32 i32', NO, '(drop (call $continue (i32.const 1)))'),
      },
      'request-headers',
      /before there is one/,
    ],
  ])('%s', async (_case, text, step, reason) => {
    const { outcome } = await tryText(text);
    expect(outcome).toEqual({ state: 'crashed', step, reason: expect.stringMatching(reason) });
  });
});

describe('what Envoy loads, and what then fails', () => {
  test('an allocator that fails for a filter that does not care', async () => {
    const { outcome } = await tryText({
      ...NO_ALLOCATION,
      body: callback('proxy_on_configure', 'i32 i32', YES, GET_CONFIGURATION),
    });
    expect(outcome).toEqual({ state: 'trapped', step: 'configure', reason: expect.stringMatching(/allocator/) });
  });

  test.each([
    [
      'stream-create',
      '(func (export "proxy_on_context_create") (param i32 i32) (if (local.get 1) (then unreachable)))',
    ],
    [
      'context-create',
      '(func (export "proxy_on_context_create") (param i32 i32) (if (i32.eqz (local.get 1)) (then unreachable)))',
    ],
    ['request-headers', callback('proxy_on_request_headers', 'i32 i32 i32', NO, 'unreachable')],
    ['request-body', callback('proxy_on_request_body', 'i32 i32 i32', NO, 'unreachable')],
    ['response-headers', callback('proxy_on_response_headers', 'i32 i32 i32', NO, 'unreachable')],
    ['response-body', callback('proxy_on_response_body', 'i32 i32 i32', NO, 'unreachable')],
    ['done', callback('proxy_on_done', 'i32', YES, 'unreachable')],
    ['log', callback('proxy_on_log', 'i32', '', 'unreachable')],
    ['delete', callback('proxy_on_delete', 'i32', '', 'unreachable')],
  ])('a trap in %s', async (step, body) => {
    const { outcome, steps } = await tryText({ body });
    expect(outcome).toMatchObject({ state: 'trapped', step, reason: expect.stringContaining('unreachable') });
    expect(steps.at(-1)).toBe(step);
  });

  test('a context that cannot be created is refused when the VM then does not start', async () => {
    const { outcome } = await tryText({
      body:
        callback('proxy_on_context_create', 'i32 i32', '', 'unreachable') +
        callback('proxy_on_vm_start', 'i32 i32', NO),
    });
    expect(outcome).toMatchObject({
      state: 'refused',
      step: 'vm-start',
      reason: expect.stringContaining('proxy_on_context_create'),
    });
  });
});
