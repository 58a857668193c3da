import type { Header } from '../host/request.ts';

/** A message as it has come out of the proxy. */
export interface ObservedMessage {
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
  readonly trailers: readonly Header[];
}

/** A call that the filter has made. */
export interface ObservedCall {
  readonly cluster: string;
  /** With `:path` and `:method`. */
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
}

/** What was seen of a step of a test, whoever ran the filter. */
export interface Observed {
  /** `undefined`: no whole request has reached the workload. */
  readonly request: ObservedMessage | undefined;
  /** `undefined`: the client has got no whole answer. */
  readonly response: (ObservedMessage & { readonly from: 'filter' | 'workload' }) | undefined;
  /** Why there is no whole message, where that is known. */
  readonly missing?: Readonly<Record<'request' | 'response', string | undefined>> | undefined;
  /** `LEVEL: TEXT`. */
  readonly log: readonly string[];
  readonly calls: readonly ObservedCall[];
  /** The value of a metric, of a histogram the number of its records. */
  readonly metric: (name: string) => bigint | undefined;
}
