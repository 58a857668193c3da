/** A small API client for the simulator: kubeconfig, TLS, JSON requests and watches. */
import { load } from 'js-yaml';
import { Agent, type Dispatcher, request } from 'undici';

export type JsonMap = { [key: string]: unknown };

/** An API object as the simulator sees it. */
export interface ApiObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly [field: string]: unknown;
}

export interface ApiResponse {
  readonly status: number;
  readonly body: JsonMap;
}

export interface WatchEvent {
  readonly type: string;
  readonly object: ApiObject;
}

/** The value at a path of keys, or undefined. */
export function dig(value: unknown, ...path: readonly (string | number)[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = (current as JsonMap)[key];
  }
  return current;
}

/** The array at a path, or an empty one. */
export function digList(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = dig(value, ...path);
  return Array.isArray(found) ? found : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function named(config: unknown, list: string, member: string, name: string | undefined): unknown {
  const entry = digList(config, list).find((item) => dig(item, 'name') === name);
  if (entry === undefined) throw new Error(`the kubeconfig has no entry ${JSON.stringify(name)} in ${list}`);
  return dig(entry, member);
}

function decoded(value: unknown): string | undefined {
  const found = text(value);
  return found === undefined ? undefined : Buffer.from(found, 'base64').toString('utf8');
}

/** The events in the body of a watch's answer. */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<WatchEvent> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield JSON.parse(line) as WatchEvent;
  }
}

/** The body of an answer; what is no JSON object becomes its `message`. */
export function readBody(text: string): JsonMap {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as JsonMap) : {};
  } catch {
    return { message: text };
  }
}

export class ApiClient {
  readonly #server: string;
  readonly #token: string | undefined;
  readonly #dispatcher: Dispatcher;

  /**
   * @param kubeconfig YAML text; the current context is used, with a token or a client certificate as data
   * @param dispatcher another way to the server than the network
   */
  constructor(kubeconfig: string, dispatcher?: Dispatcher) {
    const config: unknown = load(kubeconfig);
    const context = named(config, 'contexts', 'context', text(dig(config, 'current-context')));
    const cluster = named(config, 'clusters', 'cluster', text(dig(context, 'cluster')));
    const user = named(config, 'users', 'user', text(dig(context, 'user')));
    this.#server = text(dig(cluster, 'server'))?.replace(/\/$/, '') ?? '';
    this.#token = text(dig(user, 'token'));
    const tls = {
      ca: decoded(dig(cluster, 'certificate-authority-data')),
      cert: decoded(dig(user, 'client-certificate-data')),
      key: decoded(dig(user, 'client-key-data')),
    };
    const given = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
    this.#dispatcher =
      dispatcher ??
      new Agent({
        connect: given,
        connections: 16,
        bodyTimeout: 0,
        headersTimeout: 30_000,
        keepAliveTimeout: 10_000,
      });
  }

  /** Sends a request and reads the JSON answer, whatever its status. */
  async call(
    method: Dispatcher.HttpMethod,
    path: string,
    body?: unknown,
    contentType = 'application/json',
  ): Promise<ApiResponse> {
    const response = await request(`${this.#server}${path}`, {
      method,
      dispatcher: this.#dispatcher,
      headers: this.#headers(body === undefined ? {} : { 'content-type': contentType }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.statusCode, body: readBody(await response.body.text()) };
  }

  /** The events of a watch, until the server ends it or the signal aborts. */
  async *watch(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const response = await request(`${this.#server}${path}`, {
      dispatcher: this.#dispatcher,
      headers: this.#headers({}),
      signal,
    });
    if (response.statusCode !== 200) {
      throw new Error(`watch ${path}: HTTP ${response.statusCode}: ${await response.body.text()}`);
    }
    yield* readEvents(response.body);
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  #headers(extra: Record<string, string>): Record<string, string> {
    return {
      accept: 'application/json',
      'user-agent': 'sim-kubelet/1',
      ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
      ...extra,
    };
  }
}
