import { expect, test } from '@jest/globals';
import type { TestStep } from '../../../../src/filter/tests/filter-test.ts';
import { CONTINUE, PAUSE, WatFilter } from './shapes/wat-filter.ts';
import { is, message, run, step, testOf } from './tests.ts';

const BOTH = { request: { headers: {}, trailers: {} }, response: { headers: {}, trailers: {} } };
const POST = { request: message({ body: 'abc', trailers: { 'x-sum': '1' } }) };

function gotOf(build: (filter: WatFilter) => void, one: TestStep): Record<string, string | undefined> {
  const filter = new WatFilter();
  build(filter);
  const result = run(filter.build(), testOf([one]));
  if (result.state !== 'failed') throw new Error(`the test is ${result.state}`);
  return Object.fromEntries(result.differences.map(({ where, got }) => [where, got]));
}

test.each<[string, (filter: WatFilter) => void, Record<string, string>]>([
  [
    'headers of the request that wait',
    (filter) => filter.on('request_headers', PAUSE),
    {
      request: 'nothing: the filter holds the request back at its headers',
      response: 'nothing: the filter holds the request back at its headers',
    },
  ],
  [
    'a body that waits',
    (filter) => filter.on('request_body', PAUSE).on('request_trailers', PAUSE),
    {
      request: 'nothing: the filter holds the request back at its trailers',
      response: 'nothing: the filter holds the request back at its trailers',
    },
  ],
  [
    'an answer that waits',
    (filter) => filter.on('response_headers', PAUSE),
    { response: 'nothing: the filter holds the response back at its headers' },
  ],
  [
    'the body of an answer that waits',
    (filter) => filter.on('response_body', PAUSE),
    { response: 'nothing: the filter holds the response back at its body' },
  ],
  [
    'an answer of the filter',
    (filter) => filter.on('request_headers', filter.respond(403, 'no') + PAUSE),
    { request: 'nothing: the filter answers by itself' },
  ],
  [
    'an answer that comes too late',
    (filter) => filter.on('response_body', filter.respond(502, 'bad') + PAUSE),
    {
      response: 'nothing: the filter has answered after the headers of the response had gone, so the proxy breaks off',
    },
  ],
  [
    'a body that is longer than its header says',
    (filter) => filter.on('response_body', filter.setBuffer(1, 'longer') + CONTINUE),
    { response: 'nothing: the header content-length says 2, and the body has 6 bytes' },
  ],
  [
    'a request without a path',
    (filter) => filter.on('request_headers', filter.remove(0, ':path') + CONTINUE),
    { request: 'nothing: the filter takes out :path or x-forwarded-proto, without which the proxy has no route' },
  ],
  [
    'a stream that is closed',
    (filter) => filter.on('request_headers', filter.do('proxy_close_stream', 0) + PAUSE),
    {
      request: 'nothing: the filter has closed the stream',
      response: 'nothing: the filter has closed the stream',
    },
  ],
])('says why nothing came: %s', (_, build, got) => {
  expect(gotOf(build, step(BOTH, POST))).toEqual(got);
});

test('is inconclusive where an answer to a call is missing, whatever else is not as expected', () => {
  const filter = new WatFilter();
  const headers = [
    [':method', 'GET'],
    [':path', '/check'],
    [':authority', 'auth.example'],
  ] as const;
  filter.on('request_headers', `(drop ${filter.httpCall('auth', headers, '')}) ${PAUSE}`);
  const result = run(filter.build(), testOf([step({ response: { ...BOTH.response, status: is('200') } })]));
  expect(result).toMatchObject({
    state: 'inconclusive',
    why: ['an answer to its call of /check in the cluster auth'],
  });
});

test('names the status of a call of the host that is not good', () => {
  const filter = new WatFilter();
  const headers = [[':method', 'GET']] as const;
  filter.on('request_headers', `(drop ${filter.httpCall('auth', headers, '')}) ${CONTINUE}`);
  const { trace } = run(filter.build(), testOf([step(BOTH)]));
  expect(trace).toContain('proxy_http_call 2 (bad argument)');
});
