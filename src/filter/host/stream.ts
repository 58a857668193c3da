import type { HeaderMap } from './header-map.ts';
import type { Header } from './request.ts';

/** One answer that a filter gave in place of the workload. */
export interface LocalResponse {
  readonly status: number;
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
  /** As it was given; −1 is none. */
  readonly grpcStatus: number;
}

/** What the filter asks for while it runs, and Envoy does once the call has ended. */
export type StreamAction =
  | { readonly kind: 'continue'; readonly side: SideName }
  | { readonly kind: 'answer'; readonly local: LocalResponse }
  | { readonly kind: 'close' };

export type SideName = 'request' | 'response';

/** The request of a stream, or its answer, as far as it has come; what of it can be reached changes with every callback. */
export class Side {
  headers: HeaderMap | undefined;
  trailers: HeaderMap | undefined;
  /**
   * Whether headers can be reached: from when they come until the filter lets them go on. Envoy takes them away then, and a callback
   * for the body does not see them any more.
   */
  open = false;
  trailersOpen = false;
  /** What is held back of the body. */
  buffered: Uint8Array | undefined;
  /** The filter has the body collected, and gets all that has come of it. */
  collecting = false;
  /** The piece of the body that the running callback is for. */
  piece: Uint8Array | undefined;
  /** The running callback is for the last piece of the body. */
  lastPiece = false;
  /** Bytes of the body that have come. */
  received = 0;

  /** The body that can be read and changed now. */
  get body(): Uint8Array | undefined {
    return this.collecting ? this.buffered : this.piece;
  }

  set body(bytes: Uint8Array) {
    if (this.collecting) this.buffered = bytes;
    else this.piece = bytes;
  }
}

/** One HTTP request and its answer, as the filter's context of it has them. */
export class Stream {
  /** The id of its context. */
  readonly id: number;
  readonly request = new Side();
  readonly response = new Side();
  /** Properties that the filter has set, by path. */
  readonly properties = new Map<string, Uint8Array>();
  /** Nothing passes through any more. */
  over = false;
  /** While the request is logged, all headers can be read and none can be changed. */
  logging = false;
  /** Does what the filter has asked for. */
  perform: (action: StreamAction) => void = () => undefined;

  constructor(id: number) {
    this.id = id;
  }
}
