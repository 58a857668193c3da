import { describe, expect, test } from '@jest/globals';
import { runTests } from '../../../../src/filter/tests/run-tests.ts';
import { TRIAL_PROGRAM } from '../../../harness/trial.ts';
import { callback, data, filter, LOG_IMPORT, request } from '../trial/modules.ts';
import { is, message, step, testOf } from './tests.ts';

const REPLACE =
  '(import "env" "proxy_replace_header_map_value" (func $replace (param i32 i32 i32 i32 i32) (result i32)))';
const CONFIGURATION = '(import "env" "proxy_get_buffer_bytes" (func $get (param i32 i32 i32 i32 i32) (result i32)))';

/** Adds `x-it: works` to each answer; runs for ever on requests with a body, traps on those with trailers. */
const text = {
  head: `${LOG_IMPORT}${REPLACE}${CONFIGURATION}(memory (export "memory") 1 20000)${data(64, 'x-it')}${data(80, 'works')}${data(96, '{')}`,
  body: [
    callback(
      'proxy_on_configure',
      'i32 i32',
      '(i32.ne (i32.load8_u (i32.load (i32.const 16))) (i32.const 123))',
      `(drop (call $get (i32.const 7) (i32.const 0) (i32.const 100) (i32.const 16) (i32.const 20)))
       (drop (call $say (i32.const 2) (i32.load (i32.const 16)) (i32.load (i32.const 20))))`,
    ),
    callback('proxy_on_request_body', 'i32 i32 i32', 'i32.const 0', '(loop $on (br $on))'),
    callback('proxy_on_request_trailers', 'i32 i32', 'i32.const 0', 'unreachable'),
    callback(
      'proxy_on_response_headers',
      'i32 i32 i32',
      'i32.const 0',
      '(drop (call $replace (i32.const 2) (i32.const 64) (i32.const 4) (i32.const 80) (i32.const 5)))',
    ),
  ].join(' '),
};

const adds = { response: { headers: { 'x-it': is('works') }, trailers: {} } };
const passes = (name: string) => testOf([step(adds)], { name });
const spins = testOf([step(adds, { request: message({ body: 'x' }) })], { name: 'spins' });
const traps = testOf([step(adds, { request: message({ trailers: { x: '1' } }) })], { name: 'traps' });
const refused = testOf([], { settings: { configuration: '{' }, start: { kind: 'refused', log: [is('info: {')] } });

describe('tests in processes of their own', () => {
  test('one after the other, whatever some of them come to', async () => {
    const tests = [passes('first'), spins, passes('second'), traps, refused, passes('third')];
    const results = await runTests(request(await filter(text)), tests, { ...TRIAL_PROGRAM, timeoutMs: 400 });
    expect(results.map(({ name, state }) => [name, state])).toEqual([
      ['first', 'passed'],
      ['spins', 'stopped'],
      ['second', 'passed'],
      ['traps', 'stopped'],
      ['a test', 'passed'],
      ['third', 'passed'],
    ]);
    expect(results[1]).toMatchObject({
      why: expect.stringMatching(/^it did not return from request-body within /),
      log: ['info: x-greeting: hello'],
    });
    expect(results[3]).toMatchObject({ why: expect.stringMatching(/^request-trailers: .*unreachable/) });
    expect(results[0]?.trace).toEqual(['proxy_get_buffer_bytes 0', 'proxy_log 0', 'proxy_replace_header_map_value 0']);
  });

  test('no more of them once too many had to be ended', async () => {
    const tests = [passes('first'), spins, spins, passes('last')];
    const options = { ...TRIAL_PROGRAM, timeoutMs: 400, maxEnded: 2 };
    const results = await runTests(request(await filter(text)), tests, options);
    expect(results.map(({ state }) => state)).toEqual(['passed', 'stopped', 'stopped', 'inconclusive']);
    expect(results[3]).toMatchObject({ why: ['it was not run, for 2 tests before it had to be ended'] });
  });

  test('a filter that eats memory is ended alone', async () => {
    const eats = callback(
      'proxy_on_request_headers',
      'i32 i32 i32',
      'i32.const 0',
      `(drop (memory.grow (i32.const 8000))) (memory.fill (i32.const 65536) (i32.const 1) (i32.const 500000000))
       (drop (memory.grow (i32.const 8000))) (loop $on (br $on))`,
    );
    const module = await filter({ ...text, body: `${eats}` });
    const tests = [passes('eats'), refused];
    const [first, second] = await runTests(request(module), tests, {
      ...TRIAL_PROGRAM,
      maxMemoryBytes: 300_000_000,
      timeoutMs: 20_000,
    });
    expect(first).toMatchObject({ state: 'stopped', why: expect.stringContaining('of memory') });
    expect(second).toMatchObject({ state: 'failed', differences: [{ where: 'start', expected: 'refused' }] });
  });

  test('a module that does not compile fails every test', async () => {
    const results = await runTests(request(new Uint8Array(20)), [passes('a'), passes('b')], TRIAL_PROGRAM);
    expect(results).toMatchObject([
      { name: 'a', state: 'failed', differences: [{ where: 'start', expected: 'accepted' }] },
      { name: 'b', state: 'failed' },
    ]);
  });

  test('a run that is cancelled, or a program that is none, leaves them unsaid', async () => {
    const module = await filter(text);
    const cancelled = await runTests(request(module), [passes('a')], { ...TRIAL_PROGRAM, signal: AbortSignal.abort() });
    expect(cancelled).toMatchObject([{ state: 'inconclusive', why: ['the run was cancelled'] }]);
    const entry = new URL('./no-such-file.ts', import.meta.url);
    const none = await runTests(request(module), [passes('a'), passes('b')], { ...TRIAL_PROGRAM, entry });
    expect(none).toMatchObject([{ state: 'inconclusive' }, { state: 'inconclusive', name: 'b' }]);
  });
});
