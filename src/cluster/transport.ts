import { performance } from 'node:perf_hooks';
import type { Dispatcher } from 'undici';
import { errorCode } from '../base/causes.ts';
import { pause, untilAborted } from '../base/concurrency.ts';
import { parseRetryAfter, retryDelay } from '../base/retry.ts';
import { formatDuration } from '../base/text.ts';
import { isFailureStatus } from './answers.ts';
import { Connections } from './connections.ts';
import { ConnectionError, CredentialsError } from './errors.ts';
import { type HttpRequest, type HttpResponse, headerOf } from './http.ts';
import type { ClusterAccess } from './kubeconfig.ts';
import { openWebSocket, type WebSocketAnswer } from './websocket.ts';

export interface TransportOptions {
  readonly userAgent: string;
  /** Stops waiting for retries and open requests. */
  readonly signal?: AbortSignal;
  readonly debug?: (line: string) => void;
  readonly random?: () => number;
}

/** How one request is sent. */
export interface SendOptions {
  /** What the API server forwards to answers: whatever it says is meant, so nothing is asked twice. */
  readonly forwarded?: boolean;
  /** The longest time for one attempt, to the end of the answer. */
  readonly timeoutMs?: number;
}

const ANSWER_TIMEOUT_MS = 30_000;

/**
 * HTTP to one API server: one connection pool, time limits on every request, retries, and fresh credentials once after a 401.
 * Throws `ConnectionError` when the server cannot be reached, `CredentialsError` when credentials cannot be made.
 */
export class Transport {
  readonly #server: string;
  readonly #connections: Connections;
  readonly #options: TransportOptions;
  readonly #basePath: string;

  constructor(access: ClusterAccess, options: TransportOptions) {
    this.#server = access.server;
    this.#connections = new Connections(access);
    this.#options = options;
    this.#basePath = new URL(access.server).pathname.replace(/\/$/, '');
  }

  /** Sends a request, again after a passing failure, and gives the last answer whatever its status. */
  send(request: HttpRequest, options: SendOptions = {}): Promise<HttpResponse> {
    const { forwarded = false } = options;
    return this.#insist(request, this.#options.signal, forwarded, () => this.#once(request, options.timeoutMs));
  }

  /**
   * Opens a WebSocket, again after a passing failure, and gives the last answer whatever its status. `signal` ends it, as does
   * that of the transport. It has a connection of its own.
   */
  async webSocket(path: string, protocols: readonly string[], signal: AbortSignal): Promise<WebSocketAnswer> {
    const request: HttpRequest = { method: 'GET', path };
    const either = anySignal(this.#options.signal, signal);
    const answer = await this.#insist<WebSocketAnswer>(request, either, false, async () => {
      const { origin } = new URL(this.#server);
      return openWebSocket(await this.#connections.dispatcher('streams'), {
        url: `${origin}${this.#basePath}${path}`,
        protocols,
        headers: await this.#headers(request),
        answerTimeoutMs: ANSWER_TIMEOUT_MS,
        signal: either,
      });
    });
    if (answer.messages === undefined) return answer;
    return { ...answer, messages: this.#untilBroken(answer.messages, either) };
  }

