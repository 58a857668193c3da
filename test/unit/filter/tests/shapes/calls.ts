import type { CallAnswer, CallExpectation, TestStep } from '../../../../../src/filter/tests/filter-test.ts';
import { expected, is, type MessageText, message, rule, step } from '../tests.ts';
import { type Shape, shape } from './shape.ts';
import { CONTINUE, P, PAUSE, type WatFilter } from './wat-filter.ts';

const REQUEST = 0;
const RESPONSE = 2;
const GRPC_METADATA = 4;
const GRPC_TRAILERS = 5;
const CALL_HEADERS = 6;
const CALL_TRAILERS = 7;
const CALL_BODY = 4;
const GRPC_MESSAGE = 5;
const STREAM = 2;

const CHECK = [
  [':method', 'POST'],
  [':path', '/check'],
  [':authority', 'auth.example'],
  ['x-ask', 'who'],
] as const;
const http = (status: number, text: MessageText = {}): CallAnswer => ({ kind: 'http', status, message: message(text) });
const grpc = (status: number, messages: readonly string[], statusMessage = ''): CallAnswer => ({
  kind: 'grpc',
  status,
  statusMessage,
  messages: messages.map((text) => new TextEncoder().encode(text)),
});

const call = (filter: WatFilter, timeout?: number): string =>
  filter.logNumber('call ', filter.httpCall('auth', CHECK, 'who?', timeout));

/** Asks before the request goes on, and tells the workload what it heard. */
const asks = (filter: WatFilter): void => {
  filter.on('request_headers', call(filter) + PAUSE).on(
    'http_call_response',
    `${filter.logNumber('headers ', P(2))}${filter.logNumber('body size ', P(3))}${filter.logNumber('trailers ', P(4))}${filter.actFor(STREAM)}
      ${filter.getHeader(CALL_HEADERS, ':status')}${filter.replaceByLast(REQUEST, 'x-status')}
      ${filter.getHeader(CALL_HEADERS, 'x-user')}${filter.logLast()}
      ${filter.getBuffer(CALL_BODY)}${filter.logLast()}
      ${filter.getHeader(CALL_TRAILERS, 'x-sum')}${filter.logLast()}
      ${filter.do('proxy_continue_stream', 0)}`,
  );
};
const answered = (answer: CallAnswer, expect: TestStep['expect'], changes: Partial<TestStep> = {}): TestStep =>
  step(expect, { calls: [rule(answer)], ...changes });
const wanted = (changes: Partial<CallExpectation> = {}): CallExpectation => ({
  cluster: is('auth'),
  path: is('/check'),
  headers: {},
  ...changes,
});

