import { describe, expect, test } from '@jest/globals';
import { callback, data, filter } from '../trial/modules.ts';
import { WatFilter } from './shapes/wat-filter.ts';
import { is, run, step, testOf } from './tests.ts';

const LONG = `${'x'.repeat(1_001)}end`;
/** Logs `hello` 2,001 times, then `last`. */
const many = await filter({
  body: [
    data(64, 'hello'),
    data(80, 'last'),
    '(global $left (mut i32) (i32.const 2001))',
    callback(
      'proxy_on_request_headers',
      'i32 i32 i32',
      'i32.const 0',
      `(loop $on
         (drop (call $say (i32.const 2) (i32.const 64) (i32.const 5)))
         (global.set $left (i32.sub (global.get $left) (i32.const 1)))
         (br_if $on (i32.gt_s (global.get $left) (i32.const 0))))
       (drop (call $say (i32.const 2) (i32.const 80) (i32.const 4)))`,
    ),
  ].join(' '),
});
const long = await filter({
  body: `${data(2_048, LONG)}${callback('proxy_on_request_headers', 'i32 i32 i32', 'i32.const 0', `(drop (call $say (i32.const 2) (i32.const 2048) (i32.const ${LONG.length})))`)}`,
});

describe('a log of which not all is kept', () => {
  test.each([
    ['too many lines', many, 'info: last'],
    ['a long line', long, `info: ${LONG}`],
  ])('%s: does not say that a line is missing', (_, of, line) => {
    expect(run(of, testOf([step({ log: [is(line)] })]))).toMatchObject({
      state: 'inconclusive',
      why: [expect.stringMatching(/^whether log\[0\] \("info: .* stands in the rest of its log/)],
    });
  });

  test('says what else is wrong', () => {
    const expected = { log: [is('info: last')], request: null };
    expect(run(many, testOf([step(expected)]))).toMatchObject({
      state: 'failed',
      differences: [{ where: 'request' }, { where: 'log[0]' }],
    });
  });

  test('is no matter for lines that are there', () => {
    expect(run(many, testOf([step({ log: [is('info: hello')] })]))).toMatchObject({ state: 'passed' });
  });
});

describe('a filter that answers again in the callbacks of its answer', () => {
  const filter = new WatFilter();
  const twice = filter
    .on('request_headers', `${filter.respond(401)} (i32.const 0)`)
    .on('response_headers', `${filter.respond(402)} (i32.const 0)`)
    .build();
  const refuses = testOf([step({ response: { status: is('401'), headers: {}, trailers: {} } })]);

  test.each([{ envoy: 33 }, { envoy: 40 }, {}])('has answered once, with %j', (of) => {
    expect(run(twice, refuses, of)).toMatchObject({ state: 'passed' });
  });

  test('passes for no Envoy that leaves the client waiting', () => {
    expect(run(twice, refuses, { envoy: 32 })).toMatchObject({
      state: 'inconclusive',
      why: [expect.stringContaining('before 1.33')],
    });
  });
});
