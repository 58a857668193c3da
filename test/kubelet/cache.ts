/** A list-and-watch cache of one kind over all namespaces. */
import { setTimeout as delay } from 'node:timers/promises';
import { type ApiObject, type ApiResponse, dig, digList, type WatchEvent } from './client.ts';

/** What the cache asks the API server through. */
export interface ListClient {
  call(method: 'GET', path: string): Promise<ApiResponse>;
  /** Throws when the watch is refused. */
  watch(path: string, signal: AbortSignal): AsyncIterable<WatchEvent>;
}

export interface CacheOptions {
  /** The collection's path, such as `/api/v1/pods`. */
  readonly path: string;
  readonly onChange: (object: ApiObject, deleted: boolean) => void;
  readonly signal: AbortSignal;
}

const RETRY_MS = 200;

/** `namespace/name` */
export function cacheKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

export class Cache {
  readonly #client: ListClient;
  readonly #options: CacheOptions;
  readonly #objects = new Map<string, ApiObject>();

  constructor(client: ListClient, options: CacheOptions) {
    this.#client = client;
    this.#options = options;
  }

  get(namespace: string, name: string): ApiObject | undefined {
    return this.#objects.get(cacheKey(namespace, name));
  }

  values(): ApiObject[] {
    return [...this.#objects.values()];
  }

  /** Lists once, then follows the changes until the signal aborts. Resolves after the first list. */
  async start(): Promise<{ readonly done: Promise<void> }> {
    const version = await this.#list();
    return { done: this.#follow(version) };
  }

  async #follow(first: string): Promise<void> {
    const { signal } = this.#options;
    let version: string | undefined = first;
    while (!signal.aborted) {
      try {
        version ??= await this.#list();
        version = await this.#watch(version);
      } catch {
        version = undefined;
        // The server went away or refused the version: list anew after a moment.
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #list(): Promise<string> {
    const answer = await this.#client.call('GET', this.#options.path);
    if (answer.status !== 200)
      throw new Error(`list ${this.#options.path}: HTTP ${answer.status}: ${String(dig(answer.body, 'message'))}`);
    const found = new Map(digList(answer.body, 'items').map((item) => [keyOf(item as ApiObject), item as ApiObject]));
    for (const [key, object] of this.#objects) if (!found.has(key)) this.#set(key, object, true);
    for (const [key, object] of found) this.#set(key, object, false);
    return String(dig(answer.body, 'metadata', 'resourceVersion'));
  }

  /** Follows one watch to its end and gives the last version seen; undefined when it is too old. */
  async #watch(from: string): Promise<string | undefined> {
    let version = from;
    const path = `${this.#options.path}?watch=true&allowWatchBookmarks=true&resourceVersion=${from}`;
    for await (const event of this.#client.watch(path, this.#options.signal)) {
      if (event.type === 'ERROR') return undefined;
      version = event.object.metadata.resourceVersion ?? version;
      if (event.type !== 'BOOKMARK') this.#set(keyOf(event.object), event.object, event.type === 'DELETED');
    }
    return version;
  }

  #set(key: string, object: ApiObject, deleted: boolean): void {
    if (deleted) this.#objects.delete(key);
    else this.#objects.set(key, object);
    this.#options.onChange(object, deleted);
  }
}

function keyOf(object: ApiObject): string {
  return cacheKey(object.metadata.namespace ?? '', object.metadata.name);
}