const HTTP_SHAPES: readonly Shape[] = [
  shape('a call that is answered', asks, [
    answered(http(200, { headers: { 'x-user': 'tester' }, body: '{"ok":true}' }), {
      request: expected({ headers: { 'x-status': '200' } }),
      response: { ...expected({ body: 'ok' }), status: is('200') },
      log: ['call 000', 'headers 004', 'body size 011', 'trailers 000', 'tester', '{"ok":true}'].map((text) =>
        is(`info: ${text}`),
      ),
      calls: [wanted({ method: is('POST'), headers: { 'x-ask': is('who') }, body: is('who?') })],
    }),
  ]),
  shape('a call that is answered with trailers', asks, [
    answered(http(200, { body: 'a', trailers: { 'x-sum': '42' } }), {
      request: expected({ headers: { 'x-status': '200' } }),
      log: [is('info: trailers 001'), is('info: 42')],
    }),
  ]),
  shape('a call that is answered 500, of a request with a body', asks, [
    answered(
      http(500),
      { request: expected({ headers: { 'x-status': '500' }, body: 'abcde' }), log: [is('info: body size 000')] },
      { request: message({ headers: { ':method': 'POST' }, body: ['ab', 'cde'], trailers: { 'x-end': '1' } }) },
    ),
  ]),
  shape('a call whose cluster cannot be reached', asks, [
    answered(
      { kind: 'failure', why: 'unreachable' },
      {
        request: expected({ headers: { 'x-status': '503' } }),
        log: [
          {
            kind: 'expression',
            source:
              '^info: upstream connect error or disconnect/reset before headers. reset reason: remote connection failure(, transport failure reason: delayed connect error: Connection refused)?$',
          },
        ],
      },
    ),
  ]),
  shape(
    'a call that is not answered in time',
    (filter) => {
      asks(filter);
      filter.on('log', call(filter, 200));
    },
    [answered(http(200), { request: expected({ headers: { 'x-status': '200' } }) })],
  ),
  shape(
    'a call that takes too long',
    (filter) =>
      filter.on('request_headers', call(filter, 200) + PAUSE).on(
        'http_call_response',
        `${filter.actFor(STREAM)}${filter.getHeader(CALL_HEADERS, ':status')}${filter.replaceByLast(REQUEST, 'x-status')}
          ${filter.getBuffer(CALL_BODY)}${filter.logLast()}${filter.do('proxy_continue_stream', 0)}`,
      ),
    [
      answered(
        { kind: 'failure', why: 'timeout' },
        { request: expected({ headers: { 'x-status': '504' } }), log: [is('info: upstream request timeout')] },
      ),
    ],
  ),
  shape(
    'a call without a path',
    (filter) =>
      filter.on('request_headers', filter.logNumber('call ', filter.httpCall('auth', [[':method', 'GET']])) + CONTINUE),
    [answered(http(200), { request: expected({}), log: [is('info: call 002')] })],
  ),
  shape(
    'a refusal after a call',
    (filter) =>
      filter
        .on('request_headers', call(filter) + PAUSE)
        .on('http_call_response', filter.actFor(STREAM) + filter.respond(401, 'who?'))
        .on('response_headers', filter.add(RESPONSE, 'x-seen', '1') + CONTINUE),
    [
      answered(http(403), {
        request: null,
        response: { ...expected({ headers: { 'x-seen': '1' }, body: 'who?' }), status: is('401'), from: 'filter' },
      }),
    ],
  ),
  shape(
    'a refusal after a call, of a body that waits',
    (filter) =>
      filter
        .on('request_body', `(if (i32.eqz (local.get 2)) (then (return ${PAUSE}))) ${call(filter)}${PAUSE}`)
        .on('http_call_response', filter.actFor(STREAM) + filter.respond(401, 'who?')),
    [
      answered(
        http(403),
        { request: null, response: { ...expected({ body: 'who?' }), status: is('401'), from: 'filter' } },
        { request: message({ headers: { ':method': 'POST' }, body: ['ab', 'cde'] }) },
      ),
    ],
  ),
  shape(
    'a body that is collected, and changed when a call is answered',
    (filter) =>
      filter
        .on('request_headers', filter.remove(REQUEST, 'content-length') + CONTINUE)
        .on('request_body', `(if (local.get 2) (then ${call(filter)})) ${PAUSE}`)
        .on(
          'http_call_response',
          `${filter.actFor(STREAM)}${filter.getBuffer(0)}${filter.logLast()}${filter.setBuffer(0, 'checked')}
          ${filter.do('proxy_continue_stream', 0)}`,
        ),
    [
      answered(
        http(200),
        { request: expected({ body: 'checked' }), log: [is('info: abcde')] },
        { request: message({ headers: { ':method': 'POST' }, body: ['ab', 'cde'] }) },
      ),
    ],
  ),
  shape(
    'a call before the answer goes on',
    (filter) =>
      filter
        .on('response_headers', call(filter) + PAUSE)
        .on(
          'http_call_response',
          filter.actFor(STREAM) + filter.replace(RESPONSE, 'x-checked', '1') + filter.do('proxy_continue_stream', 1),
        ),
    [
      answered(http(200), {
        response: { ...expected({ headers: { 'x-checked': '1' }, body: 'ok' }), status: is('200') },
      }),
    ],
  ),
  shape(
    'a call that was expected otherwise',
    asks,
    [answered(http(200), { calls: [wanted({ headers: { 'x-ask': is('what') }, body: is('what?') })] })],
    { fails: ['calls[0].headers.x-ask', 'calls[0].body'] },
  ),
  shape(
    'a call that was not made',
    asks,
    [answered(http(200), { calls: [wanted(), wanted({ path: is('/other') })] })],
    { fails: ['calls[1]'] },
  ),
];

const call2 = (filter: WatFilter, name: string, ...rest: readonly (string | number)[]): string =>
  filter.logNumber(
    'call ',
    filter.call(
      name,
      filter.text('auth'),
      filter.text('shop.Auth'),
      filter.text('Check'),
      filter.pairs([['x-ask', 'who']]),
      ...rest,
    ),
  );
const grpcCall = (filter: WatFilter): string => call2(filter, 'proxy_grpc_call', filter.text('who?'), 300, 24);
const goesOn = (filter: WatFilter): string => filter.actFor(STREAM) + filter.do('proxy_continue_stream', 0);

