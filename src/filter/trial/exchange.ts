import { isSince } from '../host/envoy-kinds.ts';
import type { HeaderMap } from '../host/header-map.ts';
import { ROOT_CONTEXT } from '../host/host-state.ts';
import type { Header } from '../host/request.ts';
import type { LocalResponse, SideName, Stream, StreamAction } from '../host/stream.ts';
import type { Callbacks } from './calls.ts';
import { localAnswer } from './local-answer.ts';
import { type FilterSide, type Next, Passage } from './passage.ts';
import type { StreamStep } from './verdict.ts';

/** A message as it has come out of the proxy so far. */
export interface Delivered {
  readonly headers: readonly Header[];
  readonly pieces: readonly Uint8Array[];
  readonly trailers: readonly Header[];
  /** All of it is there. */
  readonly complete: boolean;
}

type Missing = Readonly<Record<SideName, string | undefined>>;

/** Envoy writes the access log before it takes the stream down; tried on 1.36.2, 1.38.2 and 1.40.0. */
const END: readonly (readonly [StreamStep, string])[] = [
  ['log', 'proxy_on_log'],
  ['done', 'proxy_on_done'],
  ['delete', 'proxy_on_delete'],
];

/**
 * Headers without which Envoy sends nothing on: it has no route for such a request (source/common/router/config_impl.cc), and takes
 * such an answer for a bad one (source/common/http/header_utility.cc).
 */
const NEEDED: Readonly<Record<SideName, readonly string[]>> = {
  request: ['x-forwarded-proto', ':path'],
  response: [':status'],
};
const UNROUTED = 'the filter takes out :path or x-forwarded-proto, without which the proxy has no route';
const CLOSED = 'the filter has closed the stream';
const TOO_LATE = 'the filter has answered after the headers of the response had gone, so the proxy breaks off';
/** Since when Envoy leaves out a second answer, and sends the first (https://github.com/envoyproxy/envoy/pull/36809). */
const ONE_ANSWER_SINCE = 33;
const NO_ROUTE: LocalResponse = { status: 404, headers: [], body: new Uint8Array(), grpcStatus: -1 };
const BAD_ANSWER: LocalResponse = {
  status: 502,
  headers: [],
  body: new TextEncoder().encode('missing required header: :status'),
  grpcStatus: -1,
};

/** One request and its answer through the filter, as Envoy leads them. Every method may throw a `Trapped`. */
export class Exchange {
  readonly stream: Stream;
  readonly #callbacks: Callbacks;
  readonly #passages: Readonly<Record<SideName, Passage>>;
  readonly #delivered: { request?: Delivered; response?: Delivered } = {};
  /** Whose callback runs. */
  #running: SideName | undefined;
  #aborted = false;
  #prepared: LocalResponse | undefined;
  #own: 'none' | 'through-filter' | 'direct' = 'none';
  /** The answer has come to its end before the filter, so the request does not matter any more. */
  #answered = false;
  #closed = false;
  /** Known at the end alone. */
  #missing: Missing = { request: undefined, response: undefined };
  /** No route fits the request. */
  #unrouted = false;

