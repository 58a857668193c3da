import { performance } from 'node:perf_hooks';
import { headerOf } from '../base/answer.ts';
import { defined } from '../base/defined.ts';
import { readJson } from '../base/json.ts';
import { withoutTrailing } from '../base/text.ts';
import { Http, type HttpOptions, serverAddress } from '../http/http.ts';
import type { HttpAnswer } from '../http/messages.ts';
import { githubOutcome, type RateLimit, rateLimitOf } from './rate-limit.ts';
import { saidIn } from './said.ts';

/** How GitHub is reached, and as whom. */
export interface GitHubOptions extends Pick<HttpOptions, 'userAgent' | 'environment' | 'signal' | 'debug' | 'network'> {
  /** The REST API: `https://api.github.com`, or `https://HOST/api/v3` of a GitHub Enterprise Server. */
  readonly api: string;
  /** The empty string for none: what is public is answered to everybody. */
  readonly token: string;
  /** How long all requests together may take, with every wait, in milliseconds; omitted for no limit. */
  readonly maxMs?: number;
}

/** Returns the address of the REST API that the runner names: that of github.com, or of a GitHub Enterprise Server. */
export function apiOf({
  GITHUB_API_URL = 'https://api.github.com',
}: Readonly<Record<string, string | undefined>>): string {
  return withoutTrailing(GITHUB_API_URL, '/');
}

/** An answer of the REST API, whatever its status. */
export interface GitHubAnswer {
  readonly status: number;
  /** Its JSON; `undefined` if it has none that can be read. */
  readonly body: unknown;
  /** The message with which GitHub refuses; the empty string for none. */
  readonly said: string;
  /** Set where GitHub refuses because too much was asked. */
  readonly limit?: RateLimit;
  /** The next page of a list. */
  readonly next?: URL;
}

/** Far more than any answer has, and little enough to hold. */
const MAX_BYTES = 16 * 1024 * 1024;
const API_VERSION = '2022-11-28';

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/**
 * GitHub's REST API (https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api). What passes is asked again: a
 * server that fails, and a rate limit that ends soon. Redirects are not followed: they tell that a repository has moved.
 * Throws what `Http` throws.
 */
export class GitHub {
  /** Speaks to the servers that the API leads to; without the token. */
  readonly http: Http;
  readonly #api: URL;
  readonly #token: string;

  private constructor(api: URL, http: Http, token: string) {
    this.#api = api;
    this.#token = token;
    this.http = http;
  }

  /** Returns a connection that opens with its first request; `undefined` if the address of the API is none. */
  static at({ api, token, network, maxMs, ...options }: GitHubOptions): GitHub | undefined {
    const address = serverAddress(withoutTrailing(api, '/'));
    if (address === undefined) return undefined;
    const end = performance.now() + (maxMs ?? Number.POSITIVE_INFINITY);
    const http = new Http(address, {
      ...options,
      ...(maxMs !== undefined && { signal: AbortSignal.any([options.signal, AbortSignal.timeout(maxMs)]) }),
      insecureHosts: [],
      outcomeOf: (answer) => githubOutcome(answer, (end - performance.now()) / 1000),
      ...defined({ network }),
    });
    return new GitHub(address, http, token);
  }

  get hasToken(): boolean {
    return this.#token !== '';
  }

  /** @param path below the API's address, with its query, such as `/repos/owner/repo` */
  get(path: string): Promise<GitHubAnswer> {
    return this.#send('GET', this.#urlOf(path));
  }

  /** Asks a question of GraphQL that changes nothing (https://docs.github.com/graphql). */
  graphql(query: string): Promise<GitHubAnswer> {
    // On a GitHub Enterprise Server it is beside the version of the REST API: /api/v3 and /api/graphql.
    const url = new URL(`${withoutTrailing(this.#api.href, '/').replace(/\/v3$/, '')}/graphql`);
    return this.#send('POST', url, { query });
  }

  patch(path: string, body: object): Promise<GitHubAnswer> {
    return this.#send('PATCH', this.#urlOf(path), body);
  }

  delete(path: string): Promise<GitHubAnswer> {
    return this.#send('DELETE', this.#urlOf(path));
  }

  /**
   * Makes something. Nobody knows whether a request that failed has made it, so before any further attempt `made` looks for it and
   * gives the answer that has it; `undefined` for none.
   */
  async post(path: string, body: object, made: () => Promise<GitHubAnswer | undefined>): Promise<GitHubAnswer> {
    let found: GitHubAnswer | undefined;
    let attempts = 0;
    const answer = await this.http.withRetries(async () => {
      if (attempts++ > 0) found = await made();
      // Any success ends the attempts; what it says is not looked at.
      return found === undefined ? this.#raw('POST', this.#urlOf(path), body, true) : FOUND;
    });
    return found ?? read(answer, this.#api);
  }

  /**
   * The pages of a list, one after the other, each fetched when it is asked for. One that is no success is the last.
   * @param most how many pages are fetched at most
   */
  async *pages(path: string, most: number): AsyncGenerator<GitHubAnswer, void, undefined> {
    let page: URL | undefined = this.#urlOf(path);
    for (let pages = 0; page !== undefined && pages < most; pages++) {
      const answer: GitHubAnswer = await this.#send('GET', page);
      yield answer;
      page = answer.status === 200 ? answer.next : undefined;
    }
  }

  /** Ends every connection. */
  close(): Promise<void> {
    return this.http.close();
  }

  #urlOf(path: string): URL {
    return new URL(`${withoutTrailing(this.#api.href, '/')}${path}`);
  }

  async #send(method: Method, url: URL, body?: object): Promise<GitHubAnswer> {
    return read(await this.#raw(method, url, body), url);
  }

  #raw(method: Method, url: URL, body?: object, once?: true): Promise<HttpAnswer> {
    return this.http.send({
      method,
      url,
      headers: {
        accept: 'application/vnd.github+json',
        'x-github-api-version': API_VERSION,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(this.#token !== '' && { authorization: `Bearer ${this.#token}` }),
      },
      maxBytes: MAX_BYTES,
      stay: true,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...defined({ once }),
    });
  }
}

/** Stands for what was found to have been made. */
const FOUND: HttpAnswer = { status: 200, headers: {}, body: new Uint8Array(), url: new URL('about:blank') };

function read(answer: HttpAnswer, asked: URL): GitHubAnswer {
  return {
    status: answer.status,
    body: readJson(answer.body),
    said: answer.status >= 400 ? saidIn(answer.body) : '',
    ...defined({ limit: rateLimitOf(answer), next: nextPage(answer, asked) }),
  };
}

/** The address of the next page, when there is one. The token is sent there, so it has to be the same server. */
function nextPage(answer: HttpAnswer, page: URL): URL | undefined {
  const [, address = ''] = /<([^<>]*)>[^<>]*;\s*rel="next"/.exec(headerOf(answer, 'link') ?? '') ?? [];
  const next = URL.canParse(address) ? new URL(address) : undefined;
  return next?.origin === page.origin ? next : undefined;
}