const asksByGrpc = (filter: WatFilter): void => {
  filter
    .on('request_headers', grpcCall(filter) + PAUSE)
    .on('grpc_receive', filter.getBuffer(GRPC_MESSAGE) + filter.logLast() + goesOn(filter))
    .on(
      'grpc_close',
      `${filter.logNumber('closed ', P(2))}${filter.do('proxy_get_status', 28, 16, 20)}${filter.logLast()}${goesOn(filter)}`,
    );
};
const byGrpc = (answer: CallAnswer, expect: TestStep['expect']): TestStep =>
  step(expect, { calls: [rule(answer, 'auth', '/shop.Auth/Check')] });

const GRPC_SHAPES: readonly Shape[] = [
  shape('a gRPC call that is answered', asksByGrpc, [
    byGrpc(grpc(0, ['yes']), {
      request: expected({}),
      log: [is('info: call 000'), is('info: yes')],
      calls: [
        wanted({ path: is('/shop.Auth/Check'), body: is('who?'), method: is('POST'), headers: { 'x-ask': is('who') } }),
      ],
    }),
  ]),
  shape('a gRPC call that is refused', asksByGrpc, [
    byGrpc(grpc(7, [], 'not you'), {
      request: expected({}),
      log: [is('info: closed 007'), is('info: not you{via_upstream}')],
    }),
  ]),
  shape('a gRPC call that is answered without a message', asksByGrpc, [
    byGrpc(grpc(0, []), { request: expected({}), log: [is('info: closed 013')] }),
  ]),
  shape('a gRPC call whose cluster cannot be reached', asksByGrpc, [
    byGrpc(
      { kind: 'failure', why: 'unreachable' },
      {
        request: expected({}),
        log: [
          is('info: closed 014'),
          { kind: 'wildcard', pattern: 'info: upstream connect error*{upstream_reset*{remote_connection_failure|*}}' },
        ],
      },
    ),
  ]),
  shape('a gRPC call that takes too long', asksByGrpc, [
    byGrpc(
      { kind: 'failure', why: 'timeout' },
      { request: expected({}), log: [is('info: closed 014'), is('info: upstream request timeout{response_timeout}')] },
    ),
  ]),
  shape(
    'a gRPC stream that is refused',
    (filter) =>
      filter
        .on(
          'request_headers',
          `${call2(filter, 'proxy_grpc_stream', 24)}
          ${filter.do('proxy_grpc_send', '(i32.load (i32.const 24))', filter.text('one'), 1)}${PAUSE}`,
        )
        .on(
          'grpc_close',
          `${filter.logNumber('closed ', P(2))}${filter.do('proxy_get_status', 28, 16, 20)}${filter.logLast()}${goesOn(filter)}`,
        ),
    [
      byGrpc(grpc(7, [], 'not you'), {
        request: expected({}),
        log: [is('info: closed 007'), is('info: not you{via_upstream}')],
      }),
    ],
  ),
  shape(
    'a gRPC stream',
    (filter) =>
      filter
        .on(
          'request_headers',
          `${call2(filter, 'proxy_grpc_stream', 24)}
          ${filter.do('proxy_grpc_send', '(i32.load (i32.const 24))', filter.text('one'), 0)}
          ${filter.do('proxy_grpc_send', '(i32.load (i32.const 24))', filter.text('two'), 1)}${PAUSE}`,
        )
        .on(
          'grpc_receive_initial_metadata',
          filter.logNumber('metadata ', P(2)) + filter.getHeader(GRPC_METADATA, 'content-type') + filter.logLast(),
        )
        .on('grpc_receive', filter.getBuffer(GRPC_MESSAGE) + filter.logLast())
        .on('grpc_receive_trailing_metadata', filter.getHeader(GRPC_TRAILERS, 'grpc-status') + filter.logLast())
        .on(
          'grpc_close',
          `${filter.logNumber('closed ', P(2))}${filter.do('proxy_get_status', 28, 16, 20)}
          ${filter.do('proxy_log', 3, '(i32.load (i32.const 16)) (i32.load (i32.const 20))')}${goesOn(filter)}`,
        ),
    [
      byGrpc(grpc(0, ['yes', 'and no']), {
        request: expected({}),
        log: [
          ...['metadata 003', 'application/grpc', 'yes', 'and no', '0', 'closed 000'].map((text) =>
            is(`info: ${text}`),
          ),
          is('warn: via_upstream'),
        ],
        calls: [wanted({ path: is('/shop.Auth/Check'), body: is('onetwo') })],
      }),
    ],
  ),
];

/** Calls of the filter to other services. */
export const CALL_SHAPES: readonly Shape[] = [...HTTP_SHAPES, ...GRPC_SHAPES];
