import type { HeaderMap } from '../host/header-map.ts';
import { ROOT_CONTEXT, STREAM_CONTEXT } from '../host/host-state.ts';
import { REQUEST_BODY } from '../host/stream.ts';
import { type Callbacks, Trap } from './calls.ts';
import type { StreamStep, TrialHeaders } from './verdict.ts';

/** What `proxy_on_…_headers` may return and the stream goes on: Continue, and ContinueAndEndStream. */
const GOING_ON = [0, 2];

/**
 * Sends one request and its answer through the filter, as Envoy does, up to where the filter holds it back; then ends it.
 * Gives the headers that came out, or the trap in which it stopped.
 */
export function serveRequest(callbacks: Callbacks): TrialHeaders | Trap {
  const { state } = callbacks;
  const { stream } = state;
  state.streamExists = true;
  const created = callbacks.call(
    'stream-create',
    'proxy_on_context_create',
    STREAM_CONTEXT,
    STREAM_CONTEXT,
    ROOT_CONTEXT,
  );
  if (created instanceof Trap) return created;

  const asked = pass(callbacks, 'request', stream.requestHeaders, REQUEST_BODY);
  if (asked instanceof Trap) return asked;
  let answered = false;
  if (!stream.closed && (asked || stream.local !== undefined)) {
    const own = stream.local;
    const { body } = stream.respond();
    const result = pass(callbacks, 'response', stream.responseHeaders, body);
    if (result instanceof Trap) return result;
    answered = result && !stream.closed;
    // An answer of its own in place of the workload's: the client gets that one.
    if (own === undefined && stream.local !== undefined) {
      stream.respond();
      answered = true;
    }
  }

  stream.open.request = false;
  stream.open.response = false;
  stream.over = true;
  for (const [step, name] of END) {
    stream.logging = step === 'log';
    const result = callbacks.call(step, name, STREAM_CONTEXT, STREAM_CONTEXT);
    if (result instanceof Trap) return result;
  }
  const request = stream.requestHeaders.headers;
  const response = stream.responseHeaders?.headers;
  return answered && response !== undefined ? { request, response } : { request };
}

/** Envoy writes the access log before it takes the stream down; tried on 1.36.2, 1.38.2 and 1.40.0. */
const END: readonly (readonly [StreamStep, string])[] = [
  ['log', 'proxy_on_log'],
  ['done', 'proxy_on_done'],
  ['delete', 'proxy_on_delete'],
];

/** Whether headers and body of one side went through. */
function pass(
  callbacks: Callbacks,
  side: 'request' | 'response',
  headers: HeaderMap | undefined,
  body: Uint8Array,
): boolean | Trap {
  const { state } = callbacks;
  const { stream } = state;
  const before = stream.local;
  const stopped = (): boolean => stream.closed || stream.local !== before;

  stream.open[side] = true;
  const count = headers?.headers.length ?? 0;
  // The first ABI does not say whether a body follows.
  const more = state.abi === '0.1.0' ? [] : [0];
  const seen = callbacks.call(
    `${side}-headers`,
    `proxy_on_${side}_headers`,
    STREAM_CONTEXT,
    STREAM_CONTEXT,
    count,
    ...more,
  );
  if (seen instanceof Trap) return seen;
  if (stopped() || (!GOING_ON.includes(seen ?? 0) && !stream.continued[side])) return false;
  if (seen === 2) return true;
  if ((seen ?? 0) === 0) stream.open[side] = false;

  stream.body = { of: side, bytes: body };
  const read = callbacks.call(`${side}-body`, `proxy_on_${side}_body`, STREAM_CONTEXT, STREAM_CONTEXT, body.length, 1);
  stream.body = undefined;
  if (read instanceof Trap) return read;
  return !stopped() && ((read ?? 0) === 0 || stream.continued[side]);
}
