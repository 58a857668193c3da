import { expected, is, message, step } from '../tests.ts';
import { type Shape, shape } from './shape.ts';
import { CONTINUE, PAUSE } from './wat-filter.ts';

const RESPONSE = 2;
const POST = message({ headers: { ':method': 'POST' }, body: 'abcde' });
const GRPC = message({
  headers: { ':method': 'POST', ':path': '/shop.Orders/Get', 'content-type': 'application/grpc' },
  body: '\0\0\0\0\0',
});

/** Where the filter answers by itself, or stops. */
export const ANSWER_SHAPES: readonly Shape[] = [
  shape(
    'an answer to the headers, which the filter sees, too',
    (filter) =>
      filter
        .on('request_headers', filter.respond(403, 'no', [['x-why', 'tester']]) + PAUSE)
        .on('response_headers', filter.add(RESPONSE, 'x-seen', '1') + CONTINUE),
    [
      step({
        request: null,
        response: {
          ...expected({
            headers: { 'x-why': 'tester', 'x-seen': '1', 'content-type': 'text/plain', 'content-length': '2' },
            body: 'no',
          }),
          status: is('403'),
          from: 'filter',
        },
      }),
    ],
  ),
  shape(
    'an answer whatever the callback returns then',
    (filter) => filter.on('request_headers', filter.respond(429) + CONTINUE),
    [
      step({
        request: null,
        response: {
          headers: { 'content-type': { kind: 'absent' } },
          body: is(''),
          trailers: {},
          status: is('429'),
          from: 'filter',
        },
      }),
    ],
  ),
  shape(
    'an answer to the body',
    (filter) => filter.on('request_body', filter.respond(413, 'too much', [['content-type', 'text/html']]) + PAUSE),
    [
      step(
        {
          request: null,
          response: { ...expected({ headers: { 'content-type': 'text/html' }, body: 'too much' }), status: is('413') },
        },
        { request: POST },
      ),
    ],
  ),
  shape(
    'an answer in place of the one of the workload',
    (filter) => filter.on('response_headers', filter.respond(502, 'bad') + CONTINUE),
    [step({ request: expected({}), response: { ...expected({ body: 'bad' }), status: is('502'), from: 'filter' } })],
  ),
  shape(
    'an answer when the headers of another have gone',
    (filter) => filter.on('response_body', filter.respond(502, 'bad') + PAUSE),
    [step({ request: expected({}), response: null })],
  ),
  shape(
    'only the first answer counts',
    (filter) => filter.on('request_headers', filter.respond(401) + filter.respond(402) + PAUSE),
    [step({ response: { ...expected({}), status: is('401') } })],
  ),
  shape(
    'an answer to a gRPC request, with a status of gRPC',
    (filter) => filter.on('request_headers', filter.respond(403, 'nö %', [['x-why', 'a']], 7) + PAUSE),
    [
      step(
        {
          request: null,
          response: {
            ...expected({
              headers: {
                'grpc-status': '7',
                'grpc-message': 'n%C3%B6 %25',
                'content-type': 'application/grpc',
                'x-why': 'a',
              },
              body: '',
            }),
            status: is('200'),
            from: 'filter',
          },
        },
        { request: GRPC },
      ),
    ],
  ),
  ...(
    [
      [403, '7'],
      [404, '12'],
      [500, '2'],
      [503, '14'],
      [400, '13'],
      [429, '14'],
    ] as const
  ).map(([status, code]) =>
    shape(
      `an answer ${status} to a gRPC request`,
      (filter) => filter.on('request_headers', filter.respond(status) + PAUSE),
      [step({ response: { ...expected({ headers: { 'grpc-status': code } }), status: is('200') } }, { request: GRPC })],
    ),
  ),
  shape('an answer to HEAD', (filter) => filter.on('request_headers', filter.respond(404, 'nothing here') + PAUSE), [
    step(
      { response: { ...expected({ headers: { 'content-length': '12' }, body: '' }), status: is('404') } },
      { request: message({ headers: { ':method': 'HEAD' } }) },
    ),
  ]),
  shape(
    'a stream that is closed',
    (filter) => filter.on('request_headers', filter.do('proxy_close_stream', 0) + PAUSE),
    [step({ request: null, response: null })],
  ),
  shape(
    'an answer that is closed',
    (filter) => filter.on('response_headers', filter.do('proxy_close_stream', 1) + PAUSE),
    [step({ request: expected({}), response: null })],
  ),
  shape(
    'an answer that is expected of another',
    (filter) => filter.on('request_headers', filter.respond(403, 'no') + PAUSE),
    [step({ request: expected({}), response: { ...expected({ body: 'ok' }), status: is('200'), from: 'workload' } })],
    { fails: ['request', 'response.status', 'response.from', 'response.body'] },
  ),
  ...(['request_headers', 'request_body', 'response_headers', 'response_body', 'log'] as const).map((name) =>
    shape(
      `a trap in ${name}`,
      (filter) => filter.on(name, 'unreachable'),
      [step({ response: { ...expected({}), status: is('200') } }, { request: POST })],
      { stops: true },
    ),
  ),
  shape(
    'headers that are let go on in their own callback, which waits',
    (filter) => filter.on('request_headers', filter.do('proxy_continue_stream', 0) + PAUSE),
    [step({ request: expected({}), response: { ...expected({ body: 'ok' }), status: is('200') } })],
  ),
  shape(
    'a body that is let go on in its own callback, which waits',
    (filter) => filter.on('request_body', filter.do('proxy_continue_stream', 0) + PAUSE),
    [step({ request: null, response: null }, { request: POST })],
  ),
];
