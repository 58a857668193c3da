import { performance } from 'node:perf_hooks';
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { errorCode } from '../base/causes.ts';
import { pause, untilAborted } from '../base/concurrency.ts';
import { environmentProxies, isLoopback, type ProxyEnvironment } from '../base/proxy.ts';
import { parseRetryAfter, retryDelay } from '../base/retry.ts';
import { formatBytes } from '../base/text.ts';
import { ContentError, UnreachableError } from './errors.ts';

export interface HttpOptions {
  readonly userAgent: string;
  readonly environment: ProxyEnvironment;
  /** Hosts (`host:port`) that may be spoken to without TLS, besides this machine. */
  readonly insecureHosts: readonly string[];
  /** Gives up open requests and waits. */
  readonly signal: AbortSignal;
  readonly debug: (line: string) => void;
  readonly random?: () => number;
  /** The longest silence of a server, and the longest time for one attempt. */
  readonly limits?: { readonly silenceMs: number; readonly attemptMs: number };
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly url: URL;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Longer answers are broken off. */
  readonly mostBytes: number;
  /** Set for what is repeated only together with what came before it. */
  readonly once?: true;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
  /** What answered, after redirects. */
  readonly url: URL;
}

const CONNECT_TIMEOUT_MS = 10_000;
const LIMITS = { silenceMs: 30_000, attemptMs: 600_000 } as const;
const CONNECTIONS = { connections: 4, connect: { timeout: CONNECT_TIMEOUT_MS } } as const;
const MOST_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Who asks for a longer wait will not answer better within this run. */
const LONGEST_OBEYED_SECONDS = 60;

/**
 * HTTP to registries and web servers: time limits and a limit of size on every answer, retries, proxies of the environment,
 * and redirects that never carry credentials to another host. Throws `UnreachableError` and `ContentError`.
 */
export class Http {
  readonly #options: HttpOptions;
  readonly #direct: Dispatcher;
  /** Made when it is needed: a proxy's address may be wrong. */
  #outside: Dispatcher | undefined;

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#direct = new Agent(CONNECTIONS);
  }

  /** `https://host`, or `http://host` where that is allowed. */
  origin(host: string): URL {
    const plain = new URL(`http://${host}`);
    return this.#mayBePlain(plain) ? plain : new URL(`https://${host}`);
  }

  /** Sends a request, again after a passing failure, and gives the last answer whatever its status. */
  send(request: HttpRequest): Promise<HttpAnswer> {
    if (request.once === true) return this.#follow(request);
    return this.insist(() => this.#follow(request));
  }

  /** Does what may be repeated until its answer is worth no further attempt; the only place that knows when that is. */
  async insist(work: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    const { signal } = this.#options;
    for (let attempt = 1; ; attempt++) {
      let delay: number | undefined;
      try {
        const answer = await work();
        const seconds = retryAfterSeconds(answer);
        if ((seconds ?? 0) > LONGEST_OBEYED_SECONDS) return answer;
        delay = this.#delay(attempt, {
          status: answer.status,
          ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }),
        });
        if (delay === undefined) return answer;
      } catch (error) {
        if (!(error instanceof UnreachableError)) throw error;
        delay = this.#delay(attempt, { connectionCode: errorCode(error) });
        if (delay === undefined) throw error;
      }
      await pause(delay, signal);
      signal.throwIfAborted();
    }
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    await Promise.all([this.#direct.destroy(), this.#outside?.destroy()]);
  }

  async #follow(request: HttpRequest): Promise<HttpAnswer> {
    let { url, headers = {} } = request;
    for (let hops = 0; ; hops++) {
      const answer = await this.#reach({ ...request, url, headers });
      const location = headerOf(answer, 'location');
      const reading = request.method === 'GET' || request.method === 'HEAD';
      if (!reading || !REDIRECTS.has(answer.status) || location === undefined) return answer;
      if (hops === MOST_REDIRECTS) throw new ContentError(`${url.host} redirects more than ${MOST_REDIRECTS} times`);
      const next = nextUrl(location, url);
      if (next.origin !== url.origin) {
        const { authorization, ...others } = headers;
        headers = others;
      }
      url = next;
    }
  }

  async #reach(request: HttpRequest): Promise<HttpAnswer> {
    try {
      return await this.#once(request);
    } catch (error) {
      if (this.#options.signal.aborted || error instanceof ContentError) throw error;
      throw new UnreachableError(request.url.host, error);
    }
  }

  async #once({ method, url, headers, body, mostBytes }: HttpRequest): Promise<HttpAnswer> {
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && this.#mayBePlain(url))) {
      throw new ContentError(
        `${url.protocol}//${url.host} would be asked without TLS`,
        'Name the host in "insecure-registries" if that is meant.',
      );
    }
    const { userAgent, debug } = this.#options;
    const { silenceMs, attemptMs } = this.#options.limits ?? LIMITS;
    const started = performance.now();
    const signal = AbortSignal.any([this.#options.signal, AbortSignal.timeout(attemptMs)]);
    const response = await untilAborted(
      this.#dispatcher(url).request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method,
        headers: { 'user-agent': userAgent, ...headers },
        body: body ?? null,
        headersTimeout: silenceMs,
        bodyTimeout: silenceMs,
        signal,
      }),
      signal,
    );
    const { statusCode: status } = response;
    const read = await readBody(response, mostBytes, url.host);
    // A query may hold a signature that is as good as a password.
    debug(`${method} ${url.origin}${url.pathname} → ${status} in ${Math.round(performance.now() - started)} ms`);
    return { status, headers: response.headers, body: read, url };
  }

  #dispatcher({ hostname }: URL): Dispatcher {
    const { httpProxy = '', httpsProxy = '', noProxy } = environmentProxies(this.#options.environment);
    if (isLoopback(hostname) || (httpProxy === '' && httpsProxy === '')) return this.#direct;
    this.#outside ??= new EnvHttpProxyAgent({ ...CONNECTIONS, httpProxy, httpsProxy, noProxy });
    return this.#outside;
  }

  #mayBePlain({ hostname, host }: URL): boolean {
    return isLoopback(hostname) || this.#options.insecureHosts.includes(host);
  }

  #delay(attempt: number, outcome: Parameters<typeof retryDelay>[1]): number | undefined {
    return retryDelay(attempt, outcome, (this.#options.random ?? Math.random)());
  }
}

/** One header's first value. */
export function headerOf({ headers }: Pick<HttpAnswer, 'headers'>, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** What an answer asks to wait, in seconds. */
export function retryAfterSeconds(answer: Pick<HttpAnswer, 'headers'>): number | undefined {
  return parseRetryAfter(headerOf(answer, 'retry-after'), Date.now());
}

async function readBody({ body }: Dispatcher.ResponseData, most: number, host: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += (chunk as Uint8Array).length;
    // Leaving the loop ends the connection.
    if (length > most) throw new ContentError(`${host} sends more than the ${formatBytes(most)} that are expected`);
    chunks.push(chunk as Uint8Array);
  }
  return Buffer.concat(chunks, length);
}

function nextUrl(location: string, from: URL): URL {
  const next = URL.parse(location, from.href);
  if (next === null) throw new ContentError(`${from.host} redirects to what is no address`);
  next.username = '';
  next.password = '';
  return next;
}
