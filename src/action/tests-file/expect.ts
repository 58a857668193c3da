import { defined } from '../../base/defined.ts';
import { isObject } from '../../base/json.ts';
import { quoted } from '../../base/text.ts';
import type {
  Expectation,
  HeaderExpectations,
  MessageExpectation,
  TextExpectation,
} from '../../filter/tests/filter-test.ts';
import { expectedCalls } from './calls.ts';
import { headerExpectations, lineExpectation, presentExpectation, textExpectation } from './expectations.ts';
import { type Form, type Key, list, type Mapped, made, mapping, orNull, word } from './forms.ts';
import { MAX_LINES } from './limits.ts';
import type { Spot } from './spot.ts';

const MESSAGE_KEYS = {
  headers: {
    form: headerExpectations,
    description: 'Headers by name, a list for one that comes several times; those that are not named may be anything.',
  },
  body: { form: textExpectation, description: 'Body; null or "" for none.' },
  trailers: { form: headerExpectations, description: 'Trailers by name.' },
} as const satisfies Readonly<Record<string, Key<unknown>>>;

const PSEUDO_KEYS = {
  method: { form: presentExpectation, description: 'Method.' },
  path: { form: presentExpectation, description: 'Path with query.' },
  authority: { form: presentExpectation, description: 'Host that is asked.' },
  scheme: { form: presentExpectation, description: 'http or https.' },
} as const satisfies Readonly<Record<string, Key<TextExpectation>>>;

type PseudoKey = keyof typeof PSEUDO_KEYS;

function messageOf({ values: { headers = {}, body, trailers = {} } }: Mapped<typeof MESSAGE_KEYS>): MessageExpectation {
  return { headers, trailers, ...defined({ body }) };
}

function refuseNothing(spot: Spot, remedy: string): void {
  if (isObject(spot.node.value) && spot.node.entries.length === 0) spot.wrong('is empty: it expects nothing.', remedy);
}

const request: Form<MessageExpectation> = made(
  mapping(
    { ...PSEUDO_KEYS, ...MESSAGE_KEYS },
    'Write what reaches the workload, such as {headers: {x-added: "1"}}, or null for nothing.',
    { status: 'It belongs to "response".', host: 'Write "authority".' },
  ),
  (mapped, spot) => {
    refuseNothing(spot, 'Name headers or a body; "request: null" means that nothing reaches the workload.');
    const pseudo: HeaderExpectations = Object.fromEntries(
      (Object.keys(PSEUDO_KEYS) as PseudoKey[]).flatMap((key) => {
        const expected = mapped.values[key];
        return expected === undefined ? [] : [[`:${key}`, expected]];
      }),
    );
    const { headers, ...message } = messageOf(mapped);
    return { headers: { ...pseudo, ...headers }, ...message };
  },
);

const response: Form<NonNullable<Expectation['response']>> = made(
  mapping(
    {
      status: { form: presentExpectation, description: 'Status, such as 200 or /^5/.' },
      from: {
        form: word(['filter', 'workload']),
        description: 'Who answers: the filter itself, or the workload.',
      },
      ...MESSAGE_KEYS,
    },
    'Write what the client gets, such as {status: 200, headers: {x-shop: open}}, or null for nothing.',
    { path: 'It belongs to "request".', method: 'It belongs to "request".' },
  ),
  (mapped, spot) => {
    refuseNothing(spot, 'Name a status, headers or a body; "response: null" means that the client gets nothing.');
    const { status, from } = mapped.values;
    return { ...messageOf(mapped), ...defined({ status, from }) };
  },
);

const LOG = 'Write lines such as "info: *orders*", or one line.';
const lines = list(lineExpectation, MAX_LINES, LOG);
const log: Form<readonly TextExpectation[]> = {
  read: (spot) => {
    if (Array.isArray(spot.node.value)) return lines.read(spot);
    const line = lineExpectation.read(spot);
    return line && [line];
  },
  schema: { anyOf: [lineExpectation.schema, lines.schema] },
};

const metrics: Form<Readonly<Record<string, bigint>>> = {
  read: (spot) => {
    const { value, entries } = spot.node;
    if (!isObject(value) || entries.length === 0) {
      spot.wrong(`is ${quoted(value)}, which names no metric.`, METRICS);
      return undefined;
    }
    return Object.fromEntries(
      entries.flatMap(({ key, node }) => {
        const number = /^-?\d{1,20}$/.test(node.text ?? '') ? BigInt(node.text ?? '') : undefined;
        if (number === undefined) spot.inner(node, key).wrong(`is ${quoted(node.value)}.`, METRICS);
        return number === undefined ? [] : [[key, number]];
      }),
    );
  },
  schema: { type: 'object', minProperties: 1, additionalProperties: { type: ['integer', 'string'] } },
};

const METRICS = 'Write whole numbers by the names that the filter gives its metrics, such as {shop_orders: 1}.';

export const EXPECT_KEYS = {
  start: {
    form: word(['accepted', 'refused']),
    description: 'Whether the proxy takes the filter with its settings; refused: there are no requests.',
  },
  request: { form: orNull(request), description: 'What reaches the workload; null: nothing does.' },
  response: {
    form: orNull(response),
    description: 'What the client gets; null: nothing, because the filter holds the request back.',
  },
  log: { form: log, description: 'Lines of the filter\'s log, "LEVEL: TEXT", in which "*" stands for any text.' },
  calls: { form: expectedCalls, description: 'Calls that the filter makes, in this order, among others.' },
  metrics: {
    form: metrics,
    description: 'Values of metrics by the names that the filter gives them; of a histogram the number of its records.',
  },
} as const satisfies Readonly<Record<string, Key<unknown>>>;

export type ExpectMapping = Mapped<typeof EXPECT_KEYS>;

/** What must be true; what is not named may be anything. */
export const expectMapping: Form<ExpectMapping> = mapping(
  EXPECT_KEYS,
  'Write what must be true, such as {response: {status: 200}}.',
  {
    status: 'It belongs to "response".',
    from: 'It belongs to "response".',
    headers: 'It belongs to "request" (what reaches the workload) or to "response" (what the client gets).',
    body: 'It belongs to "request" (what reaches the workload) or to "response" (what the client gets).',
    upstream: 'Write "request", which is what reaches the workload.',
  },
);

/** Returns the expectation of one step. */
export function expectationOf({ values: { start: _, ...expected } }: ExpectMapping): Expectation {
  return defined(expected) as Expectation;
}
