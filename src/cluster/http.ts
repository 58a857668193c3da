import type { AnswerHeaders } from '../base/answer.ts';

/** One request to the API server. */
export interface ApiRequest {
  readonly method: 'GET' | 'HEAD' | 'OPTIONS' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query below the server's address. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An answer; the names of its headers are in lower case. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly text: string;
}
