import { defined } from '../../base/defined.ts';
import type { CallAnswer, CallExpectation, CallRule, TextExpectation } from '../../filter/tests/filter-test.ts';
import { headerExpectations, presentExpectation, textExpectation } from './expectations.ts';
import { type Form, integer, type Key, list, type Mapped, made, mapping, text, word } from './forms.ts';
import { MAX_CALLS, MAX_CHUNKS } from './limits.ts';
import { ANSWER_KEYS, answerOf, bytesOfBase64, bytesOfText } from './messages.ts';

const ANY: TextExpectation = { kind: 'any' };
const MESSAGES = 'Write a list of messages, each as text or, in "messages-base64", as base64.';

const CALL_ANSWER_KEYS = {
  ...ANSWER_KEYS,
  'grpc-status': { form: integer(0, 16), description: 'Status of the answer to a gRPC call; 0 is good.' },
  'grpc-message': { form: text('Write a text.'), description: 'What a gRPC status that is not 0 says.' },
  messages: { form: list(bytesOfText, MAX_CHUNKS, MESSAGES), description: 'Messages of the answer to a gRPC call.' },
  'messages-base64': { form: list(bytesOfBase64, MAX_CHUNKS, MESSAGES), description: 'The same as base64.' },
  failure: {
    form: word(['unreachable', 'timeout']),
    description: 'There is no answer: the cluster cannot be reached, or does not answer in time.',
  },
} as const satisfies Readonly<Record<string, Key<unknown>>>;

type AnswerKey = keyof typeof CALL_ANSWER_KEYS;

const GRPC_KEYS: readonly AnswerKey[] = ['grpc-status', 'grpc-message', 'messages', 'messages-base64'];
const HTTP_KEYS: readonly AnswerKey[] = [
  'status',
  'headers',
  'body',
  'body-base64',
  'chunks',
  'chunks-base64',
  'trailers',
];

const answer: Form<CallAnswer> = made(
  mapping(CALL_ANSWER_KEYS, 'Write an answer such as {status: 200, body: ok}, {grpc-status: 0} or {failure: timeout}.'),
  (mapped): CallAnswer => {
    const { values } = mapped;
    const ways = [GRPC_KEYS, HTTP_KEYS, ['failure'] as const].flatMap(
      (keys) => keys.find((key) => mapped.has(key)) ?? [],
    );
    const [first, second] = ways;
    if (first !== undefined && second !== undefined) {
      mapped.at(second).wrong(`is given beside "${first}".`, 'An answer is of HTTP, of gRPC, or a failure.');
    }
    if (values.failure !== undefined) return { kind: 'failure', why: values.failure };
    if (GRPC_KEYS.some((key) => mapped.has(key))) return grpcAnswer(mapped);
    return { kind: 'http', ...answerOf(mapped) };
  },
);

function grpcAnswer({ values, has, at }: Mapped<typeof CALL_ANSWER_KEYS>): CallAnswer {
  if (has('messages') && has('messages-base64')) {
    at('messages-base64').wrong('is given beside "messages".', 'Write the messages in one of the two ways.');
  }
  return {
    kind: 'grpc',
    status: values['grpc-status'] ?? 0,
    statusMessage: values['grpc-message'] ?? '',
    messages: values.messages ?? values['messages-base64'] ?? [],
  };
}

const CLUSTER: Key<TextExpectation> = {
  form: presentExpectation,
  description: 'Cluster that is called, by the name that the filter gives; default is any.',
};
const PATH: Key<TextExpectation> = {
  form: presentExpectation,
  description: 'Path of the call, of gRPC /service/method; default is any.',
};

const callRule: Form<CallRule> = made(
  mapping(
    { cluster: CLUSTER, path: PATH, answer: { form: answer, description: 'What the call gets.' } },
    'Write a call such as {cluster: auth, path: /check, answer: {status: 200}}.',
    { status: 'It belongs to "answer".', body: 'It belongs to "answer".', headers: 'It belongs to "answer".' },
  ),
  ({ values, has }, spot) => {
    if (!has('answer')) spot.wrong('has no "answer".', 'Write what the call gets, such as answer: {status: 200}.');
    const { cluster = ANY, path = ANY } = values;
    return values.answer && { cluster, path, answer: values.answer };
  },
);

/** How calls of the filter are answered. */
export const callRules: Form<readonly CallRule[]> = list(
  callRule,
  MAX_CALLS,
  'Write a list of calls such as {cluster: auth, path: /check, answer: {status: 200}}.',
);

const expectedCall: Form<CallExpectation> = made(
  mapping(
    {
      cluster: CLUSTER,
      path: PATH,
      method: { form: presentExpectation, description: 'Method of the call.' },
      headers: { form: headerExpectations, description: 'Headers of the call.' },
      body: { form: textExpectation, description: 'Body of the call.' },
    },
    'Write a call such as {cluster: auth, path: /check}.',
    { answer: 'It belongs to "calls" of the test, beside "expect".' },
  ),
  ({ values: { cluster = ANY, path = ANY, method, headers = {}, body } }): CallExpectation => ({
    cluster,
    path,
    headers,
    ...defined({ method, body }),
  }),
);

/** The calls that a filter must have made. */
export const expectedCalls: Form<readonly CallExpectation[]> = list(
  expectedCall,
  MAX_CALLS,
  'Write a list of calls such as {cluster: auth, path: /check}.',
);
