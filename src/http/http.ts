import { performance } from 'node:perf_hooks';
import { headerOf, readAnswer } from '../base/answer.ts';
import { errorCode } from '../base/causes.ts';
import { pause, untilAborted } from '../base/concurrency.ts';
import { defined } from '../base/defined.ts';
import { isLoopback, type ProxyEnvironment } from '../base/proxy.ts';
import { type AnswerOutcome, type AttemptOutcome, retryDelay } from '../base/retry.ts';
import { formatBytes, formatDuration } from '../base/text.ts';
import { PlainTextError, refusedDowngrade, UnreachableError, UnusableAnswerError } from './errors.ts';
import { type HttpAnswer, type HttpRequest, retryAfterSeconds } from './messages.ts';
import { Perimeter } from './perimeter.ts';
import { type Network, Pools } from './pools.ts';

/** What speaking HTTP needs of the world. */
export interface HttpOptions {
  readonly userAgent: string;
  readonly environment: ProxyEnvironment;
  /** Hosts (`host:port`) that may be spoken to without TLS, besides this machine. */
  readonly insecureHosts: readonly string[];
  /** Gives up open requests and waits. */
  readonly signal: AbortSignal;
  readonly debug: (line: string) => void;
  /** A number in [0, 1), for jitter. */
  readonly random?: () => number;
  /** How long a server may take; see `LIMITS`. */
  readonly limits?: HttpLimits;
  /** For servers that say in a way of their own when to ask again; without it status and `Retry-After` count. */
  readonly outcomeOf?: (answer: HttpAnswer) => AnswerOutcome;
  readonly network?: Network;
}

/** How long servers may take, in milliseconds. */
export interface HttpLimits {
  /** The longest silence. */
  readonly silenceMs: number;
  /** The longest time for one attempt to the end of its answer, however long that is. */
  readonly attemptMs: number;
}

const LIMITS: HttpLimits = { silenceMs: 20_000, attemptMs: 600_000 };
/** How long an attempt may take by what it carries: so many milliseconds, and one for each so many bytes, a MiB in four seconds. */
const WORDS_MS = 30_000;
const BYTES_PER_MS = 256;
/** No further attempt is begun after this long, in milliseconds. */
const ATTEMPTS_MS = 90_000;
/** Of an answer that is no success. */
const MAX_WORDS_BYTES = 64 * 1024;
const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Reads the address of something on a server; `undefined` for any other text. */
export function serverAddress(text: string): URL | undefined {
  const url = URL.parse(text);
  return url?.protocol === 'https:' || url?.protocol === 'http:' ? url : undefined;
}

/** `https://host`, or `http://host` where that is allowed. */
export function originOf(host: string, insecureHosts: readonly string[]): URL {
  const plain = new URL(`http://${host}`);
  return mayBePlain(plain, insecureHosts) ? plain : new URL(`https://${host}`);
}

/**
 * HTTP to one server outside the cluster and to those that it leads to: time limits and a limit of size on every answer, retries,
 * proxies of the environment, redirects that never carry credentials to another origin, no way from TLS to none, and none to
 * addresses that are no business of that server (see `Perimeter`).
 * Throws `UnreachableError`, `UnusableAnswerError` and `PlainTextError`, and the signal's reason when it aborts.
 */
export class Http {
  readonly home: URL;
  readonly #options: HttpOptions;
  readonly #pools: Pools;

  /** @param home the server that was named by the user; any address of it will do */
  constructor(home: URL, options: HttpOptions) {
    this.home = new URL(home.origin);
    this.#options = options;
    this.#pools = new Pools(options.environment, new Perimeter(home.hostname), options.network);
  }

  /** Sends a request, again after a passing failure, and gives the last answer whatever its status. */
  send(request: HttpRequest): Promise<HttpAnswer> {
    if (request.once === true) return this.#follow(request);
    return this.withRetries(() => this.#follow(request));
  }

  /** Does what may be repeated until its answer is worth no further attempt; the only place that knows when that is. */
  async withRetries(work: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    const { signal, outcomeOf = plainOutcome } = this.#options;
    const started = performance.now();
    const isLate = (delay: number): boolean => performance.now() - started + delay >= ATTEMPTS_MS;
    for (let attempt = 1; ; attempt++) {
      let delay: number | undefined;
      try {
        const answer = await work();
        delay = this.#delay(attempt, outcomeOf(answer));
        if (delay === undefined || isLate(delay)) return answer;
      } catch (error) {
        if (!(error instanceof UnreachableError)) throw error;
        delay = this.#delay(attempt, { connectionCode: errorCode(error) });
        if (delay === undefined || isLate(delay)) throw error;
      }
      await pause(delay, signal);
      signal.throwIfAborted();
    }
  }

  /** Ends every connection. */
  close(): Promise<void> {
    return this.#pools.close();
  }

  async #follow(request: HttpRequest): Promise<HttpAnswer> {
    const follows = request.stay !== true && (request.method === 'GET' || request.method === 'HEAD');
    let { url, headers = {} } = request;
    for (let hops = 0, from = this.home; ; hops++) {
      const answer = await this.#reach({ ...request, url, headers }, from);
      const location = headerOf(answer, 'location');
      if (!follows || !REDIRECTS.has(answer.status) || location === undefined) return answer;
      if (hops === MAX_REDIRECTS) {
        throw new UnusableAnswerError(`${url.host} redirects more than ${MAX_REDIRECTS} times`);
      }
      const next = nextUrl(location, url);
      if (next.origin !== url.origin) {
        const { authorization, ...others } = headers;
        headers = others;
      }
      from = url;
      url = next;
    }
  }

