import { ROOT_CONTEXT } from '../host/host-state.ts';
import { Status } from '../host/status.ts';
import type { OutgoingCall, World } from '../host/world.ts';
import type { Callbacks } from '../trial/calls.ts';
import { grpcAnswer, httpAnswer } from './call-answers.ts';
import { headerValue } from './evaluate.ts';
import type { CallAnswer, CallRule, FilterTest } from './filter-test.ts';
import { fits } from './fits.ts';
import type { ObservedCall } from './observed.ts';

/** When each test begins: 2026-01-01T00:00:00Z, in nanoseconds, so that nothing depends on the day. */
const BEGIN = 1_767_225_600_000_000_000n;
/** Every look at the clock moves it on, so that who waits for a later time gets it. */
const LOOK_NS = 1_000n;
const NS_PER_MS = 1_000_000n;
/** Events that one step may have: a filter that calls again for each answer would never end. */
const MAX_EVENTS = 10_000;

/** Maps and buffers of a call, as the ABI numbers them. */
const HTTP_HEADERS = 6;
const HTTP_TRAILERS = 7;
const HTTP_BODY = 4;
const GRPC_METADATA = 4;
const GRPC_TRAILERS = 5;
const GRPC_MESSAGE = 5;

/** What is around a filter in a test: a clock that only the test moves, those who answer its calls, and what is to come to it. */
export class TestWorld implements World {
  readonly logLevel = 'trace';
  readonly #test: FilterTest;
  readonly #envoy: number | undefined;
  readonly #unsupported: (about: string) => void;
  #callbacks: Callbacks | undefined;
  #elapsed = 0n;
  /** What happens next, in its order; each belongs to the call with that token, or to none. */
  #events: { readonly token?: number; readonly run: (callbacks: Callbacks) => void }[] = [];
  readonly #streams = new Map<number, OutgoingCall>();
  /** How calls are answered now. */
  rules: readonly CallRule[] = [];
  /** The calls since somebody has last emptied it. */
  calls: ObservedCall[] = [];

  /** `envoy` is the minor version of the Envoy that it is in; `unsupported` hears what the test does not say and only a proxy could. */
  constructor(test: FilterTest, envoy: number | undefined, unsupported: (about: string) => void) {
    this.#test = test;
    this.#envoy = envoy;
    this.#unsupported = unsupported;
  }

  /** Names the filter once it is there. */
  attach(callbacks: Callbacks): void {
    this.#callbacks = callbacks;
  }

  now = (): bigint => BEGIN + this.monotonic();

  monotonic = (): bigint => {
    this.#elapsed += LOOK_NS;
    return this.#elapsed;
  };

  /** Lets time pass. */
  pass(milliseconds: number): void {
    this.#elapsed += BigInt(milliseconds) * NS_PER_MS;
  }

