import { describe, expect, test } from '@jest/globals';
import { NO, PROPERTY, tryText, withImports, YES } from './in-thread.ts';
import { callback, data } from './modules.ts';

describe('what proves nothing', () => {
  const refuseAfter = (code: string): string => callback('proxy_on_configure', 'i32 i32', NO, code);

  test.each<[string, string, string, RegExp]>([
    [
      'a property that only a mesh has',
      PROPERTY,
      `(drop (call $property (i32.const 64) (i32.const 9) (i32.const 16) (i32.const 20)))`,
      /returned false; but .*the property my\.policy/,
    ],
    [
      'a foreign function',
      `(import "env" "proxy_call_foreign_function" (func $foreign (param ${'i32 '.repeat(6)}) (result i32)))`,
      `(drop (call $foreign (i32.const 64) (i32.const 2) ${'(i32.const 0)'.repeat(4)}))`,
      /the foreign function my/,
    ],
    [
      'a WASI function of newer Envoys',
      '(import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))',
      `(drop (call $poll ${'(i32.const 0)'.repeat(4)}))`,
      /WASI's poll_oneoff/,
    ],
  ])('a refusal after %s', async (_case, imported, code, why) => {
    const head = withImports(imported) + data(64, 'my\0policy');
    expect((await tryText({ head, body: refuseAfter(code) })).outcome).toEqual({
      state: 'inconclusive',
      why: expect.stringMatching(why),
    });
    expect((await tryText({ head, body: refuseAfter('') })).outcome).toMatchObject({ state: 'refused' });
    expect((await tryText({ head, body: callback('proxy_on_configure', 'i32 i32', YES, code) })).outcome).toMatchObject(
      { state: 'passed' },
    );
  });

  test('a property that Envoy would not have either makes no doubt', async () => {
    const head = withImports(PROPERTY) + data(64, 'request\0path');
    const body = refuseAfter('(drop (call $property (i32.const 64) (i32.const 12) (i32.const 16) (i32.const 20)))');
    expect((await tryText({ head, body })).outcome).toMatchObject({ state: 'refused' });
  });

  test('imports that are unknown, or of another ABI version', async () => {
    const head = withImports(
      '(import "env" "proxy_get_configuration" (func (param i32 i32) (result i32)))',
      '(import "wasi_snapshot_preview2" "x" (func))',
    );
    expect((await tryText({ head })).outcome).toEqual({
      state: 'inconclusive',
      why: expect.stringContaining('env.proxy_get_configuration, wasi_snapshot_preview2.x'),
    });
  });

  test('__main_void that traps: older Envoys do not call it', async () => {
    const body = callback('_initialize', '', '') + callback('__main_void', '', NO, 'unreachable');
    expect((await tryText({ body })).outcome).toEqual({
      state: 'inconclusive',
      why: '__main_void ended in "unreachable"; only Envoy 1.39 and newer call that',
    });
  });

  test('an ABI of the future', async () => {
    expect((await tryText({ abi: '0_3_0' })).outcome).toMatchObject({
      state: 'inconclusive',
      why: expect.stringContaining('0_3_0'),
    });
  });
});
