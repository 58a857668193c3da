import type { HeaderMap } from '../host/header-map.ts';
import type { Side } from '../host/stream.ts';

/** Where one side of a stream goes behind the filter: to the workload, or to the client. */
export interface Next {
  readonly headers: (headers: HeaderMap, end: boolean) => void;
  readonly data: (bytes: Uint8Array, end: boolean) => void;
  readonly trailers: (trailers: HeaderMap) => void;
}

export type MessagePart = 'headers' | 'body' | 'trailers';

/** The filter before it. */
export interface FilterSide {
  /** Runs a callback and gives what it returns; `undefined` if the filter has none. */
  readonly call: (part: MessagePart, size: number, end: boolean) => number | undefined;
  /** The filter has answered by itself, or closed the stream, in the callback that has just run. */
  readonly aborted: () => boolean;
  /** Nothing more of this side is looked at. */
  readonly over: () => boolean;
  readonly next: Next;
}

/** `proxy_on_…_headers` returns Continue, or what Envoy takes for it (ContinueAndEndStream). */
const HEADERS_GO_ON = [0, 2];
const STOP_ITERATION = 1;
const DATA_STATUS = { goOn: 0, buffer: 1, watermark: 2 } as const;
const NOTHING = new Uint8Array();

/**
 * One side of a stream on its way through the filter, as Envoy's filter manager leads it (source/common/http/filter_manager.cc;
 * source/extensions/common/wasm/context.cc): headers, pieces of the body and trailers go on, or wait, as the filter's callbacks say.
 */
export class Passage {
  readonly #side: Side;
  readonly #filter: FilterSide;
  readonly #allowStopAtHeaders: boolean;
  #iteration: 'on' | 'stopped' | 'stopped-all' = 'on';
  #headersPassed = false;
  /** All has come. */
  #complete = false;
  /** The filter has seen the end. */
  #ended = false;
  #heldAt: MessagePart | undefined;

  /** `allowStopAtHeaders`: `allow_on_headers_stop_iteration` of the filter's configuration. */
  constructor(side: Side, filter: FilterSide, allowStopAtHeaders: boolean) {
    this.#side = side;
    this.#filter = filter;
    this.#allowStopAtHeaders = allowStopAtHeaders;
  }

  /** The part at which the filter has told to wait and has not let go on since; `undefined`: it holds nothing back. */
  get heldAt(): MessagePart | undefined {
    return this.#heldAt;
  }

  /** Headers come; `end`: and nothing else. */
  headers(headers: HeaderMap, end: boolean): void {
    const side = this.#side;
    side.headers = headers;
    side.open = true;
    this.#complete = end;
    this.#ended = end;
    const status = this.#filter.call('headers', headers.headers.length, end) ?? 0;
    const stopped = this.#filter.aborted();
    if (!stopped && HEADERS_GO_ON.includes(status)) {
      side.open = false;
      this.#passHeaders(end);
      return;
    }
    if (!stopped) this.#heldAt = 'headers';
    if (stopped || (status === STOP_ITERATION && this.#allowStopAtHeaders)) this.#iteration = 'stopped';
    else this.#iteration = 'stopped-all';
  }

  /** A piece of the body comes; `end`: the last one, and no trailers behind it. */
  data(bytes: Uint8Array, end: boolean): void {
    this.#side.received += bytes.length;
    if (end) this.#complete = true;
    if (this.#filter.over()) return;
    if (this.#iteration === 'stopped-all') this.#keep(bytes);
    else this.#piece(bytes, end);
  }

  /** Trailers come, which end it. */
  trailers(trailers: HeaderMap): void {
    this.#side.trailers = trailers;
    this.#complete = true;
    if (this.#filter.over() || this.#iteration === 'stopped-all') return;
    this.#showTrailers(trailers);
  }

  /** The filter lets go on what it holds back. */
  continue(): void {
    const side = this.#side;
    const fromFilter = this.#iteration === 'stopped-all';
    this.#iteration = 'on';
    this.#heldAt = undefined;
    this.#passHeaders(this.#complete && side.buffered === undefined && side.trailers === undefined);
    const { trailers, buffered } = side;
    if (buffered !== undefined) {
      const end = this.#complete && trailers === undefined;
      side.buffered = undefined;
      if (fromFilter) this.#piece(buffered, end);
      else this.#filter.next.data(buffered, end);
    }
    if (trailers === undefined || this.#filter.over()) return;
    if (fromFilter) this.#showTrailers(trailers);
    else this.#filter.next.trailers(trailers);
  }

  #passHeaders(end: boolean): void {
    const { headers } = this.#side;
    if (this.#headersPassed || headers === undefined) return;
    this.#headersPassed = true;
    this.#filter.next.headers(headers, end);
  }

  #piece(bytes: Uint8Array, end: boolean): void {
    const side = this.#side;
    if (this.#ended) return;
    const hadTrailers = side.trailers !== undefined;
    this.#ended = end && !hadTrailers;
    if (side.collecting) this.#keep(bytes);
    side.piece = side.collecting ? NOTHING : bytes;
    side.lastPiece = this.#ended;
    const status = this.#filter.call('body', side.body?.length ?? 0, this.#ended) ?? 0;
    const piece = side.piece;
    side.lastPiece = false;
    side.piece = undefined;
    side.collecting = false;
    if (this.#filter.aborted()) {
      this.#iteration = 'stopped';
      return;
    }
    const added = hadTrailers ? undefined : side.trailers;
    if (status !== DATA_STATUS.goOn) this.#hold(status, piece);
    else if (this.#iteration === 'stopped') {
      this.#keep(piece);
      this.continue();
    } else {
      this.#filter.next.data(piece, end && added === undefined);
      if (added !== undefined) this.#filter.next.trailers(added);
    }
  }

  #hold(status: number, piece: Uint8Array): void {
    const side = this.#side;
    this.#iteration = 'stopped';
    this.#heldAt = 'body';
    side.collecting = status === DATA_STATUS.buffer;
    if (side.collecting || status === DATA_STATUS.watermark) this.#keep(piece);
    // What is let go on later ends with an empty piece.
    else if (this.#complete && side.trailers === undefined) side.buffered ??= NOTHING;
  }

  #keep(bytes: Uint8Array): void {
    const { buffered } = this.#side;
    this.#side.buffered = buffered === undefined ? bytes : Buffer.concat([buffered, bytes]);
  }

  #showTrailers(trailers: HeaderMap): void {
    this.#side.trailersOpen = true;
    this.#ended = true;
    const status = this.#filter.call('trailers', trailers.headers.length, true) ?? 0;
    if (this.#filter.aborted() || status !== 0) {
      if (!this.#filter.aborted()) this.#heldAt = 'trailers';
      if (this.#iteration === 'on') this.#iteration = 'stopped';
      return;
    }
    this.#side.trailersOpen = false;
    if (this.#iteration === 'stopped') this.continue();
    else this.#filter.next.trailers(trailers);
  }
}
