import { describe, expect, test } from '@jest/globals';
import { MAX_LINE_LENGTH, MAX_LINES_OF_EACH_END } from '../../../../src/filter/host/filter-log.ts';
import { trialRun } from '../../../../src/filter/trial/run.ts';
import { TRIAL_PROGRAM } from '../../../harness/trial.ts';
import { callback, data, type FilterText, filter, LOG_IMPORT, request } from './modules.ts';

const HEAD = `${LOG_IMPORT} (memory (export "memory") 64)`;
const configure = (code: string): string => callback('proxy_on_configure', 'i32 i32', 'i32.const 1', code);
const run = async (text: FilterText, timeoutMs?: number) =>
  trialRun(request(await filter({ head: HEAD, ...text })), {
    ...TRIAL_PROGRAM,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });

describe('a filter that never returns', () => {
  test.each([
    ['start', callback('_start', '', '', '(loop $on (br $on))')],
    ['configure', configure('(loop $on (br $on))')],
    ['request-headers', callback('proxy_on_request_headers', 'i32 i32 i32', 'i32.const 0', '(loop $on (br $on))')],
  ])('is stopped in %s, and what it logged before is kept', async (step, body) => {
    const vmStart = callback(
      'proxy_on_vm_start',
      'i32 i32',
      'i32.const 1',
      '(drop (call $say (i32.const 3) (i32.const 64) (i32.const 4)))',
    );
    const verdict = await run({ head: HEAD + data(64, 'wait'), body: body + vmStart }, 300);
    expect(verdict).toEqual({ state: 'timeout', step, logs: step === 'start' ? [] : ['warn: wait'] });
  });

  test('proves nothing when it waits for what only a proxy has', async () => {
    const poll = '(import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))';
    const body = configure(`(loop $on (drop (call $poll ${'(i32.const 0)'.repeat(4)})) (br $on))`);
    expect(await run({ head: poll + HEAD, body }, 300)).toMatchObject({
      state: 'inconclusive',
      why: expect.stringContaining("WASI's poll_oneoff"),
    });
  });
});

test('megabytes of log are cut, and an error behind them is kept', async () => {
  const talk = `(local $left i32) (local.set $left (i32.const 20000))
    (loop $more
      (drop (call $say (i32.const 2) (i32.const 64) (i32.const 4000000)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $more (local.get $left)))
    (drop (call $say (i32.const 4) (i32.const 64) (i32.const 4)))`;
  const { state, logs } = await run({ head: HEAD + data(64, 'long'), body: configure(talk) });
  expect(state).toBe('passed');
  expect(logs).toHaveLength(MAX_LINES_OF_EACH_END + 2);
  expect(Math.max(...logs.map((line) => line.length))).toBe('info: '.length + MAX_LINE_LENGTH + '…'.length);
  expect(logs.at(-2)).toMatch(/left out/);
  expect(logs.at(-1)).toBe('error: long');
});

describe('a trial that cannot be made', () => {
  test.each([
    ['the file is not there', { entry: new URL('./no-such-file.ts', import.meta.url) }, /no-such-file/],
    [
      'the file does not run the trial',
      { entry: new URL('../../../../src/base/defined.ts', import.meta.url) },
      /exit code 0 before the filter was started$/,
    ],
    ['the file is none', { entry: new URL('https://example.test/') }, /could not be made: .*scheme/],
    ['there is no Node', { node: '/no/such/node' }, /could not be started: .*ENOENT/],
  ])('%s', async (_case, options, why) => {
    const verdict = await trialRun(request(await filter()), { ...TRIAL_PROGRAM, ...options });
    expect(verdict).toMatchObject({ state: 'inconclusive', brokeOff: true, why: expect.stringMatching(why) });
  });
});
