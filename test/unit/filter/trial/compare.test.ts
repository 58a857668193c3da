import { describe, expect, test } from '@jest/globals';
import { CallRecorder } from '../../../../src/filter/trial/call-recorder.ts';
import { type Comparison, compareVerdicts } from '../../../../src/filter/trial/compare.ts';
import type { TrialVerdict } from '../../../../src/filter/trial/verdict.ts';
import { trial } from '../../../harness/trial.ts';
import { callback, data, filter, request } from './modules.ts';

const passed = (more: Partial<Extract<TrialVerdict, { state: 'passed' }>> = {}): TrialVerdict => ({
  state: 'passed',
  headers: {
    request: [
      ['a', '1'],
      ['b', '2'],
    ],
    response: [[':status', '200']],
  },
  logs: ['info: hello', 'warn: you'],
  calls: ['proxy_log 0', 'proxy_log 0'],
  ...more,
});
const trapped = (step: 'log' | 'done', reason = 'unreachable'): TrialVerdict => ({
  state: 'trapped',
  step,
  reason,
  logs: [],
});
const refused: TrialVerdict = { state: 'refused', step: 'configure', reason: 'returned false', logs: ['error: no'] };

describe('two trials', () => {
  test.each<[string, TrialVerdict, TrialVerdict]>([
    ['that do everything alike', passed(), passed()],
    ['that are refused alike', refused, refused],
    [
      'that ask for the time more often',
      passed(),
      passed({ calls: ['clock_time_get 0', 'proxy_log 0', 'random_get 0', 'proxy_log 0', 'clock_time_get 0'] }),
    ],
    ['that fail alike, at another place in the code', trapped('log', 'at 0x1'), trapped('log', 'at 0x2')],
  ])('%s are the same', (_, one, other) => {
    expect(compareVerdicts(one, other)).toEqual({ state: 'same' });
  });

  test.each<[string, TrialVerdict, TrialVerdict, RegExp]>([
    ['one fails', passed(), trapped('log'), /ends its trial run "passed", the shrunk one "trapped in log"/],
    ['one fails earlier', trapped('log'), trapped('done'), /"trapped in log".*"trapped in done"/],
    ['one says nothing', passed(), { state: 'inconclusive', why: 'x', logs: [] }, /"passed".*"inconclusive"/],
    ['a line of the log', passed(), passed({ logs: ['info: hello'] }), /logs "warn: you", the shrunk one nothing more/],
    ['a line more', passed({ logs: [] }), passed({ logs: ['info: x'] }), /logs nothing more, .* "info: x"/],
    [
      'a header',
      passed(),
      passed({
        headers: {
          request: [
            ['a', '1'],
            ['b', '3'],
          ],
        },
      }),
      /makes the request "b: 2", .* "b: 3"/,
    ],
    [
      'the order of headers',
      passed(),
      passed({
        headers: {
          request: [
            ['b', '2'],
            ['a', '1'],
          ],
        },
      }),
      /makes the request "a: 1"/,
    ],
    [
      'the answer',
      passed(),
      passed({
        headers: {
          request: [
            ['a', '1'],
            ['b', '2'],
          ],
        },
      }),
      /makes the answer ":status: 200", .* nothing more/,
    ],
    ['a call', passed(), passed({ calls: ['proxy_log 0', 'proxy_log 6'] }), /calls "proxy_log 0", .* "proxy_log 6"/],
  ])('that differ in %s are different', (_, one, other, what) => {
    expect(compareVerdicts(one, other)).toEqual({ state: 'different', what: expect.stringMatching(what) });
  });

  test.each<[TrialVerdict, Comparison]>([
    [
      { state: 'inconclusive', why: 'it imports x', logs: [] },
      { state: 'unknown', why: 'it imports x' },
    ],
    [
      { state: 'timeout', step: 'configure', logs: [] },
      { state: 'unknown', why: 'it does not end in time (configure)' },
    ],
  ])('that both end as %j show nothing', (verdict, comparison) => {
    expect(compareVerdicts(verdict, verdict)).toEqual(comparison);
  });
});

test('a trial tells each call of a host function with its status, in order', async () => {
  const log = (level: number) => `(drop (call $say (i32.const ${level}) (i32.const 64) (i32.const 4)))`;
  const head = '(import "env" "proxy_log" (func $say (param i32 i32 i32) (result i32))) (memory (export "memory") 1)';
  const body = callback('proxy_on_configure', 'i32 i32', 'i32.const 1', log(2) + log(9) + log(2));
  const verdict = await trial(request(await filter({ head: head + data(64, 'text'), body })));
  expect(verdict.calls).toEqual(['proxy_log 0', 'proxy_log 2 (bad argument)', 'proxy_log 0']);
});

test('calls without end are counted, and kept up to an amount', () => {
  const book = new CallRecorder();
  for (let index = 0; index < 10_003; index += 1) book.add(`call ${index}`);
  expect(book.lines).toHaveLength(10_001);
  expect(book.lines.at(-1)).toBe('and 3 more calls');
});