  property = (path: string): string | bigint | boolean | undefined =>
    Object.hasOwn(this.#test.properties, path) ? this.#test.properties[path] : undefined;

  called = (call: OutgoingCall): number => {
    // Envoy wants them of a call over HTTP.
    const needed = call.kind === 'http' ? [':path', ':method', ':authority'] : [];
    if (needed.some((name) => headerValue(call.headers, name) === undefined)) return Status.badArgument;
    const message = call.kind === 'grpc-stream' ? { ...call, body: new Uint8Array() } : call;
    this.calls.push({ cluster: message.cluster, headers: message.headers, body: message.body });
    // A stream is answered when the filter has said all.
    if (call.kind === 'grpc-stream') this.#streams.set(call.token, call);
    else this.#answer(call);
    return Status.ok;
  };

  sent = (token: number, message: Uint8Array, end: boolean): void => {
    const call = this.#streams.get(token);
    if (call === undefined) return;
    const sent = { ...call, body: Buffer.concat([call.body, message]) };
    this.#streams.set(token, sent);
    const at = this.calls.findIndex(({ headers }) => headers === call.headers);
    if (at !== -1) this.calls[at] = { cluster: sent.cluster, headers: sent.headers, body: sent.body };
    if (!end) return;
    this.#streams.delete(token);
    this.#answer(sent);
  };

  cancelled = (token: number): void => {
    this.#streams.delete(token);
    this.#events = this.#events.filter((event) => event.token !== token);
  };

  unanswered = (about: string): void => this.#unsupported(about);

  enqueued = (queue: number): void => {
    this.#events.push({
      run: (callbacks) => callbacks.invoke('queue', 'proxy_on_queue_ready', ROOT_CONTEXT, ROOT_CONTEXT, queue),
    });
  };

  /** Lets everything happen that is to come. */
  drain(): void {
    const callbacks = this.#callbacks;
    if (callbacks === undefined) return;
    for (let left = MAX_EVENTS; ; left -= 1) {
      const event = this.#events.shift();
      if (event === undefined) return;
      if (left === 0) {
        this.#events = [];
        this.#unsupported(`more than ${MAX_EVENTS} answers and queue events in one step`);
        return;
      }
      event.run(callbacks);
    }
  }

  #answer(call: OutgoingCall): void {
    const path = headerValue(call.headers, ':path');
    const rule = this.rules.find((one) => fits(one.cluster, call.cluster) && fits(one.path, path));
    if (rule === undefined) {
      this.#unsupported(`an answer to its call of ${path ?? 'no path'} in the cluster ${call.cluster}`);
      return;
    }
    const { answer } = rule;
    const late = answer.kind === 'failure' && answer.why === 'timeout';
    // Without a time of its own, the call waits for ever.
    if (late && call.timeoutMs === 0) return;
    const run = call.kind === 'http' ? this.#http(call, answer) : this.#grpc(call, answer);
    this.#events.push({
      token: call.token,
      run: (callbacks) => {
        if (late) this.pass(call.timeoutMs);
        run(callbacks);
        callbacks.state.dropToken(call.token);
      },
    });
  }

  #http({ token }: OutgoingCall, answer: CallAnswer): (callbacks: Callbacks) => void {
    const { headers, body, trailers } = httpAnswer(answer, this.#envoy);
    const result = { maps: { [HTTP_HEADERS]: headers, [HTTP_TRAILERS]: trailers }, buffers: { [HTTP_BODY]: body } };
    const sizes = [headers.length, body.length, trailers.length];
    return (callbacks) =>
      callbacks.state.withResult(result, () => {
        callbacks.invoke('http-call', 'proxy_on_http_call_response', ROOT_CONTEXT, ROOT_CONTEXT, token, ...sizes);
      });
  }

  #grpc({ kind, token }: OutgoingCall, answer: CallAnswer): (callbacks: Callbacks) => void {
    const { metadata, messages, trailers, status, message } = grpcAnswer(answer, kind, this.#envoy);
    const stream = kind === 'grpc-stream';
    return (callbacks) => {
      const { state } = callbacks;
      const tell = (name: string, maps: Record<number, CallMap>, buffers: Record<number, Uint8Array>, size: number) =>
        state.withResult({ maps, buffers }, () => {
          const step = name === 'receive' ? 'grpc-message' : 'grpc-metadata';
          callbacks.invoke(step, `proxy_on_grpc_${name}`, ROOT_CONTEXT, ROOT_CONTEXT, token, size);
        });
      if (stream && metadata !== undefined) {
        tell('receive_initial_metadata', { [GRPC_METADATA]: metadata }, {}, metadata.length);
      }
      // Of a call only the message counts that comes with a good status.
      const heard = stream ? messages : status === 0 ? messages.slice(0, 1) : [];
      for (const one of heard) tell('receive', {}, { [GRPC_MESSAGE]: one }, one.length);
      if (stream && trailers !== undefined) {
        tell('receive_trailing_metadata', { [GRPC_TRAILERS]: trailers }, {}, trailers.length);
      }
      if (!stream && status === 0 && heard.length > 0) return;
      state.status = { code: status, message };
      callbacks.invoke('grpc-close', 'proxy_on_grpc_close', ROOT_CONTEXT, ROOT_CONTEXT, token, status);
      state.status = { code: status, message: '' };
    };
  }
}

type CallMap = OutgoingCall['headers'];