  constructor(callbacks: Callbacks) {
    this.#callbacks = callbacks;
    const { state } = callbacks;
    this.stream = state.openStream();
    const allowStop = state.request.allowOnHeadersStopIteration === true;
    this.#passages = {
      request: new Passage(this.stream.request, this.#side('request'), allowStop),
      response: new Passage(this.stream.response, this.#side('response'), allowStop),
    };
    this.stream.perform = (action) => this.#perform(action);
    callbacks.invoke('stream-create', 'proxy_on_context_create', this.stream.id, this.stream.id, ROOT_CONTEXT);
  }

  /** What has come to the workload; `undefined` without headers. */
  get request(): Delivered | undefined {
    return this.#delivered.request;
  }

  /** What has come to the client; `undefined` without headers. */
  get response(): Delivered | undefined {
    return this.#closed ? undefined : this.#delivered.response;
  }

  /** Whether the filter answered by itself, or Envoy. */
  get answeredByFilter(): boolean {
    return this.#own !== 'none';
  }

  /** Once it is over: why no whole request has come to the workload, and no whole answer to the client, as far as the filter is why. */
  get missing(): Missing {
    return this.#missing;
  }

  /** Sends a whole message; what the filter has made of it comes out at once or later. */
  send(side: SideName, headers: HeaderMap, pieces: readonly Uint8Array[], trailers?: HeaderMap): void {
    const passage = this.#passages[side];
    const alone = pieces.length === 0 && trailers === undefined;
    if (side === 'response') this.#answered ||= alone;
    if (this.#closed) return;
    passage.headers(headers, alone);
    for (const [index, piece] of pieces.entries()) {
      const last = index === pieces.length - 1 && trailers === undefined;
      if (side === 'response') this.#answered ||= last;
      if (!this.#over(side)) passage.data(piece, last);
    }
    if (trailers === undefined) return;
    if (side === 'response') this.#answered = true;
    if (!this.#over(side)) passage.trailers(trailers);
  }

  /** The workload gives no answer, and Envoy one of its own. */
  answerInstead(local: LocalResponse): void {
    this.#answer(local);
  }

  /** The stream is over: it is logged, and its context goes. */
  finish(): void {
    const { stream } = this;
    stream.request.open = false;
    stream.response.open = false;
    stream.over = true;
    this.#missing = this.#whyMissing();
    this.#closed ||= this.#delivered.response?.complete !== true;
    for (const [step, name] of END) {
      stream.logging = step === 'log';
      this.#callbacks.invoke(step, name, stream.id, stream.id);
    }
    this.#callbacks.state.closeStream(stream);
  }

  #whyMissing(): Missing {
    if (this.#closed) return this.#missing;
    const held = (side: SideName): string | undefined => {
      const at = this.#passages[side].heldAt;
      return at === undefined ? undefined : `the filter holds the ${side} back at its ${at}`;
    };
    if (this.#unrouted) return { request: UNROUTED, response: held('response') };
    if (this.answeredByFilter) return { request: 'the filter answers by itself', response: held('response') };
    return { request: held('request'), response: held('request') ?? held('response') };
  }

  #side(name: SideName): FilterSide {
    return {
      call: (part, size, end) => this.#call(name, part, size, end),
      aborted: () => this.#aborted || this.#closed,
      over: () => this.#over(name),
      next: this.#next(name),
    };
  }

  #call(side: SideName, part: 'headers' | 'body' | 'trailers', size: number, end: boolean): number | undefined {
    const { state } = this.#callbacks;
    // The first ABI does not say whether a body follows.
    const more = part === 'trailers' || (part === 'headers' && state.abi === '0.1.0') ? [] : [Number(end)];
    const before = this.#running;
    this.#running = side;
    this.#aborted = false;
    const status = this.#callbacks.invoke(
      `${side}-${part}`,
      `proxy_on_${side}_${part}`,
      this.stream.id,
      this.stream.id,
      size,
      ...more,
    );
    this.#running = before;
    const prepared = this.#prepared;
    this.#prepared = undefined;
    if (prepared !== undefined) {
      this.#answerThroughFilter(prepared);
      this.#aborted = true;
    }
    return status;
  }

  #over(side: SideName): boolean {
    return this.#closed || (side === 'request' && this.#answered) || this.#own === 'direct';
  }

  #next(side: SideName): Next {
    const change = (change: (before: Delivered) => Partial<Delivered>): void => {
      if (this.#closed || this.#own === 'direct' || (side === 'request' && this.#unrouted)) return;
      const before = this.#delivered[side] ?? { headers: [], pieces: [], trailers: [], complete: false };
      this.#delivered[side] = { ...before, ...change(before) };
    };
    return {
      headers: (map, complete) => {
        const needed = this.#closed || this.#own === 'direct' ? [] : NEEDED[side];
        if (needed.some((name) => map.get(name) === undefined)) this.#refuse(side);
        else change(() => ({ headers: [...map.headers], complete }));
      },
      data: (bytes, complete) => change(({ pieces }) => ({ pieces: [...pieces, bytes], complete })),
      trailers: ({ headers }) => change(() => ({ trailers: [...headers], complete: true })),
    };
  }

  #perform(action: StreamAction): void {
    if (this.#closed || this.stream.over) return;
    if (action.kind === 'close') this.#breakOff(CLOSED);
    else if (action.kind === 'answer') this.#answer(action.local);
    else if (!this.#over(action.side)) {
      this.stream.request.open = false;
      this.stream.request.trailersOpen = false;
      this.#passages[action.side].continue();
    }
  }

  /** As DownstreamFilterManager::sendLocalReply: only what has not begun yet comes through the filter. */
  #answer(local: LocalResponse): void {
    if (this.#own !== 'none') {
      const { state } = this.#callbacks;
      if (this.#running === 'response' && isSince(state.request.envoy, ONE_ANSWER_SINCE) === false)
        state.unsupported(
          'a second answer in the callbacks of its first one, which Envoy before 1.33 holds back for ever',
        );
      return;
    }
    this.#own = 'through-filter';
    this.#aborted = this.#running !== undefined;
    if (this.stream.response.headers === undefined) {
      if (this.#running === 'request') this.#prepared = local;
      else this.#answerThroughFilter(local);
    } else if (this.#delivered.response === undefined) {
      const { headers, body } = localAnswer(local, this.stream.request.headers);
      this.stream.response.headers = headers;
      this.#delivered.response = { headers: headers.headers, pieces: body ? [body] : [], trailers: [], complete: true };
      this.#own = 'direct';
      this.#answered = true;
    } else this.#breakOff(TOO_LATE);
  }

  #breakOff(why: string): void {
    this.#closed = true;
    this.#missing = { request: why, response: why };
  }

  /** Envoy's own answer to what it cannot send on. */
  #refuse(side: SideName): void {
    if (side === 'response') {
      this.#own = 'none';
      this.#answer(BAD_ANSWER);
      return;
    }
    this.#unrouted = true;
    this.#own = 'through-filter';
    this.#answerThroughFilter(NO_ROUTE);
  }

  #answerThroughFilter(local: LocalResponse): void {
    const { headers, body } = localAnswer(local, this.stream.request.headers);
    this.send('response', headers, body ? [body] : []);
  }
}
