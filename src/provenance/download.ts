import { performance } from 'node:perf_hooks';
import { type Dispatcher, request } from 'undici';
import { errorCode } from '../base/causes.ts';
import { pause, untilAborted } from '../base/concurrency.ts';
import { messageOf } from '../base/problem.ts';
import type { ProxyEnvironment } from '../base/proxy.ts';
import { parseRetryAfter, retryDelay } from '../base/retry.ts';
import { makeDispatcher } from '../cluster/dispatcher.ts';
import { headerOf } from '../cluster/http.ts';

/** An answer to a GET; the names of its headers are in lower case. */
export interface Download {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Uint8Array;
}

export interface DownloadsOptions {
  readonly userAgent: string;
  /** Names the proxy, if there is one. */
  readonly environment: ProxyEnvironment;
  /** Ends open requests and waits for retries. */
  readonly signal: AbortSignal;
  readonly debug: (line: string) => void;
}

const LIMITS = { connections: 4, connectTimeoutMs: 10_000 } as const;
const ANSWER_TIMEOUT_MS = 30_000;
/** Far more than an attestation has, and little enough to hold. */
export const MOST_BYTES = 16 * 1024 * 1024;
/** Who is told to come back later than this is told so, and does not wait. */
const MOST_PATIENCE_SECONDS = 60;

/** A server that could not be reached, or did not answer to the end. */
export class DownloadError extends Error {
  constructor(host: string, cause: unknown) {
    super(`${host} cannot be reached: ${errorCode(cause) || messageOf(cause)}`, { cause });
    this.name = 'DownloadError';
  }
}

/** GETs from a few servers, each again after a passing failure. Redirections are not followed. */
export class Downloads {
  readonly #options: DownloadsOptions;
  readonly #dispatchers = new Map<string, Dispatcher>();

  constructor(options: DownloadsOptions) {
    this.#options = options;
  }

  /**
   * The last answer, whatever its status; waits as long as a `Retry-After` asks, if that is within a minute.
   * @throws DownloadError when there is no answer, the signal's reason when it aborts
   */
  async get(url: URL, headers: Readonly<Record<string, string>> = {}): Promise<Download> {
    const { signal } = this.#options;
    for (let attempt = 1; ; attempt++) {
      let delay: number | undefined;
      try {
        const answer = await this.#once(url, headers);
        const retryAfterSeconds = retryAfter(answer);
        if (retryAfterSeconds !== undefined && retryAfterSeconds > MOST_PATIENCE_SECONDS) return answer;
        // GitHub refuses for a while with either status (https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api).
        const status = answer.status === 403 && retryAfterSeconds !== undefined ? 429 : answer.status;
        const outcome = { status, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
        delay = retryDelay(attempt, outcome, Math.random());
        if (delay === undefined) return answer;
      } catch (error) {
        signal.throwIfAborted();
        delay = retryDelay(attempt, { connectionCode: errorCode(error) }, Math.random());
        if (delay === undefined) throw new DownloadError(url.host, error);
      }
      await pause(delay, signal);
      signal.throwIfAborted();
    }
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    await Promise.all([...this.#dispatchers.values()].map((dispatcher) => dispatcher.destroy()));
  }

  async #once(url: URL, headers: Readonly<Record<string, string>>): Promise<Download> {
    const { userAgent, signal, debug } = this.#options;
    const started = performance.now();
    const answering = request(url, {
      dispatcher: this.#dispatcherFor(url.origin),
      headers: { ...headers, 'user-agent': userAgent },
      headersTimeout: ANSWER_TIMEOUT_MS,
      bodyTimeout: ANSWER_TIMEOUT_MS,
      signal,
    });
    // undici looks at the signal only once it is connected.
    const { statusCode, headers: answered, body } = await untilAborted(answering, signal);
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > MOST_BYTES) throw new Error(`the answer has more than ${MOST_BYTES} bytes`);
      chunks.push(chunk);
    }
    // Without the query, which may carry a signature that lets anybody read.
    debug(`GET ${url.origin}${url.pathname} → ${statusCode} in ${Math.round(performance.now() - started)} ms`);
    return { status: statusCode, headers: answered, bytes: Buffer.concat(chunks) };
  }

  #dispatcherFor(origin: string): Dispatcher {
    const known = this.#dispatchers.get(origin);
    if (known !== undefined) return known;
    const anonymous = { tls: {}, headers: {} };
    const made = makeDispatcher(origin, undefined, anonymous, LIMITS, this.#options.environment);
    this.#dispatchers.set(origin, made);
    return made;
  }
}

/** How many seconds a server wants to be left alone; undefined where it does not say. */
export function retryAfter(answer: Pick<Download, 'headers'>): number | undefined {
  const now = Date.now();
  const told = parseRetryAfter(headerOf(answer, 'retry-after'), now);
  if (told !== undefined || headerOf(answer, 'x-ratelimit-remaining') !== '0') return told;
  const reset = Number(headerOf(answer, 'x-ratelimit-reset'));
  return Number.isNaN(reset) ? undefined : Math.max(0, reset - now / 1000);
}
