import { expected, is, message, step } from '../tests.ts';
import { type Shape, shape } from './shape.ts';
import { CONTINUE, LAST, P, type WatFilter } from './wat-filter.ts';

const REQUEST = 0;
const RESPONSE = 2;
const CONFIGURATION = 7;
const YES = '(i32.const 1)';

const third = (filter: WatFilter): void => {
  filter.global('count').on(
    'request_headers',
    `(global.set $count (i32.add (global.get $count) (i32.const 1)))
      (if (i32.gt_u (global.get $count) (i32.const 2)) (then ${filter.respond(429)}))
      ${CONTINUE}`,
  );
};
const status = (code: string) => ({ response: { ...expected({}), status: is(code) } });

const TIME_SHAPES: readonly Shape[] = [
  shape('the third request is refused', third, [step(status('429'), { repeat: 3 })]),
  shape('the second request is not', third, [step(status('429'), { repeat: 2 })], { fails: ['response.status'] }),
  shape('steps of one VM', third, [step(status('200')), step(status('200')), step(status('429'))]),
  shape('the second of two steps', third, [step(status('200')), step(status('429'))], {
    fails: ['sequence[1].response.status'],
  }),
  shape(
    'two ticks, and no more',
    (filter) =>
      filter
        .global('ticks')
        .on(
          'tick',
          `(global.set $ticks (i32.add (global.get $ticks) (i32.const 1)))
          (if (i32.eq (global.get $ticks) (i32.const 2)) (then ${filter.do('proxy_set_tick_period_milliseconds', 0)}))`,
        )
        .on(
          'request_headers',
          `${filter.logNumber('ticks ', '(global.get $ticks)')}
          (if (i32.eqz (global.get $ticks)) (then ${filter.do('proxy_set_tick_period_milliseconds', 50)}))${CONTINUE}`,
        ),
    [step({ log: [is('info: ticks 000')] }), step({ log: [is('info: ticks 002')] }, { ticks: 2 })],
  ),
  shape(
    'a filter that wants no ticks',
    (filter) => filter.on('tick', filter.log('tick')).on('request_headers', CONTINUE),
    [step({ log: [is('info: tick')] }, { ticks: 2 })],
    { fails: ['log[0]'] },
  ),
];

const SHARED_SHAPES: readonly Shape[] = [
  shape(
    'shared data from one request to the next',
    (filter) =>
      filter.on(
        'request_headers',
        `${filter.logNumber('get ', filter.call('proxy_get_shared_data', filter.text('key'), 16, 20, 24))}
        ${filter.replaceByLast(REQUEST, 'x-before')}
        ${filter.do('proxy_set_shared_data', filter.text('key'), filter.text('kept'), 0)}${CONTINUE}`,
      ),
    [
      step({ log: [is('info: get 001')] }),
      step({ request: expected({ headers: { 'x-before': 'kept' } }), log: [is('info: get 000')] }),
    ],
  ),
  shape(
    'a queue that tells when there is something in it',
    (filter) =>
      filter
        .global('queue')
        .on(
          'configure',
          `${filter.do('proxy_register_shared_queue', filter.text('orders'), 24)} (global.set $queue (i32.load (i32.const 24))) ${YES}`,
        )
        .on(
          'request_headers',
          filter.do('proxy_enqueue_shared_queue', '(global.get $queue)', filter.text('first')) + CONTINUE,
        )
        .on('queue_ready', filter.do('proxy_dequeue_shared_queue', P(1), 16, 20) + filter.logLast()),
    [step({ log: [is('info: first')] })],
  ),
  shape(
    'metrics of each kind',
    (filter) =>
      filter.on(
        'request_headers',
        [0, 1, 2]
          .map((kind) => filter.do('proxy_define_metric', kind, filter.text(`shop_${kind}`), 32 + kind * 4))
          .join('') +
          filter.do('proxy_increment_metric', '(i32.load (i32.const 32))', '(i64.const 2)') +
          filter.do('proxy_record_metric', '(i32.load (i32.const 36))', '(i64.const 7)') +
          filter.do('proxy_record_metric', '(i32.load (i32.const 40))', '(i64.const 9)') +
          CONTINUE,
      ),
    [
      step({ metrics: { shop_0: 4n, shop_1: 7n, shop_2: 2n } }, { repeat: 2 }),
      step({ metrics: { shop_0: 6n, shop_1: 8n, none: 1n } }),
    ],
    { fails: ['sequence[1].metrics.shop_1', 'sequence[1].metrics.none'] },
  ),
];