  /**
   * Opens a long answer and gives its text line by line; used for watches, which get connections of their own so that
   * they cannot starve other requests. `idleMs` is the longest silence.
   */
  async *lines(path: string, idleMs: number, signal: AbortSignal): AsyncGenerator<string, void, undefined> {
    const response = await this.#dispatch(
      await this.#connections.dispatcher('streams'),
      { method: 'GET', path },
      idleMs,
      signal,
    );
    if (response.statusCode !== 200) {
      yield JSON.stringify({
        type: 'ERROR',
        object: { code: response.statusCode, message: await response.body.text() },
      });
      return;
    }
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body) {
      rest += decoder.decode(chunk as Uint8Array, { stream: true });
      const complete = rest.split('\n');
      rest = complete.pop() ?? '';
      yield* complete;
    }
  }

  /** Ends every connection; requests still open fail. */
  close(): Promise<void> {
    return this.#connections.close();
  }

  /**
   * Attempts until an answer is worth no further attempt; the only place that knows when that is. Every request may be repeated:
   * reads, server-side applies with one manager and body, merge patches guarded by resourceVersion, and deletions, where the
   * next attempt finds nothing left.
   */
  async #insist<T extends HttpResponse>(
    request: HttpRequest,
    signal: AbortSignal | undefined,
    forwarded: boolean,
    attemptOnce: () => Promise<T>,
  ): Promise<T> {
    let refreshed = false;
    for (let attempt = 1; ; attempt++) {
      const started = performance.now();
      const { generation } = this.#connections;
      let delay: number | undefined;
      try {
        const response = await attemptOnce();
        this.#debug(request, `${response.status}`, started);
        if (response.status === 401 && !refreshed && (!forwarded || isFailureStatus(response))) {
          refreshed = true;
          await this.#connections.renew(generation);
          continue;
        }
        const retryAfterSeconds = parseRetryAfter(headerOf(response, 'retry-after'), Date.now());
        delay = this.#delay(attempt, {
          status: response.status,
          ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
        });
        if (delay === undefined || forwarded) return response;
      } catch (error) {
        if (error instanceof CredentialsError || signal?.aborted) throw error;
        this.#debug(request, errorCode(error) || String(error), started);
        delay = this.#delay(attempt, { connectionCode: errorCode(error) });
        if (delay === undefined || forwarded) throw new ConnectionError(this.#server, error);
      }
      await pause(delay, signal);
      signal?.throwIfAborted();
    }
  }

  async #once(request: HttpRequest, timeoutMs?: number): Promise<HttpResponse> {
    const limit = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    const signal = anySignal(this.#options.signal, limit);
    const dispatcher = await this.#connections.dispatcher('pool');
    try {
      const response = await this.#dispatch(dispatcher, request, ANSWER_TIMEOUT_MS, signal);
      return { status: response.statusCode, headers: response.headers, text: await response.body.text() };
    } catch (error) {
      if (timeoutMs === undefined || !limit?.aborted) throw error;
      const cause = new Error(`no answer within ${formatDuration(timeoutMs)}`, { cause: error });
      throw Object.assign(cause, { code: 'UND_ERR_HEADERS_TIMEOUT' });
    }
  }

  async *#untilBroken(messages: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield* messages;
    } catch (error) {
      throw signal.aborted ? error : new ConnectionError(this.#server, error);
    }
  }

  async #dispatch(
    dispatcher: Dispatcher,
    request: HttpRequest,
    bodyTimeout: number,
    signal: AbortSignal | undefined,
  ): Promise<Dispatcher.ResponseData> {
    const response = dispatcher.request({
      origin: new URL(this.#server).origin,
      path: `${this.#basePath}${request.path}`,
      method: request.method,
      headers: await this.#headers(request),
      body: request.body ?? null,
      headersTimeout: ANSWER_TIMEOUT_MS,
      bodyTimeout,
      ...(signal === undefined ? {} : { signal }),
    });
    // undici looks at the signal only once it is connected.
    return untilAborted(response, signal);
  }

  async #headers(request: HttpRequest): Promise<Record<string, string | string[]>> {
    const credentials = await this.#connections.headers();
    // A request to a pod brings headers of its own; the credentials stay those of the kubeconfig.
    const given = [...Object.entries(request.headers ?? {}), ...Object.entries(credentials)];
    return {
      accept: 'application/json',
      'user-agent': this.#options.userAgent,
      ...Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value])),
    };
  }

  #delay(attempt: number, outcome: Parameters<typeof retryDelay>[1]): number | undefined {
    return retryDelay(attempt, outcome, (this.#options.random ?? Math.random)());
  }

  #debug(request: HttpRequest, outcome: string, started: number): void {
    this.#options.debug?.(
      `${request.method} ${request.path} → ${outcome} in ${Math.round(performance.now() - started)} ms`,
    );
  }
}

function anySignal(one: AbortSignal | undefined, other: AbortSignal): AbortSignal;
function anySignal(one: AbortSignal | undefined, other: AbortSignal | undefined): AbortSignal | undefined;
function anySignal(one: AbortSignal | undefined, other: AbortSignal | undefined): AbortSignal | undefined {
  return one === undefined || other === undefined ? (one ?? other) : AbortSignal.any([one, other]);
}
