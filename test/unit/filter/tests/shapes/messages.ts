import type { Expectation, TextExpectation } from '../../../../../src/filter/tests/filter-test.ts';
import { expected, is, message, step } from '../tests.ts';
import { type Shape, shape } from './shape.ts';
import { CONTINUE, P, PAUSE, type WatFilter } from './wat-filter.ts';

const HEADERS = { request: 0, requestTrailers: 1, response: 2, responseTrailers: 3 };
const BODY = { request: 0, response: 1 };
const post = (body: string | readonly string[], trailers = {}) =>
  message({ headers: { ':method': 'POST', ':path': '/orders?id=1' }, body, trailers });

/** Logs each piece of a body: how many bytes it says, and whether it is the last. */
const logPieces = (filter: WatFilter, what: string): string =>
  filter.logNumber(`${what} size `, P(1)) + filter.logNumber(`${what} end `, P(2));

const ADDS = (filter: WatFilter): void => {
  filter
    .on(
      'request_headers',
      filter.add(HEADERS.request, 'X-Added', '1') + filter.remove(HEADERS.request, 'x-user') + CONTINUE,
    )
    .on(
      'response_headers',
      filter.replace(HEADERS.response, 'x-shop', 'open') +
        filter.replace(HEADERS.response, ':status', '201') +
        CONTINUE,
    );
};
const USER = message({ headers: { ':path': '/orders?id=1', 'x-user': 'tester', 'x-other': 'kept' } });
const adds = (name: string, expect: Expectation, fails?: readonly string[]): Shape =>
  shape(name, ADDS, [step(expect, { request: USER })], fails ? { fails } : {});
const header = (name: string, value: TextExpectation): Expectation => ({
  request: { headers: { [name]: value }, trailers: {} },
});

const HEADER_SHAPES: readonly Shape[] = [
  adds('a header that is added to the request', { request: expected({ headers: { 'x-added': '1' } }) }),
  adds('a header that is added to the answer, and its status', {
    response: { ...expected({ headers: { 'x-shop': 'open' }, body: 'ok' }), status: is('201'), from: 'workload' },
  }),
  adds('a header that must not be there', header('x-user', { kind: 'absent' })),
  adds('a header of any value', header('x-other', { kind: 'any' })),
  adds('a header by a regular expression', header('x-other', { kind: 'expression', source: '^k.p?t$' })),
  adds('a header by a wildcard', header('x-other', { kind: 'wildcard', pattern: 'k*t' })),
  adds('a path', header(':path', is('/orders?id=1'))),
  adds('a header of another value', header('x-added', is('2')), ['request.headers.x-added']),
  adds('a header that is there and must not be', header('x-other', { kind: 'absent' }), ['request.headers.x-other']),
  adds('a header that is missing', header('x-user', { kind: 'any' }), ['request.headers.x-user']),
  adds('a regular expression that does not fit', header('x-other', { kind: 'expression', source: '^x' }), [
    'request.headers.x-other',
  ]),
  adds('a wildcard that does not fit', header('x-other', { kind: 'wildcard', pattern: 'k*p' }), [
    'request.headers.x-other',
  ]),
  adds(
    'an answer from the workload, and its other status',
    { response: { headers: {}, trailers: {}, status: is('200'), from: 'filter' } },
    ['response.status', 'response.from'],
  ),
  adds('a request that must not arrive', { request: null }, ['request']),
  adds('an answer that must not come', { response: null }, ['response']),
  shape(
    'all headers set at once',
    (filter) =>
      filter.on(
        'request_headers',
        filter.do(
          'proxy_set_header_map_pairs',
          HEADERS.request,
          filter.pairs([
            [':method', 'PUT'],
            [':path', '/other'],
            [':authority', 'service.example'],
            [':scheme', 'http'],
            ['x-forwarded-proto', 'http'],
            ['x-all', 'new'],
          ]),
        ) + CONTINUE,
      ),
    [
      step(
        {
          request: {
            headers: { ':method': is('PUT'), ':path': is('/other'), 'x-all': is('new'), 'x-user': { kind: 'absent' } },
            trailers: {},
          },
        },
        { request: USER },
      ),
    ],
  ),
  ...(['x-forwarded-proto', ':path'] as const).map((needed) =>
    shape(
      `a request without ${needed}, which has no route`,
      (filter) => filter.on('request_headers', filter.remove(HEADERS.request, needed) + CONTINUE),
      [
        step({
          request: null,
          response: { headers: {}, body: is(''), trailers: {}, status: is('404'), from: 'filter' },
        }),
      ],
    ),
  ),
  shape(
    'an answer without a status',
    (filter) => filter.on('response_headers', filter.remove(HEADERS.response, ':status') + CONTINUE),
    [
      step({
        response: { ...expected({ body: 'missing required header: :status' }), status: is('502'), from: 'filter' },
      }),
    ],
  ),
  shape(
    'a header that stands there twice',
    (filter) =>
      filter.on(
        'response_headers',
        filter.add(HEADERS.response, 'x-many', 'a') + filter.add(HEADERS.response, 'x-many', 'b') + CONTINUE,
      ),
    [step({ response: expected({ headers: { 'x-many': 'a, b' } }) })],
  ),
  shape(
    'the same header set in a sequence of names',
    (filter) =>
      filter.on(
        'response_headers',
        filter.getHeader(HEADERS.response, 'X-From') + filter.replaceByLast(HEADERS.response, 'x-to') + CONTINUE,
      ),
    [
      step(
        { response: expected({ headers: { 'x-to': 'grüß' } }) },
        { upstream: message({ headers: { 'x-from': 'grüß' } }) },
      ),
    ],
  ),
];

