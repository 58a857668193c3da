import { describe, expect, test } from '@jest/globals';
import { tryText } from './in-thread.ts';
import { callback } from './modules.ts';

const MEMORY = '(memory (export "memory") 1024)';
const i32s = (count: number): string => `(param ${'i32 '.repeat(count)}) (result i32)`;
const ADD = `(import "env" "proxy_add_header_map_value" (func $add ${i32s(5)}))`;
const SET_PAIRS = `(import "env" "proxy_set_header_map_pairs" (func $setPairs ${i32s(3)}))`;
const SET_DATA = `(import "env" "proxy_set_shared_data" (func $setData ${i32s(5)}))`;
const ENQUEUE = `(import "env" "proxy_register_shared_queue" (func $register ${i32s(3)}))
  (import "env" "proxy_enqueue_shared_queue" (func $enqueue ${i32s(3)}))`;

const onRequest = (code: string): string => callback('proxy_on_request_headers', 'i32 i32 i32', 'i32.const 0', code);
const forEver = (code: string): string => `(loop $on ${code} (br $on))`;
/** The four bytes at 64, which are the name, are other ones each time. */
const NEXT_NAME = '(i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))';
const KEPT = 'it makes its host keep more than 128.00 MiB of headers, keys, values and bodies';

describe('what no proxy would keep ends the trial with a clear word', () => {
  test.each<[string, string, string, string]>([
    [
      'a header of 50 MiB',
      ADD,
      '(drop (call $add (i32.const 0) (i32.const 64) (i32.const 4) (i32.const 0) (i32.const 52428800)))',
      'the headers of its request come to 50.00 MiB; an Envoy takes 8.00 MiB at most',
    ],
    [
      'headers without end',
      ADD,
      forEver('(drop (call $add (i32.const 0) (i32.const 64) (i32.const 4) (i32.const 0) (i32.const 65536)))'),
      KEPT,
    ],
    [
      'six million empty headers at once',
      SET_PAIRS,
      '(i32.store (i32.const 0) (i32.const 6000000)) (drop (call $setPairs (i32.const 0) (i32.const 0) (i32.const 60000004)))',
      KEPT,
    ],
    [
      'long keys of shared data',
      SET_DATA,
      forEver(
        `${NEXT_NAME} (drop (call $setData (i32.const 64) (i32.const 65536) (i32.const 0) (i32.const 0) (i32.const 0)))`,
      ),
      KEPT,
    ],
    [
      'empty items in a queue',
      ENQUEUE,
      `(drop (call $register (i32.const 64) (i32.const 4) (i32.const 16)))
       ${forEver('(drop (call $enqueue (i32.const 1) (i32.const 0) (i32.const 0)))')}`,
      KEPT,
    ],
  ])('%s', async (_case, imported, code, why) => {
    const { outcome } = await tryText({ head: imported + MEMORY, body: onRequest(code) });
    expect(outcome).toEqual({ state: 'inconclusive', brokeOff: true, why });
  });

  test('a line of eight million empty parts is no line, and costs nothing', async () => {
    const head = '(import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))';
    const vectors = '(drop (call $write (i32.const 1) (i32.const 0) (i32.const 8388608) (i32.const 16)))';
    expect((await tryText({ head: head + MEMORY, body: onRequest(vectors) })).outcome).toMatchObject({
      state: 'passed',
    });
  });
});

test('headers of 8 MiB pass', async () => {
  const code = '(drop (call $add (i32.const 0) (i32.const 64) (i32.const 4) (i32.const 0) (i32.const 8388000)))';
  expect((await tryText({ head: ADD + MEMORY, body: onRequest(code) })).outcome).toMatchObject({ state: 'passed' });
});
