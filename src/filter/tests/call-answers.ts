import { isSince } from '../host/envoy-kinds.ts';
import type { Header } from '../host/request.ts';
import type { OutgoingCall } from '../host/world.ts';
import { grpcCodeOf } from '../trial/local-answer.ts';
import type { CallAnswer } from './filter-test.ts';
import { piecesOf, responseHeaders } from './messages.ts';

/** What comes back of an HTTP call, as the filter sees it. */
export interface HttpAnswer {
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
  readonly trailers: readonly Header[];
}

/** What comes back of a gRPC call or stream. */
export interface GrpcAnswer {
  /** `undefined`: the call has failed before there was an answer. */
  readonly metadata: readonly Header[] | undefined;
  readonly messages: readonly Uint8Array[];
  readonly trailers: readonly Header[] | undefined;
  readonly status: number;
  readonly message: string;
}

const ENCODER = new TextEncoder();
const UNAVAILABLE = 14;
const INTERNAL = 13;
/** Envoy's own words (source/common/router/router.cc); since 1.38 without why the connection failed. Tried on each from 1.36 to 1.40. */
const UNREACHABLE =
  'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure';
const FAILURE_REASON = ', transport failure reason: delayed connect error: Connection refused';
const WITHOUT_REASON_SINCE = 38;
const TOO_LATE = 'upstream request timeout';

/** Says why Envoy, of that minor version if it is known, has no answer of a server. */
function failureWords(why: 'unreachable' | 'timeout', envoy: number | undefined): string {
  if (why === 'timeout') return TOO_LATE;
  return isSince(envoy, WITHOUT_REASON_SINCE) === false ? UNREACHABLE + FAILURE_REASON : UNREACHABLE;
}

/** Where the end of a gRPC call or stream came from, which Envoy puts behind its message, or in its place. */
const DETAILS = {
  server: 'via_upstream',
  timeout: 'response_timeout',
  unreachable:
    'upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}',
} as const;

function withDetails(message: string, details: string): string {
  return message === '' ? details : `${message}{${details}}`;
}

/** Returns what an answer of a rule is to an HTTP call. A call that fails gets an answer of Envoy's own. */
export function httpAnswer(answer: CallAnswer, envoy: number | undefined): HttpAnswer {
  switch (answer.kind) {
    case 'http': {
      const message = { ...answer.message, headers: withStatus(answer.status, answer.message.headers) };
      return {
        headers: [...responseHeaders(message), SERVICE_TIME],
        body: Buffer.concat(piecesOf(message)),
        trailers: message.trailers,
      };
    }
    case 'grpc':
      return {
        headers: GRPC_HEADERS,
        body: Buffer.concat(answer.messages.map(framed)),
        trailers: grpcTrailers(answer.status, answer.statusMessage),
      };
    case 'failure': {
      const status = answer.why === 'timeout' ? 504 : 503;
      const body = ENCODER.encode(failureWords(answer.why, envoy));
      const headers: Header[] = [
        [':status', String(status)],
        ['content-length', String(body.length)],
        ['content-type', 'text/plain'],
      ];
      return { headers, body, trailers: [] };
    }
  }
}

/** Returns what an answer of a rule is to a gRPC call. */
export function grpcAnswer(answer: CallAnswer, kind: OutgoingCall['kind'], envoy: number | undefined): GrpcAnswer {
  const failed = (status: number, message: string): GrpcAnswer => ({
    metadata: undefined,
    messages: [],
    trailers: undefined,
    status,
    message,
  });
  switch (answer.kind) {
    case 'http':
      return failed(grpcCodeOf(answer.status), DETAILS.server);
    case 'failure':
      return failed(UNAVAILABLE, withDetails(failureWords(answer.why, envoy), DETAILS[answer.why]));
    case 'grpc': {
      const { status, statusMessage, messages } = answer;
      // A call has one message.
      if (kind === 'grpc-call' && status === 0 && messages.length === 0) return failed(INTERNAL, '');
      return {
        metadata: GRPC_HEADERS,
        messages,
        trailers: grpcTrailers(status, statusMessage),
        status,
        message: withDetails(statusMessage, DETAILS.server),
      };
    }
  }
}

/** Envoy adds it to every answer of a server. */
const SERVICE_TIME: Header = ['x-envoy-upstream-service-time', '1'];
const GRPC_HEADERS: readonly Header[] = [[':status', '200'], ['content-type', 'application/grpc'], SERVICE_TIME];

function grpcTrailers(status: number, message: string): readonly Header[] {
  return [['grpc-status', String(status)], ...(message === '' ? [] : [['grpc-message', message] as const])];
}

/** A message as gRPC frames it in a body: not compressed, and its length. */
function framed(message: Uint8Array): Uint8Array {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function withStatus(status: number, headers: readonly Header[]): readonly Header[] {
  return [[':status', String(status)], ...headers.filter(([name]) => name !== ':status')];
}