  async #reach(request: HttpRequest, from: URL): Promise<HttpAnswer> {
    const { url } = request;
    if (url.protocol !== 'https:') this.#checkPlain(url, from);
    try {
      return await this.#once(request);
    } catch (error) {
      if (this.#options.signal.aborted || error instanceof UnusableAnswerError) throw error;
      throw new UnreachableError(url.host, error);
    }
  }

  async #once({ method, url, headers, body, maxBytes }: HttpRequest): Promise<HttpAnswer> {
    const { userAgent, debug } = this.#options;
    const { silenceMs, attemptMs } = this.#options.limits ?? LIMITS;
    const started = performance.now();
    const bytes = maxBytes + (body?.length ?? 0);
    const maxMs = Math.min(attemptMs, WORDS_MS + Math.ceil(bytes / BYTES_PER_MS));
    // Connecting and waiting; interim answers (RFC 9110, 15.2) are no silence, and do not go on for ever either.
    const headMs = Math.min(2 * silenceMs + Math.ceil((body?.length ?? 0) / BYTES_PER_MS), maxMs);
    const dispatcher = this.#pools.dispatcher(url);
    const [head, whole] = [deadline(headMs, 'no answer'), deadline(maxMs, 'no whole answer')];
    const signal = AbortSignal.any([this.#options.signal, whole.signal, head.signal]);
    try {
      const answering = dispatcher.request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method,
        headers: { 'user-agent': userAgent, ...headers },
        body: body ?? null,
        headersTimeout: silenceMs,
        bodyTimeout: silenceMs,
        signal,
      });
      // undici looks at the signal only once it is connected.
      const response = await untilAborted(answering, signal);
      head.end();
      const { statusCode: status } = response;
      const read = await readAnswer(
        response,
        { success: maxBytes, words: MAX_WORDS_BYTES },
        (max) => new UnusableAnswerError(`${url.host} sends more than the ${formatBytes(max)} that are expected`),
      );
      // A query may hold a signature that is as good as a password.
      debug(`${method} ${url.origin}${url.pathname} → ${status} in ${Math.round(performance.now() - started)} ms`);
      return { status, headers: response.headers, body: read, url };
    } finally {
      head.end();
      whole.end();
    }
  }

  /** What began with TLS stays with it; else the user's word counts. */
  #checkPlain(url: URL, from: URL): void {
    if (url.protocol !== 'http:') throw new UnusableAnswerError(`${from.host} leads to an address that is not valid`);
    if (from.protocol === 'https:') throw refusedDowngrade(from, url);
    if (!mayBePlain(url, this.#options.insecureHosts)) throw new PlainTextError(url);
  }

  #delay(attempt: number, outcome: AttemptOutcome): number | undefined {
    return retryDelay(attempt, outcome, (this.#options.random ?? Math.random)());
  }
}

/** A signal that aborts after so many milliseconds, unless it is ended before; its reason says `what` there was not. */
function deadline(ms: number, what: string): { readonly signal: AbortSignal; end(): void } {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error(`${what} within ${formatDuration(ms)}`)), ms);
  return { signal: late.signal, end: () => clearTimeout(timer) };
}

function mayBePlain({ hostname, host }: URL, insecureHosts: readonly string[]): boolean {
  return isLoopback(hostname) || insecureHosts.includes(host);
}

function plainOutcome(answer: HttpAnswer): AnswerOutcome {
  const seconds = retryAfterSeconds(answer);
  return { status: answer.status, ...defined({ retryAfterSeconds: seconds }) };
}

function nextUrl(location: string, from: URL): URL {
  const next = URL.parse(location, from.href);
  if (next === null) throw new UnusableAnswerError(`${from.host} redirects to an address that is not valid`);
  next.username = '';
  next.password = '';
  return next;
}
