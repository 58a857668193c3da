import { describe, expect, test } from '@jest/globals';
import type { FilterTest, TestStep } from '../../../../src/filter/tests/filter-test.ts';
import { WatFilter } from './shapes/wat-filter.ts';
import { expected, is, message, rule, run, step, testOf } from './tests.ts';

const CONTINUE = '(i32.const 0)';
const CALL = [
  [':method', 'GET'],
  [':path', '/check'],
  [':authority', 'auth'],
] as const;
const OK = step({ response: { ...expected({}), status: is('200') } });

const tried = (
  build: (filter: WatFilter) => void,
  steps: readonly TestStep[] = [OK],
  changes: Partial<FilterTest> = {},
) => {
  const filter = new WatFilter();
  build(filter);
  return run(filter.build(), testOf(steps, changes));
};

const calls = (filter: WatFilter): void => {
  filter.on('request_headers', `(drop ${filter.httpCall('auth', CALL)})${CONTINUE}`);
};
const compresses = (filter: WatFilter): void => {
  filter.on(
    'request_headers',
    filter.do('proxy_call_foreign_function', filter.text('compress'), filter.text(''), 0, 0) + CONTINUE,
  );
};

describe('a test says nothing', () => {
  test.each<[string, (filter: WatFilter) => void, string]>([
    ['of a call that no rule answers', calls, 'an answer to its call of /check in the cluster auth'],
    ['of a foreign function', compresses, 'the foreign function compress'],
    [
      'of a property that is not known',
      (filter) => filter.on('request_headers', filter.getProperty('xds.node.metadata.MY_LABEL') + CONTINUE),
      'the property xds.node.metadata.MY_LABEL',
    ],
    [
      'of an address',
      (filter) => filter.on('request_headers', filter.do('envoy_resolve_dns', filter.text('a.example'), 24) + CONTINUE),
      'the address of a.example',
    ],
    [
      'of a trap that may come of what is not known',
      (filter) =>
        filter.on(
          'request_headers',
          `${filter.do('proxy_call_foreign_function', filter.text('compress'), filter.text(''), 0, 0)} unreachable`,
        ),
      'the foreign function compress',
    ],
    [
      'of an endless talk',
      (filter) =>
        filter
          .on('request_headers', `(drop ${filter.httpCall('again', CALL)})${CONTINUE}`)
          .on('http_call_response', `(drop ${filter.httpCall('again', CALL)})`),
      'more than 10000 answers and queue events in one step',
    ],
  ])('%s', (_case, build, why) => {
    const again = rule({ kind: 'http', status: 200, message: message() }, 'again');
    const result = tried(build, [{ ...OK, calls: [again] }]);
    expect(result).toMatchObject({ state: 'inconclusive', why: expect.arrayContaining([why]) });
  });

  test('but what is not as expected is told', () => {
    const wrong = step({ response: { ...expected({}), status: is('201') } });
    expect(tried(calls, [wrong])).toMatchObject({
      state: 'failed',
      differences: [{ where: 'response.status', got: '200' }],
    });
  });

  test('unless the test says the property', () => {
    const shows = (filter: WatFilter): void => {
      filter.on(
        'request_headers',
        filter.getProperty('xds.node.metadata.MY_LABEL') + filter.replaceByLast(0, 'x-label') + CONTINUE,
      );
    };
    const steps = [step({ request: expected({ headers: { 'x-label': 'blue' } }) })];
    const properties = { 'xds.node.metadata.MY_LABEL': 'blue' };
    expect(tried(shows, steps, { properties })).toMatchObject({ state: 'passed' });
  });
});

describe('what a test shows', () => {
  const talks = (lines: number) => (filter: WatFilter) =>
    filter.on(
      'request_headers',
      `(local $left i32) (local.set $left (i32.const ${lines}))
      (loop $more ${filter.log('line')} (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      ${filter.log('last')}${CONTINUE}`,
    );

  test('is the beginning and the end of a long log, all of which is compared', () => {
    const result = tried(talks(500), [step({ log: [is('info: last')] })]);
    expect(result.state).toBe('passed');
    expect(result.log).toHaveLength(101);
    expect(result.log[50]).toBe('(401 lines are left out)');
    expect(result.log.at(-1)).toBe('info: last');
    expect(result.trace).toHaveLength(200);
  });

  test('the clock is the same for each run, and only goes on with the test', () => {
    const looks = (filter: WatFilter): void => {
      filter.on('configure', `${filter.do('proxy_set_tick_period_milliseconds', 60_000)}(i32.const 1)`).on(
        'request_headers',
        `${filter.do('proxy_get_current_time_nanoseconds', 64)}
          (i64.store (i32.const 64) (i64.div_u (i64.load (i32.const 64)) (i64.const 60000000000)))
          ${filter.logNumber('minute ', '(i32.wrap_i64 (i64.rem_u (i64.load (i32.const 64)) (i64.const 1000)))')}${CONTINUE}`,
      );
    };
    // 2026-01-01T00:00:00Z is minute 29,453,760.
    const steps = [step({ log: [is('info: minute 760')] }), step({ log: [is('info: minute 763')] }, { ticks: 3 })];
    expect(tried(looks, steps)).toMatchObject({ state: 'passed' });
  });
});
