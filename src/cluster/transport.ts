import { performance } from 'node:perf_hooks';
import type { Dispatcher } from 'undici';
import { headerOf } from '../base/answer.ts';
import { errorCode, rootMessage } from '../base/causes.ts';
import { pause, untilAborted } from '../base/concurrency.ts';
import { defined } from '../base/defined.ts';
import { parseRetryAfter, retryDelay } from '../base/retry.ts';
import { formatDuration } from '../base/text.ts';
import { isFailureStatus } from './answers.ts';
import { readLines, readText } from './body.ts';
import { Connections } from './connections.ts';
import { ConnectionError, CredentialsError } from './errors.ts';
import type { ApiAnswer, ApiRequest } from './http.ts';
import type { ClusterAccess } from './kubeconfig.ts';
import { ATTEMPT_MS, MAX_BYTES } from './limits.ts';
import { type Budget, StalledError, type Turn, UNLIMITED } from './patience.ts';
import type { OpenWebSocket, WebSocketAnswer } from './websocket.ts';

export interface TransportOptions {
  readonly userAgent: string;
  readonly openWebSocket: OpenWebSocket;
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
  /** The most bytes of an answer that is a success. */
  readonly maxBytes?: number;
  /** Whose time it takes. */
  readonly budget?: Budget;
}

