import type { Header, TrialRequest } from '../host/request.ts';

/** What Envoy does before a listener with the filter is accepted, in this order. */
const LOAD_STEPS = ['compile', 'link', 'start', 'context-create', 'vm-start', 'configure'] as const;
export type LoadStep = (typeof LOAD_STEPS)[number];

/** What one request goes through afterwards. `stream-create` is the context of that request. */
export type StreamStep =
  | 'stream-create'
  | 'request-headers'
  | 'request-body'
  | 'request-trailers'
  | 'response-headers'
  | 'response-body'
  | 'response-trailers'
  | 'log'
  | 'done'
  | 'delete';

/** What only comes where somebody answers calls, lets time pass or fills queues: in the tests of a filter. */
export type EventStep = 'tick' | 'queue' | 'http-call' | 'grpc-metadata' | 'grpc-message' | 'grpc-close';

export type TrialStep = LoadStep | StreamStep | EventStep;

/** What the filter made of one request and its answer. */
export interface TrialHeaders {
  /** What the workload would have got. */
  readonly request: readonly Header[];
  /** What the client would have got; missing when the filter held the request back, waiting for something. */
  readonly response?: readonly Header[];
}

/** What a trial run came to, without the lines that the filter logged. */
export type TrialOutcome =
  | { readonly state: 'passed'; readonly headers?: TrialHeaders }
  /** Envoy would refuse the filter when it loads it. */
  | { readonly state: 'refused'; readonly step: Exclude<LoadStep, 'context-create'>; readonly reason: string }
  /** The proxy's whole process would end: the filter makes Envoy read what is not there. */
  | { readonly state: 'crashed'; readonly step: TrialStep; readonly reason: string }
  /** Envoy would load the filter, and requests would fail. */
  | { readonly state: 'trapped'; readonly step: TrialStep; readonly reason: string }
  | { readonly state: 'timeout'; readonly step: TrialStep }
  /**
   * Nothing can be said about the filter. `brokeOff`: the trial did not come to its end, for a cause that may well be the
   * filter's, such as its hunger for memory.
   */
  | { readonly state: 'inconclusive'; readonly why: string; readonly brokeOff?: true };

/** What a trial run came to, and what the filter did on the way. */
export type TrialVerdict = TrialOutcome & {
  /** The filter's own lines as `level: text`, cut to a readable amount. */
  readonly logs: readonly string[];
  /** The host functions that it called, each with the status it got; omitted when it did not come to an end. */
  readonly calls?: readonly string[];
};

/** Starts a filter as Envoy would. */
export type Trial = (request: TrialRequest) => Promise<TrialVerdict>;
