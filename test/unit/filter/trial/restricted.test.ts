import { describe, expect, test } from '@jest/globals';
import { NO, say, tryText, withImports, YES } from './in-thread.ts';
import { callback, data } from './modules.ts';

const SIZES = '(import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))';
const ENVIRON = '(import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))';

describe('the environment', () => {
  /** Logs all variables when it is configured, and is content or not; 0, 4, 16 and 256 are addresses. */
  const reader = (result = YES) => ({
    head: withImports(SIZES, ENVIRON),
    body: callback(
      'proxy_on_configure',
      'i32 i32',
      result,
      `(drop (call $sizes (i32.const 0) (i32.const 4)))
       (drop (call $environ (i32.const 16) (i32.const 256)))
       (if (i32.load (i32.const 4))
         (then (drop (call $say (i32.const 2) (i32.load (i32.const 16)) (i32.load (i32.const 4))))))`,
    ),
  });

  test('is what the settings say', async () => {
    const { outcome, logs } = await tryText(reader(), { environment: { MODE: 'strict', Ä: 'ö=1', EMPTY: '' } });
    expect(outcome.state).toBe('passed');
    expect(logs).toEqual(['info: MODE=strict\0Ä=ö=1\0EMPTY=\0']);
  });

  test('is empty without settings', async () => {
    expect((await tryText(reader())).logs).toEqual([]);
  });

  test('of the proxy is not known, so a failure after asking for it says nothing', async () => {
    const from = { environment: { POD_NAME: { from: 'proxy' as const } } };
    expect((await tryText(reader(NO), from)).outcome).toEqual({
      state: 'inconclusive',
      why: expect.stringContaining('it had asked for the variable POD_NAME of the proxy'),
    });
    expect((await tryText(reader(NO), { environment: { A: 'a' } })).outcome).toMatchObject({ state: 'refused' });
  });
});

describe('capabilities', () => {
  test('that are missing: a call fails and is logged, as in Envoy', async () => {
    const DONE = '(import "env" "proxy_done" (func $done (result i32)))';
    const text = {
      head: withImports(DONE, SIZES),
      body: `${data(16, 'proxy WASI')} ${callback(
        'proxy_on_configure',
        'i32 i32',
        YES,
        `(if (i32.eq (call $done) (i32.const 10)) (then ${say(2, 16, 5)}))
         (if (i32.eq (call $sizes (i32.const 0) (i32.const 4)) (i32.const 76)) (then ${say(2, 22, 4)}))`,
      )}`,
    };
    expect((await tryText(text, { capabilities: ['proxy_log', 'proxy_on_configure'] })).logs).toEqual([
      'error: Attempted call to restricted capability: proxy_done',
      'info: proxy',
      'error: Attempted call to restricted capability: environ_sizes_get',
      'info: WASI',
    ]);
  });

  test('that are missing: a callback is never called', async () => {
    const refusing = { body: callback('proxy_on_configure', 'i32 i32', NO) };
    expect((await tryText(refusing)).outcome.state).toBe('refused');
    const { outcome, steps } = await tryText(refusing, { capabilities: ['proxy_log'] });
    expect(outcome.state).toBe('passed');
    expect(steps).not.toContain('configure');
  });

  test('do not keep the module from being started', async () => {
    const started = { body: `${data(16, 'up')} ${callback('_initialize', '', '', say(2, 16, 2))}` };
    expect((await tryText(started, { capabilities: ['proxy_log'] })).logs).toEqual(['info: up']);
  });
});
