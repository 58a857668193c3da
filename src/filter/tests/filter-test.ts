import type { Header } from '../host/request.ts';
import type { FilterSettings } from '../settings.ts';

/** What must be true of one text. `absent`: there must be none. */
export type TextExpectation =
  | { readonly kind: 'exact'; readonly text: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'absent' }
  /** `*` stands for any text, as in `info: *orders*`. */
  | { readonly kind: 'wildcard'; readonly pattern: string }
  /** Matched in linear time: a test comes with the filter, and a filter's test must not hang the job. */
  | { readonly kind: 'expression'; readonly source: string };

/** Header names are in lower case. What is not named may be anything. */
export type HeaderExpectations = Readonly<Record<string, TextExpectation>>;

/**
 * A request or an answer as it enters the proxy. Bodies come in one piece or in several; none is a message without a body. `:method`,
 * `:path`, `:authority` and `:scheme` of a request and `:status` of an answer stand among the headers; where they do not, it is
 * `GET / http` to `service.example`, and 200.
 */
export interface TestMessage {
  readonly headers: readonly Header[];
  readonly chunks: readonly Uint8Array[];
  readonly trailers: readonly Header[];
}

/** The answer to a call that the filter makes by itself. */
export type CallAnswer =
  | { readonly kind: 'http'; readonly status: number; readonly message: TestMessage }
  | {
      readonly kind: 'grpc';
      readonly status: number;
      readonly statusMessage: string;
      readonly messages: readonly Uint8Array[];
    }
  /** The cluster cannot be reached, or does not answer in time. */
  | { readonly kind: 'failure'; readonly why: 'unreachable' | 'timeout' };

/** How calls of the filter are answered; the first whose cluster and path fit. */
export interface CallRule {
  readonly cluster: TextExpectation;
  readonly path: TextExpectation;
  readonly answer: CallAnswer;
}

/** A call that the filter must have made. */
export interface CallExpectation {
  readonly cluster: TextExpectation;
  readonly path: TextExpectation;
  readonly method?: TextExpectation;
  readonly headers: HeaderExpectations;
  readonly body?: TextExpectation;
}

/** What must be true after a step. Omitted is what may be anything; a step that expects nothing is an error of its reader. */
export interface Expectation {
  /** What reaches the workload; `null`: nothing must. */
  readonly request?: MessageExpectation | null;
  /** What the client gets; `null`: it must get none, because the filter holds the request back. */
  readonly response?:
    | (MessageExpectation & { readonly status?: TextExpectation; readonly from?: 'filter' | 'workload' })
    | null;
  /** Each must fit a line of the filter's log, `LEVEL: TEXT`. */
  readonly log?: readonly TextExpectation[];
  /** In this order, among others. */
  readonly calls?: readonly CallExpectation[];
  /** Values of metrics by the names that the filter gives them; of a histogram the number of its records. */
  readonly metrics?: Readonly<Record<string, bigint>>;
}

export interface MessageExpectation {
  readonly headers: HeaderExpectations;
  readonly body?: TextExpectation;
  readonly trailers: HeaderExpectations;
}

/** One thing that happens to a filter that runs, and what must be true of it. */
export interface TestStep {
  /** How often `proxy_on_tick` is called before the request, the clock moved on by the period that the filter has asked for each time. */
  readonly ticks: number;
  /** `undefined`: ticks alone. */
  readonly request?: TestMessage;
  /** What the workload answers. */
  readonly upstream: TestMessage;
  /** How often the request is sent, one after the other; what is expected is of the last one. */
  readonly repeat: number;
  readonly calls: readonly CallRule[];
  readonly expect: Expectation;
}

/** One test of a filter. Its steps share one VM: shared data, queues, metrics and the clock go on. */
export interface FilterTest {
  readonly name: string;
  /** What this test has otherwise than the filter's own settings. */
  readonly settings: Partial<Pick<FilterSettings, 'configuration' | 'environment' | 'rootId' | 'direction'>>;
  /** By path with dots, such as `xds.cluster_name`; over what the host itself knows. */
  readonly properties: Readonly<Record<string, string | bigint | boolean>>;
  /** `accepted`: the proxy takes the filter, and the steps follow. `refused`: it must not, and there are no steps. */
  readonly start:
    | { readonly kind: 'accepted'; readonly steps: readonly TestStep[] }
    | { readonly kind: 'refused'; readonly log: readonly TextExpectation[] };
}

/** One thing that is not as expected. */
export interface TestDifference {
  /** Where, in the words of the test's file: `response.headers.x-shop`, `sequence[1].request.body`, `start`. */
  readonly where: string;
  readonly expected: string;
  /** `undefined`: it was not there. */
  readonly got: string | undefined;
}

/** What a test came to on one kind of Envoy. */
export type TestResult = {
  readonly name: string;
  /** The filter's own lines as `LEVEL: TEXT`, cut to a readable amount. */
  readonly log: readonly string[];
  /** The host functions that it called, each with the status that it got, cut to the last ones. */
  readonly trace: readonly string[];
} & (
  | { readonly state: 'passed' }
  | { readonly state: 'failed'; readonly differences: readonly TestDifference[] }
  /** The filter stopped: a trap, a crash of the proxy, or no end within its time. */
  | { readonly state: 'stopped'; readonly why: string }
  /** The host cannot say: what it does not know, by name, such as `the foreign function compress`. */
  | { readonly state: 'inconclusive'; readonly why: readonly string[] }
);
