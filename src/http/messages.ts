import { type AnswerHeaders, headerOf } from '../base/answer.ts';
import { parseRetryAfter } from '../base/retry.ts';

/** One request to a server. */
export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Of what is asked for; longer answers are broken off. What a server says instead may be longer. */
  readonly maxBytes: number;
  /** Set for what is repeated only together with what came before it. */
  readonly once?: true;
  /** Set where a redirect is an answer like any other; else reading requests follow it. */
  readonly stay?: true;
}

/** An answer, read to its end; the names of its headers are in lower case. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Uint8Array;
  /** What answered, after redirects. */
  readonly url: URL;
}

/** What the `Retry-After` of an answer asks to wait, in seconds; `undefined` if it has none. */
export function retryAfterSeconds(answer: Pick<HttpAnswer, 'headers'>): number | undefined {
  return parseRetryAfter(headerOf(answer, 'retry-after'), Date.now());
}