const sees = (side: 'request' | 'response') => (filter: WatFilter) =>
  filter.on(`${side}_body`, logPieces(filter, side) + CONTINUE);

const SAME = expected({ body: 'abcde' });

const BODY_SHAPES: readonly Shape[] = [
  shape('a body in one piece', sees('request'), [
    step(
      { request: SAME, log: [is('info: request size 005'), is('info: request end 001')] },
      { request: post('abcde') },
    ),
  ]),
  shape('a body in two pieces', sees('request'), [
    step(
      { request: SAME, log: ['size 002', 'end 000', 'size 003', 'end 001'].map((text) => is(`info: request ${text}`)) },
      { request: post(['ab', 'cde']) },
    ),
  ]),
  shape('a body with an empty piece at its end, as of HTTP/1.1', sees('request'), [
    step(
      { request: SAME, log: ['size 005', 'end 000', 'size 000', 'end 001'].map((text) => is(`info: request ${text}`)) },
      { request: post(['abcde', '']) },
    ),
  ]),
  shape('an answer in two pieces', sees('response'), [
    step(
      { response: SAME, log: ['size 002', 'size 003', 'end 001'].map((text) => is(`info: response ${text}`)) },
      { upstream: message({ body: ['ab', 'cde'] }) },
    ),
  ]),
  shape(
    'no body: the headers end it',
    (filter) => filter.on('request_headers', filter.logNumber('end ', P(2)) + CONTINUE),
    [step({ request: expected({ body: '' }), log: [is('info: end 001')] })],
  ),
  shape(
    'a body that is replaced',
    (filter) =>
      filter
        .on('request_headers', filter.remove(0, 'content-length') + CONTINUE)
        .on('request_body', filter.setBuffer(BODY.request, 'other') + CONTINUE),
    [step({ request: expected({ body: 'other' }) }, { request: post('abcde') })],
  ),
  shape(
    'a body that is longer than said',
    sees('request'),
    [step({ request: expected({ body: 'abcdef' }) }, { request: post('abcde') })],
    { fails: ['request.body'] },
  ),
  ...(['request', 'response'] as const).map((side) =>
    shape(
      `the ${side}'s body is collected, and replaced at its end`,
      (filter) =>
        filter.on(`${side}_headers`, filter.remove(side === 'request' ? 0 : 2, 'content-length') + CONTINUE).on(
          `${side}_body`,
          `${logPieces(filter, side)}
            (if (i32.eqz (local.get 2)) (then (return (i32.const 1))))
            ${filter.getBuffer(BODY[side])}${filter.logLast()}${filter.setBuffer(BODY[side], 'whole')}${CONTINUE}`,
        ),
      [
        step(
          {
            [side]: expected({ body: 'whole' }),
            log: [is(`info: ${side} size 002`), is(`info: ${side} size 005`), is('info: abcde')],
          },
          { request: post(['ab', 'cde']), upstream: message({ body: ['ab', 'cde'] }) },
        ),
      ],
    ),
  ),
  shape(
    'pieces that are thrown away',
    (filter) => filter.on('request_body', `(if (i32.eqz (local.get 2)) (then (return (i32.const 3)))) ${CONTINUE}`),
    [step({ request: expected({ body: 'cde' }) }, { request: post(['ab', 'cde']) })],
  ),
  shape(
    'pieces that are held back below the watermark',
    (filter) =>
      filter.on(
        'request_body',
        `${logPieces(filter, 'request')} (if (i32.eqz (local.get 2)) (then (return (i32.const 2)))) ${CONTINUE}`,
      ),
    [
      step(
        { request: SAME, log: [is('info: request size 002'), is('info: request size 003')] },
        { request: post(['ab', 'cde']) },
      ),
    ],
  ),
  ...(['request', 'response'] as const).map((side) =>
    shape(
      `the ${side}'s headers wait for the body, which the filter may see`,
      (filter) =>
        filter.on(`${side}_headers`, PAUSE).on(
          `${side}_body`,
          `${logPieces(filter, side)}
          (if (i32.eqz (local.get 2)) (then (return (i32.const 1))))
          ${filter.replace(HEADERS[side], 'x-seen', '1')}${CONTINUE}`,
        ),
      [
        step(
          { [side]: expected({ headers: { 'x-seen': '1' }, body: 'abcde' }), log: [is(`info: ${side} size 005`)] },
          { request: post(['ab', 'cde']), upstream: message({ body: ['ab', 'cde'] }) },
        ),
      ],
      { allowOnHeadersStopIteration: true },
    ),
  ),
  ...(['request', 'response'] as const).map((side) =>
    shape(
      `the ${side}'s body is replaced, but not its length`,
      (filter) => filter.on(`${side}_body`, filter.setBuffer(BODY[side], 'longer than before') + CONTINUE),
      [
        step(
          side === 'request'
            ? {
                request: null,
                response: {
                  ...expected({
                    body: 'upstream connect error or disconnect/reset before headers. reset reason: connection termination',
                  }),
                  status: is('503'),
                  from: 'filter',
                },
              }
            : { request: expected({}), response: null },
          { request: post('abcde'), upstream: message({ body: 'abcde' }) },
        ),
      ],
    ),
  ),
  shape('a request that is held back for ever', (filter) => filter.on('request_headers', PAUSE), [
    step({ request: null, response: null }),
  ]),
  shape('a body that is held back for ever', (filter) => filter.on('request_body', PAUSE), [
    step({ request: null, response: null }, { request: post('abcde') }),
  ]),
  shape('an answer that is held back for ever', (filter) => filter.on('response_headers', PAUSE), [
    step({ request: expected({}), response: null }),
  ]),
];

