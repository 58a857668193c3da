import { performance } from 'node:perf_hooks';
import type { Dispatcher } from 'undici';
import { pause, untilAborted } from '../base/concurrency.ts';
import { type Identity, makeDispatcher, type ProxyEnvironment, resolveIdentity } from './dispatcher.ts';
import { ConnectionError, CredentialsError, errorCode } from './errors.ts';
import type { ClusterAccess } from './kubeconfig.ts';
import { parseRetryAfter, retryDelay } from './retry.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Path and query below the server's address. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface TransportOptions {
  readonly userAgent: string;
  readonly environment: ProxyEnvironment;
  /** Stops waiting for retries and open requests. */
  readonly signal?: AbortSignal;
  readonly debug?: (line: string) => void;
  readonly random?: () => number;
}

/** 8 connections keep the API server busy without opening one per request, which client-node would do. */
const CONNECTIONS = 8;
const MOST_STREAMS = 256;
const CONNECT_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 30_000;

/**
 * HTTP to one API server: one connection pool, time limits on every request, retries, and fresh credentials once after a 401.
 * Throws `ConnectionError` when the server cannot be reached, `CredentialsError` when credentials cannot be made.
 */
export class Transport {
  readonly #access: ClusterAccess;
  readonly #options: TransportOptions;
  readonly #basePath: string;
  #identity: Promise<Identity> | undefined;
  #pool: Promise<Dispatcher> | undefined;
  #streams: Promise<Dispatcher> | undefined;

  constructor(access: ClusterAccess, options: TransportOptions) {
    this.#access = access;
    this.#options = options;
    this.#basePath = new URL(access.server).pathname.replace(/\/$/, '');
  }

  /** Sends a request, again after a passing failure, and gives the last answer whatever its status. */
  async send(request: HttpRequest): Promise<HttpResponse> {
    let refreshed = false;
    for (let attempt = 1; ; attempt++) {
      const started = performance.now();
      let delay: number | undefined;
      try {
        const response = await this.#once(request);
        this.#debug(request, `${response.status}`, started);
        if (response.status === 401 && !refreshed) {
          refreshed = true;
          await this.#renewIdentity();
          continue;
        }
        const retryAfterSeconds = parseRetryAfter(headerOf(response, 'retry-after'), Date.now());
        delay = this.#delay(attempt, {
          status: response.status,
          ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
        });
        if (delay === undefined) return response;
      } catch (error) {
        if (error instanceof CredentialsError || this.#options.signal?.aborted) throw error;
        this.#debug(request, errorCode(error) || String(error), started);
        delay = this.#delay(attempt, { connectionCode: errorCode(error) });
        if (delay === undefined) throw new ConnectionError(this.#access.server, error);
      }
      await pause(delay, this.#options.signal);
      this.#options.signal?.throwIfAborted();
    }
  }

  /**
   * Opens a long answer and gives its text line by line; used for watches, which get connections of their own so that
   * they cannot starve other requests. `idleMs` is the longest silence.
   */
  async *lines(path: string, idleMs: number, signal: AbortSignal): AsyncGenerator<string, void, undefined> {
    const response = await this.#dispatch(await this.#dispatcher('streams'), { method: 'GET', path }, idleMs, signal);
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
  async close(): Promise<void> {
    const open = await Promise.allSettled([this.#pool, this.#streams]);
    await Promise.all(open.map((pool) => (pool.status === 'fulfilled' ? pool.value?.destroy() : undefined)));
  }

  async #once(request: HttpRequest): Promise<HttpResponse> {
    const dispatcher = await this.#dispatcher('pool');
    const response = await this.#dispatch(dispatcher, request, ANSWER_TIMEOUT_MS, this.#options.signal);
    return { status: response.statusCode, headers: response.headers, text: await response.body.text() };
  }

  async #dispatch(
    dispatcher: Dispatcher,
    request: HttpRequest,
    bodyTimeout: number,
    signal: AbortSignal | undefined,
  ): Promise<Dispatcher.ResponseData> {
    const { headers } = await this.#resolveIdentity();
    const response = dispatcher.request({
      origin: new URL(this.#access.server).origin,
      path: `${this.#basePath}${request.path}`,
      method: request.method,
      headers: { accept: 'application/json', 'user-agent': this.#options.userAgent, ...headers, ...request.headers },
      body: request.body ?? null,
      headersTimeout: ANSWER_TIMEOUT_MS,
      bodyTimeout,
      ...(signal === undefined ? {} : { signal }),
    });
    // undici looks at the signal only once it is connected.
    return untilAborted(response, signal);
  }

  #resolveIdentity(): Promise<Identity> {
    this.#identity ??= resolveIdentity(this.#access.newConfig()).catch((error: unknown) => {
      throw new CredentialsError(error);
    });
    return this.#identity;
  }

  /** A new configuration has no cached credential, so an exec plugin runs again and a token file is read again. */
  async #renewIdentity(): Promise<void> {
    this.#identity = undefined;
    const old = [this.#pool, this.#streams];
    this.#pool = undefined;
    this.#streams = undefined;
    await this.#resolveIdentity();
    const [pool, streams] = await Promise.all(old);
    // Watches would hold up a gentle close; they are opened anew.
    await Promise.all([pool?.close(), streams?.destroy()]);
  }

  #dispatcher(kind: 'pool' | 'streams'): Promise<Dispatcher> {
    const make = async (connections: number): Promise<Dispatcher> => {
      const { server, proxyUrl } = this.#access;
      const limits = { connections, connectTimeoutMs: CONNECT_TIMEOUT_MS };
      return makeDispatcher(server, proxyUrl, await this.#resolveIdentity(), limits, this.#options.environment);
    };
    if (kind === 'pool') {
      this.#pool ??= make(CONNECTIONS);
      return this.#pool;
    }
    this.#streams ??= make(MOST_STREAMS);
    return this.#streams;
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

/** One header's first value. */
export function headerOf(response: HttpResponse, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
