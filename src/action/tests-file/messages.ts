import { formatBytes } from '../../base/text.ts';
import type { Header } from '../../filter/host/request.ts';
import type { TestMessage } from '../../filter/tests/filter-test.ts';
import { HEADER_NAME, PATH } from '../inputs/probe.ts';
import { type Form, integer, type Key, list, type Mapped, made, mapping, scalarText, text, word } from './forms.ts';
import { sentHeaders } from './headers.ts';
import { MAX_BODY_BYTES, MAX_CHUNKS } from './limits.ts';
import type { Spot } from './spot.ts';

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Bytes: the text as UTF-8, or a mapping or list as JSON. */
const bytesOfText: Form<Uint8Array> = {
  read: (spot) => {
    const { value } = spot.node;
    const said = typeof value === 'object' && value !== null ? JSON.stringify(value) : scalarText(spot);
    if (said !== undefined) return bounded(Buffer.from(said), spot);
    spot.wrong('is not a text.', 'Write "" for an empty one, or leave it out.');
    return undefined;
  },
  schema: { type: ['string', 'number', 'boolean', 'object', 'array'] },
};

const bytesOfBase64: Form<Uint8Array> = {
  read: (spot) => {
    const said = scalarText(spot);
    if (said !== undefined && BASE64.test(said.replace(/\s/g, ''))) return bounded(Buffer.from(said, 'base64'), spot);
    spot.wrong('is not base64.', 'Write the bytes in base64, such as AAEC.');
    return undefined;
  },
  schema: { type: 'string' },
};

function bounded(bytes: Uint8Array, spot: Spot): Uint8Array | undefined {
  if (bytes.length <= MAX_BODY_BYTES) return bytes;
  spot.wrong(`has ${formatBytes(bytes.length)}; at most ${formatBytes(MAX_BODY_BYTES)} are read.`, 'Send less.');
  return undefined;
}

const CHUNKS = 'Write a list of texts, each of which the filter gets by itself.';

/** What all messages have. */
const MESSAGE_KEYS = {
  headers: {
    form: sentHeaders,
    description: 'Headers, {name: value}; a list of values is a header that comes several times.',
  },
  body: { form: bytesOfText, description: 'Body as text; a mapping or list becomes JSON.' },
  'body-base64': { form: bytesOfBase64, description: 'Body as base64, for bytes that are not text.' },
  chunks: {
    form: list(bytesOfText, MAX_CHUNKS, CHUNKS),
    description: 'Body in pieces, each of which the filter gets by itself.',
  },
  'chunks-base64': { form: list(bytesOfBase64, MAX_CHUNKS, CHUNKS), description: 'The same as base64.' },
  trailers: { form: sentHeaders, description: 'Trailers, {name: value}.' },
} as const satisfies Readonly<Record<string, Key<unknown>>>;

export const STATUS: Key<number> = { form: integer(200, 599), description: 'Status, from 200 to 599.' };

const BODIES = ['body', 'body-base64', 'chunks', 'chunks-base64'] as const;

/** Makes a message of the keys that all messages have, and of the pseudo headers that it begins with. */
function messageOf({ values, has, at }: Mapped<typeof MESSAGE_KEYS>, pseudo: readonly Header[]): TestMessage {
  const [first, second] = BODIES.filter((name) => has(name));
  if (first !== undefined && second !== undefined) {
    at(second).wrong(`is given beside "${first}".`, 'Write the body in one of the two ways.');
  }
  const pieces = values.chunks ?? values['chunks-base64'] ?? [values.body ?? values['body-base64'] ?? NOTHING];
  return {
    headers: [...pseudo, ...(values.headers ?? [])],
    chunks: pieces.filter(({ length }) => length > 0),
    trailers: values.trailers ?? [],
  };
}

const NOTHING = new Uint8Array();

const PATH_REMEDY =
  'A path starts with "/" and may have a query; encode blanks, "#" and all characters that are not ASCII with "%".';

const REQUEST_KEYS = {
  method: {
    form: text('Write a method such as GET or POST.', (said) => HEADER_NAME.test(said)),
    description: 'Method; default is GET.',
  },
  path: { form: text(PATH_REMEDY, (said) => PATH.test(said)), description: 'Path with query; default is /.' },
  authority: {
    form: text('Write a host such as shop.example, or shop.example:8080.', (said) => /^[!-~]+$/.test(said)),
    description: 'Host that is asked (the header "host"); default is service.example.',
  },
  scheme: { form: word(['http', 'https']), description: 'Default is http.' },
  ...MESSAGE_KEYS,
} as const satisfies Readonly<Record<string, Key<unknown>>>;

/** What the client sends. */
export const request: Form<TestMessage> = made(
  mapping(REQUEST_KEYS, 'Write a request such as {path: /orders, headers: {x-user: tester}}.', {
    host: 'Write "authority".',
    url: 'Write "authority" and "path".',
    status: 'It belongs to "upstream", which is what the workload answers.',
  }),
  (mapped) => {
    const { method = 'GET', path = '/', authority = 'service.example', scheme = 'http' } = mapped.values;
    return messageOf(mapped, [
      [':authority', authority],
      [':path', path],
      [':method', method],
      [':scheme', scheme],
    ]);
  },
);

export const ANSWER_KEYS = { status: STATUS, ...MESSAGE_KEYS } as const satisfies Readonly<
  Record<string, Key<unknown>>
>;

/** Makes the answer of a workload, or of a service that a filter calls. */
export function answerOf(mapped: Mapped<typeof ANSWER_KEYS>): {
  readonly status: number;
  readonly message: TestMessage;
} {
  const { status = 200 } = mapped.values;
  return { status, message: messageOf(mapped, [[':status', String(status)]]) };
}

/** What the workload answers. */
export const upstream: Form<TestMessage> = made(
  mapping(ANSWER_KEYS, 'Write an answer such as {status: 200, headers: {content-type: text/plain}, body: ok}.', {
    path: 'It belongs to "request".',
    method: 'It belongs to "request".',
  }),
  (mapped) => answerOf(mapped).message,
);

/** What a workload answers of which nobody says it. */
export const DEFAULT_UPSTREAM: TestMessage = { headers: [[':status', '200']], chunks: [], trailers: [] };

/** The request of a test that says none. */
export const DEFAULT_REQUEST: TestMessage = {
  headers: [
    [':authority', 'service.example'],
    [':path', '/'],
    [':method', 'GET'],
    [':scheme', 'http'],
  ],
  chunks: [],
  trailers: [],
};

export { bytesOfBase64, bytesOfText };