const TRAILER_SHAPES: readonly Shape[] = [
  shape(
    'trailers, changed',
    (filter) =>
      filter
        .on(
          'request_trailers',
          filter.logNumber('trailers ', P(1)) + filter.add(HEADERS.requestTrailers, 'x-more', '2') + CONTINUE,
        )
        .on('response_trailers', filter.replace(HEADERS.responseTrailers, 'x-sum', '9') + CONTINUE),
    [
      step(
        {
          request: expected({ body: 'abcde', trailers: { 'x-sum': '1', 'x-more': '2' } }),
          response: expected({ body: 'ok', trailers: { 'x-sum': '9' } }),
          log: [is('info: trailers 001')],
        },
        { request: post('abcde', { 'x-sum': '1' }), upstream: message({ body: 'ok', trailers: { 'x-sum': '1' } }) },
      ),
    ],
  ),
  shape(
    'trailers that are missing',
    (filter) => filter.on('request_trailers', CONTINUE),
    [step({ request: expected({ trailers: { 'x-none': '1' } }) }, { request: post('abcde', { 'x-sum': '1' }) })],
    { fails: ['request.trailers.x-none'] },
  ),
  shape('trailers that are held back for ever', (filter) => filter.on('request_trailers', PAUSE), [
    step({ request: null, response: null }, { request: post('abcde', { 'x-sum': '1' }) }),
  ]),
  shape(
    'a body that is collected until its trailers',
    (filter) => filter.on('request_body', `${logPieces(filter, 'request')}${PAUSE}`).on('request_trailers', CONTINUE),
    [
      step(
        { request: expected({ body: 'abcde', trailers: { 'x-sum': '1' } }), log: [is('info: request size 005')] },
        { request: post(['ab', 'cde'], { 'x-sum': '1' }) },
      ),
    ],
  ),
  shape(
    'trailers that are added at the end of a body',
    (filter) => filter.on('request_body', filter.add(HEADERS.requestTrailers, 'x-late', '1') + CONTINUE),
    [step({ request: expected({ body: 'abcde', trailers: { 'x-late': '1' } }) }, { request: post('abcde') })],
  ),
];

/** Headers, bodies and trailers of both sides. */
export const MESSAGE_SHAPES: readonly Shape[] = [...HEADER_SHAPES, ...BODY_SHAPES, ...TRAILER_SHAPES];
