import { describe, expect, test } from '@jest/globals';
import { EXIT, HEAD, NO, REPLACE, say, tryText, withImports, YES } from './in-thread.ts';
import { callback, data, LOG_IMPORT } from './modules.ts';

describe('what passes', () => {
  test('a filter that does nothing', async () => {
    expect((await tryText({})).outcome).toMatchObject({ state: 'passed' });
  });

  test.each<[string, string]>([
    ['a command', callback('_start', '', '', say(2, 64, 2))],
    ['a reactor', callback('_initialize', '', '', say(2, 64, 2))],
    ['a reactor with main', callback('_initialize', '', '') + callback('main', 'i32 i32', NO, say(2, 64, 2))],
    [
      'a reactor is not started as a command, too',
      callback('_initialize', '', '', say(2, 64, 2)) + callback('_start', '', '', 'unreachable'),
    ],
  ])('%s', async (_case, body) => {
    const { outcome, logs } = await tryText({ head: HEAD + data(64, 'up'), body });
    expect(outcome).toMatchObject({ state: 'passed' });
    expect(logs).toEqual(['info: up']);
  });

  test('the steps come in the order of Envoy', async () => {
    const { steps } = await tryText({
      body: [
        callback('proxy_on_context_create', 'i32 i32', ''),
        callback('proxy_on_vm_start', 'i32 i32', YES),
        callback('proxy_on_configure', 'i32 i32', YES),
        ...['request', 'response'].flatMap((side) => [
          callback(`proxy_on_${side}_headers`, 'i32 i32 i32', NO),
          callback(`proxy_on_${side}_body`, 'i32 i32 i32', NO),
        ]),
        callback('proxy_on_done', 'i32', YES),
        callback('proxy_on_log', 'i32', ''),
        callback('proxy_on_delete', 'i32', ''),
      ].join(' '),
    });
    expect(steps).toEqual([
      'compile',
      'link',
      'start',
      'context-create',
      'vm-start',
      'configure',
      'stream-create',
      'request-headers',
      'request-body',
      'response-headers',
      'response-body',
      'log',
      'done',
      'delete',
    ]);
  });

  test('log lines of every level, on standard output and error, too', async () => {
    const body = callback(
      'proxy_on_configure',
      'i32 i32',
      YES,
      [0, 1, 2, 3, 4, 5, 6].map((level) => say(level, 64, 2)).join('') +
        '(i32.store (i32.const 16) (i32.const 64)) (i32.store (i32.const 20) (i32.const 3))' +
        '(drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))' +
        '(drop (call $write (i32.const 2) (i32.const 16) (i32.const 1) (i32.const 24)))',
    );
    const write = '(import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))';
    const { logs } = await tryText({ head: withImports(write) + data(64, 'hi\n'), body });
    expect(logs).toEqual([
      'trace: hi',
      'debug: hi',
      'info: hi',
      'warn: hi',
      'error: hi',
      'critical: hi',
      'info: hi',
      'error: hi',
    ]);
  });

  test.each([
    ['0_1_0', 'i32 i32'],
    ['0_2_0', 'i32 i32 i32'],
    ['0_2_1', 'i32 i32 i32'],
  ])('headers are changed under ABI %s', async (abi, parameters) => {
    const change = (map: number) =>
      `(drop (call $replace (i32.const ${map}) (i32.const 64) (i32.const 4) (i32.const 80) (i32.const 5)))`;
    const { outcome } = await tryText({
      abi,
      head: withImports(REPLACE) + data(64, 'X-It') + data(80, 'works'),
      body:
        callback('proxy_on_request_headers', parameters, NO, change(0)) +
        callback('proxy_on_response_headers', parameters, NO, change(2)),
    });
    expect(outcome).toMatchObject({
      state: 'passed',
      headers: {
        request: expect.arrayContaining([['x-it', 'works']]),
        response: expect.arrayContaining([['x-it', 'works']]),
      },
    });
  });

  test('under ABI 0.1.0 the configuration comes by its own function', async () => {
    const { logs } = await tryText({
      abi: '0_1_0',
      head: withImports('(import "env" "proxy_get_configuration" (func $get (param i32 i32) (result i32)))'),
      body: callback(
        'proxy_on_configure',
        'i32 i32',
        YES,
        `(drop (call $get (i32.const 16) (i32.const 20)))
        (drop (call $say (i32.const 2) (i32.load (i32.const 16)) (i32.load (i32.const 20))))`,
      ),
    });
    expect(logs).toEqual(['info: x-greeting: hello']);
  });

  test.each([
    [6, 'info: '],
    [7, 'info: x-greeting: hello'],
  ])('under ABI 0.2 buffer %i holds a configuration', async (buffer, line) => {
    const { logs } = await tryText({
      head: withImports('(import "env" "proxy_get_buffer_bytes" (func $get (param i32 i32 i32 i32 i32) (result i32)))'),
      body: callback(
        'proxy_on_configure',
        'i32 i32',
        YES,
        `(drop (call $get (i32.const ${buffer}) (i32.const 0) (i32.const 1000) (i32.const 16) (i32.const 20)))
        (drop (call $say (i32.const 2) (i32.load (i32.const 16)) (i32.load (i32.const 20))))`,
      ),
    });
    expect(logs).toEqual([line]);
  });

  test('memory that the host gives', async () => {
    const { outcome, logs } = await tryText({
      head: `${LOG_IMPORT} (import "env" "memory" (memory 2 100))${data(64, 'up')}`,
      body: callback('_start', '', '', say(2, 64, 2)),
    });
    expect(outcome).toMatchObject({ state: 'passed' });
    expect(logs).toEqual(['info: up']);
  });

  test('proc_exit that is followed by more: Envoy goes on, too', async () => {
    const { outcome } = await tryText({
      head: withImports(EXIT),
      body: callback('proxy_on_configure', 'i32 i32', YES, '(call $exit (i32.const 0))'),
    });
    expect(outcome).toMatchObject({ state: 'passed' });
  });

  test('a request that is held back for a call ends without an answer', async () => {
    const call = `(import "env" "proxy_http_call" (func $call (param ${'i32 '.repeat(10)}) (result i32)))`;
    const { outcome, steps } = await tryText({
      head: withImports(call),
      body:
        callback(
          'proxy_on_request_headers',
          'i32 i32 i32',
          YES,
          `(if (call $call ${'(i32.const 0)'.repeat(9)} (i32.const 16)) (then unreachable))`,
        ) +
        callback('proxy_on_response_headers', 'i32 i32 i32', NO, 'unreachable') +
        callback('proxy_on_done', 'i32', YES),
    });
    expect(outcome).toMatchObject({ state: 'passed', headers: { request: expect.anything() } });
    expect(outcome).not.toHaveProperty('headers.response');
    expect(steps.at(-1)).toBe('done');
  });

  test('an answer of its own is what the client gets, after the filter saw it', async () => {
    const local = `(import "env" "proxy_send_local_response" (func $local (param ${'i32 '.repeat(8)}) (result i32)))`;
    const { outcome, steps } = await tryText({
      head: withImports(local, REPLACE) + data(64, 'X-It') + data(80, 'works'),
      body:
        callback(
          'proxy_on_request_headers',
          'i32 i32 i32',
          YES,
          `(drop (call $local (i32.const 403) ${'(i32.const 0)'.repeat(7)}))`,
        ) +
        callback('proxy_on_request_body', 'i32 i32 i32', NO, 'unreachable') +
        callback(
          'proxy_on_response_headers',
          'i32 i32 i32',
          NO,
          '(drop (call $replace (i32.const 2) (i32.const 64) (i32.const 4) (i32.const 80) (i32.const 5)))',
        ),
    });
    expect(outcome).toMatchObject({
      state: 'passed',
      headers: {
        response: expect.arrayContaining([
          [':status', '403'],
          ['x-it', 'works'],
        ]),
      },
    });
    expect(steps).not.toContain('request-body');
  });
});