const START_SHAPES: readonly Shape[] = [
  ...(
    [
      ['a bad configuration that is refused', '{', undefined],
      ['a good configuration that should be refused', 'hello', ['start']],
    ] as const
  ).map(([name, configuration, fails]) =>
    shape(name, refuses, [], {
      test: { settings: { configuration }, start: { kind: 'refused', log: [] } },
      ...(fails && { fails }),
    }),
  ),
  shape('a refusal with words in the log', refuses, [], {
    test: { settings: { configuration: '{' }, start: { kind: 'refused', log: [is('error: no braces')] } },
  }),
  shape('a refusal with other words', refuses, [], {
    test: { settings: { configuration: '{' }, start: { kind: 'refused', log: [is('error: others')] } },
    fails: ['log[0]'],
  }),
  shape('a bad configuration where a good one was expected', refuses, [step(status('200'))], {
    test: { settings: { configuration: '{' } },
    fails: ['start'],
  }),
  shape(
    'the configuration of the test in place of that of the filter',
    (filter) => filter.on('configure', filter.getBuffer(CONFIGURATION) + filter.logLast() + YES),
    [step({ log: [is('info: of the test')] })],
    { configuration: 'of the filter', test: { settings: { configuration: 'of the test' } } },
  ),
  shape(
    'the configuration of the filter',
    (filter) => filter.on('configure', filter.getBuffer(CONFIGURATION) + filter.logLast() + YES),
    [step({ log: [is('info: of the filter')] })],
    { configuration: 'of the filter' },
  ),
  shape(
    'the root id of the test',
    (filter) =>
      filter.on(
        'request_headers',
        filter.getProperty('plugin_root_id') + filter.replaceByLast(REQUEST, 'x-root') + CONTINUE,
      ),
    [step({ request: expected({ headers: { 'x-root': 'other' } }) })],
    { test: { settings: { rootId: 'other' } } },
  ),
  shape(
    'variables of the test',
    (filter) =>
      filter.on(
        'request_headers',
        `${filter.do('environ_sizes_get', 64, 68)}${filter.do('environ_get', 128, 256)}
        ${filter.do('proxy_replace_header_map_value', REQUEST, filter.text('x-mode'), '(i32.const 256) (i32.const 9)')}${CONTINUE}`,
      ),
    [step({ request: expected({ headers: { 'x-mode': 'MODE=fast' } }) })],
    { test: { settings: { environment: { MODE: 'fast' } } } },
  ),
  shape(
    'every level of the log',
    (filter) =>
      filter.on('request_headers', [0, 1, 2, 3, 4, 5].map((level) => filter.log('here', level)).join('') + CONTINUE),
    [step({ log: ['trace', 'debug', 'info', 'warn', 'error', 'critical'].map((level) => is(`${level}: here`)) })],
  ),
  shape(
    'a line that is not logged',
    (filter) => filter.on('request_headers', filter.log('here') + CONTINUE),
    [
      step({
        log: [is('warn: here'), { kind: 'wildcard', pattern: 'info: *' }, { kind: 'expression', source: 'there' }],
      }),
    ],
    { fails: ['log[0]', 'log[2]'] },
  ),
];

function refuses(filter: WatFilter): void {
  filter.on(
    'configure',
    `${filter.getBuffer(CONFIGURATION)}
    (if (i32.eq (i32.load8_u (i32.load (i32.const 16))) (i32.const 123)) (then ${filter.log('no braces', 4)} (return (i32.const 0))))
    ${YES}`,
  );
}

const shows = (path: string) => (filter: WatFilter) =>
  filter.on('request_headers', filter.getProperty(path) + filter.replaceByLast(REQUEST, 'x-value') + CONTINUE);
const shown = (value: string) =>
  step(
    { request: expected({ headers: { 'x-value': value } }) },
    {
      request: message({ headers: { ':path': '/a?b=1', 'x-user': 'tester' } }),
    },
  );

const PROPERTY_SHAPES: readonly Shape[] = [
  ...(
    [
      ['request.path', '/a?b=1'],
      ['request.url_path', '/a'],
      ['request.query', 'b=1'],
      ['request.method', 'GET'],
      ['request.host', 'service.example'],
      ['request.headers.x-user', 'tester'],
      ['xds.route_name', 'default'],
    ] as const
  ).map(([path, value]) => shape(`the property ${path}`, shows(path), [shown(value)])),
  shape('a property that the test says', shows('xds.cluster_name'), [shown('workload')], {
    test: { properties: { 'xds.cluster_name': 'workload' } },
  }),
  shape(
    'a property that the filter sets',
    (filter) =>
      filter
        .on('request_headers', filter.do('proxy_set_property', filter.text('mine'), filter.text('set')) + CONTINUE)
        .on(
          'response_headers',
          filter.getProperty('mine') +
            filter.do('proxy_replace_header_map_value', RESPONSE, filter.text('x-value'), LAST) +
            CONTINUE,
        ),
    [step({ response: expected({ headers: { 'x-value': 'set' } }) })],
  ),
];

/** What goes on from one request to the next, what the filter is started with, and what it can ask for. */
export const STATE_SHAPES: readonly Shape[] = [...TIME_SHAPES, ...SHARED_SHAPES, ...START_SHAPES, ...PROPERTY_SHAPES];