/**
 * HTTP to one API server: one connection pool, limits of time and size on every answer, retries, and fresh credentials once after a
 * 401. Throws `ConnectionError` when the server cannot be reached, does not answer within what is left of a budget, or answers
 * without end, and `CredentialsError` when credentials cannot be made.
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

  /** The address of the API server. */
  get server(): string {
    return this.#server;
  }

  /** Sends a request, again after a passing failure, and gives the last answer whatever its status. */
  async send(request: ApiRequest, options: SendOptions = {}): Promise<ApiAnswer> {
    const { forwarded = false, budget = UNLIMITED } = options;
    const work = (turn: Turn): Promise<ApiAnswer> => {
      const signal = anySignal(this.#options.signal, turn.signal);
      const once = (): Promise<ApiAnswer> => this.#once(request, signal, options);
      return this.#withRetries(request, { signal, forwarded, note: turn.note, leftMs: budget.leftMs }, once);
    };
    // Credentials that an exec plugin makes have a time limit of their own.
    await untilAborted(this.#connections.dispatcher('pool'), this.#options.signal);
    try {
      return await budget.ask(`${request.method} ${request.path}`, work, (answer) => forwarded || !isRefusal(answer));
    } catch (error) {
      throw error instanceof StalledError ? new ConnectionError(this.#server, error) : error;
    }
  }

  /**
   * Opens a WebSocket, again after a passing failure, and gives the last answer whatever its status. `signal` ends it, as does
   * that of the transport. It has a connection of its own.
   */
  async webSocket(path: string, protocols: readonly string[], signal: AbortSignal): Promise<WebSocketAnswer> {
    const request: ApiRequest = { method: 'GET', path };
    const either = anySignal(this.#options.signal, signal);
    const retrying = { signal: either, forwarded: false, note: () => undefined, leftMs: UNLIMITED.leftMs };
    const answer = await this.#withRetries<WebSocketAnswer>(request, retrying, async () => {
      const { origin } = new URL(this.#server);
      return this.#options.openWebSocket(await this.#connections.dispatcher('streams'), {
        url: `${origin}${this.#basePath}${path}`,
        protocols,
        headers: await this.#headers(request),
        answerTimeoutMs: ATTEMPT_MS,
        signal: either,
      });
    });
    if (answer.messages === undefined) return answer;
    return { ...answer, messages: this.#untilBroken(answer.messages, either) };
  }

  /**
   * Opens a long answer and gives its text line by line; used for watches, which get connections of their own so that
   * they cannot starve other requests. `idleMs` is the longest silence. Throws what it may be too long for.
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
        object: { code: response.statusCode, message: await readText(response, MAX_BYTES.words, `GET ${path}`) },
      });
      return;
    }
    yield* readLines(response.body, { line: MAX_BYTES.event, all: MAX_BYTES.events }, `GET ${path}`);
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
  async #withRetries<T extends ApiAnswer>(
    request: ApiRequest,
    { signal, forwarded, note, leftMs }: RetryOptions,
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
        note(`status ${response.status}`);
        if (response.status === 401 && !refreshed && (!forwarded || isFailureStatus(response))) {
          refreshed = true;
          await this.#connections.renew(generation);
          continue;
        }
        const retryAfterSeconds = parseRetryAfter(headerOf(response, 'retry-after'), Date.now());
        delay = this.#delay(attempt, {
          status: response.status,
          ...defined({ retryAfterSeconds }),
        });
        // Who wants to be left alone for longer than there is patience has given its answer.
        if (delay === undefined || forwarded || delay >= leftMs()) return response;
      } catch (error) {
        if (error instanceof CredentialsError || signal?.aborted) throw error;
        this.#debug(request, errorCode(error) || String(error), started);
        if (!isSilence(errorCode(error))) note(rootMessage(error));
        delay = this.#delay(attempt, { connectionCode: errorCode(error) });
        if (delay === undefined || forwarded) throw new ConnectionError(this.#server, error);
      }
      await pause(delay, signal);
      signal?.throwIfAborted();
    }
  }

  async #once(
    request: ApiRequest,
    given: AbortSignal | undefined,
    { timeoutMs = ATTEMPT_MS, maxBytes = MAX_BYTES.object }: SendOptions,
  ): Promise<ApiAnswer> {
    const limit = AbortSignal.timeout(timeoutMs);
    const signal = anySignal(given, limit);
    try {
      const dispatcher = await untilAborted(this.#connections.dispatcher('pool'), given);
      const response = await this.#dispatch(dispatcher, request, timeoutMs, signal);
      const text = await readText(response, maxBytes, `${request.method} ${request.path}`);
      return { status: response.statusCode, headers: response.headers, text };
    } catch (error) {
      if (!limit.aborted || given?.aborted) throw error;
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
    request: ApiRequest,
    bodyTimeout: number,
    signal: AbortSignal | undefined,
  ): Promise<Dispatcher.ResponseData> {
    const response = dispatcher.request({
      origin: new URL(this.#server).origin,
      path: `${this.#basePath}${request.path}`,
      method: request.method,
      headers: await this.#headers(request),
      body: request.body ?? null,
      headersTimeout: ATTEMPT_MS,
      bodyTimeout,
      ...defined({ signal }),
    });
    // undici looks at the signal only once it is connected.
    return untilAborted(response, signal);
  }

  async #headers(request: ApiRequest): Promise<Record<string, string | string[]>> {
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

  #debug(request: ApiRequest, outcome: string, started: number): void {
    this.#options.debug?.(
      `${request.method} ${request.path} → ${outcome} in ${Math.round(performance.now() - started)} ms`,
    );
  }
}

/** How long attempts are made. */
interface RetryOptions extends Pick<Turn, 'signal' | 'note'>, Pick<Budget, 'leftMs'> {
  readonly forwarded: boolean;
}

/** Whether an attempt failed only for want of an answer. */
function isSilence(code: string): boolean {
  return code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT';
}

/** Whether an answer only says to come again. */
function isRefusal({ status }: ApiAnswer): boolean {
  return status === 429 || status >= 500;
}

function anySignal(one: AbortSignal | undefined, other: AbortSignal): AbortSignal;
function anySignal(one: AbortSignal | undefined, other: AbortSignal | undefined): AbortSignal | undefined;
function anySignal(one: AbortSignal | undefined, other: AbortSignal | undefined): AbortSignal | undefined {
  return one === undefined || other === undefined ? (one ?? other) : AbortSignal.any([one, other]);
}
