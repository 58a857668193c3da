import { isObject } from '../base/json.ts';
import { ApiError, type StatusBody } from './errors.ts';
import type { KubernetesObject } from './objects.ts';
import { ACCESS_REVIEW, type Resource, resourcePath } from './resources.ts';
import type { HttpRequest, HttpResponse, Transport } from './transport.ts';

/** The name under which the cluster records what this action wrote (server-side apply's field manager). */
export const FIELD_MANAGER = 'deploy-wasm-filter';

export interface ListOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** A list and the version of the collection it shows, to watch on from. */
export interface ObjectList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

/** What a write answered: the object as it is now, and the server's admission warnings. */
export interface Written<T> {
  readonly object: T;
  readonly warnings: readonly string[];
}

/** A right to ask for. */
export interface Right {
  readonly verb: string;
  readonly resource: Resource;
  readonly namespace: string;
}

/** How many requests were sent, writes of objects apart from the rest. */
export interface RequestCounts {
  readonly reads: number;
  readonly writes: number;
}

/** Stands where the API server does not tell its version; completes "Kubernetes …". */
export const UNKNOWN_VERSION = 'of an unknown version';
/** client-go pages lists by 500 (client-go tools/pager). */
const PAGE_SIZE = 500;
const METADATA_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/**
 * The Kubernetes API as far as this action uses it: raw JSON in both directions, so no field is lost.
 * Every method throws `ApiError` for an error status, and what `Transport` throws when there is no answer.
 */
export class Client {
  readonly #transport: Transport;
  #reads = 0;
  #writes = 0;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get requests(): RequestCounts {
    return { reads: this.#reads, writes: this.#writes };
  }

  /** The API server's version, `v1.34.4`. */
  async version(): Promise<string> {
    const { gitVersion } = await this.#json<{ gitVersion?: string }>('get', { method: 'GET', path: '/version' });
    return gitVersion ?? UNKNOWN_VERSION;
  }

  async get<T extends KubernetesObject>(of: Resource, namespace: string | undefined, name: string): Promise<T> {
    return this.#json<T>('get', { method: 'GET', path: resourcePath(of, namespace, name) });
  }

  /** Every object of a collection, over all pages, as of one version of it. */
  async list<T extends KubernetesObject>(
    of: Resource,
    namespace: string,
    options: ListOptions = {},
  ): Promise<ObjectList<T>> {
    return this.#list<T>(of, namespace, options, {});
  }

  /** As `list`, with the objects' metadata alone: ConfigMaps that hold filters are up to a megabyte each. */
  async listMetadata(
    of: Resource,
    namespace: string,
    options: ListOptions = {},
  ): Promise<ObjectList<KubernetesObject>> {
    return this.#list<KubernetesObject>(of, namespace, options, { accept: METADATA_ONLY });
  }

  /**
   * Server-side apply without force: makes the object or brings our fields to the given values.
   * A field that another manager holds with another value gives an `ApiError` 409 that names the manager.
   */
  async apply<T extends KubernetesObject>(of: Resource, namespace: string, object: T): Promise<Written<T>> {
    const query = `?fieldManager=${FIELD_MANAGER}&force=false`;
    return this.#write<T>('apply', {
      method: 'PATCH',
      path: `${resourcePath(of, namespace, object.metadata.name)}${query}`,
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: JSON.stringify({ apiVersion: of.apiVersion, kind: of.kind, ...object }),
    });
  }

  /**
   * JSON merge patch (RFC 7386). A `metadata.resourceVersion` in the patch makes it conditional: the server answers 409
   * when the object has changed since.
   */
  async mergePatch<T extends KubernetesObject>(
    of: Resource,
    namespace: string,
    name: string,
    patch: unknown,
  ): Promise<Written<T>> {
    return this.#write<T>('patch', {
      method: 'PATCH',
      path: `${resourcePath(of, namespace, name)}?fieldManager=${FIELD_MANAGER}`,
      headers: { 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify(patch),
    });
  }

  /** Whether the user of the kubeconfig has a right (SelfSubjectAccessReview). */
  async allows({ verb, resource, namespace }: Right): Promise<boolean> {
    const spec = { resourceAttributes: { verb, resource: resource.plural, group: resource.group, namespace } };
    const answer = await this.#json<{ status?: { allowed?: boolean } }>('create', {
      method: 'POST',
      path: resourcePath(ACCESS_REVIEW, undefined),
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: ACCESS_REVIEW.apiVersion, kind: ACCESS_REVIEW.kind, spec }),
    });
    return answer.status?.allowed === true;
  }

  /** A container's log from its start, at most `bytes` of it. */
  async podLog(namespace: string, pod: string, container: string, bytes: number): Promise<string> {
    const query = `container=${encodeURIComponent(container)}&limitBytes=${bytes}`;
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log?${query}`;
    this.#reads++;
    return checked('get', path, await this.#transport.send({ method: 'GET', path, headers: { accept: '*/*' } })).text;
  }

  /** The raw lines of a watch; see `followWorkloads` for what becomes of them. */
  watchLines(
    of: Resource,
    namespace: string,
    resourceVersion: string,
    seconds: number,
    signal: AbortSignal,
  ): AsyncIterable<string> {
    const query = new URLSearchParams({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion,
      timeoutSeconds: String(seconds),
    });
    this.#reads++;
    return this.#transport.lines(`${resourcePath(of, namespace)}?${query}`, (seconds + 5) * 1000, signal);
  }

  async #list<T>(
    of: Resource,
    namespace: string,
    options: ListOptions,
    headers: Readonly<Record<string, string>>,
  ): Promise<ObjectList<T>> {
    const items: T[] = [];
    for (let next = ''; ; ) {
      const query = new URLSearchParams({
        limit: String(PAGE_SIZE),
        ...options,
        ...(next === '' ? {} : { continue: next }),
      });
      const path = `${resourcePath(of, namespace)}?${query}`;
      const page = await this.#json<ListPage<T>>('list', { method: 'GET', path, headers });
      items.push(...(page.items ?? []));
      next = page.metadata?.continue ?? '';
      if (next === '') return { items, resourceVersion: page.metadata?.resourceVersion ?? '' };
    }
  }

  async #write<T>(verb: string, request: HttpRequest): Promise<Written<T>> {
    this.#writes++;
    const response = checked(verb, request.path, await this.#transport.send(request));
    return { object: parseAnswer<T>(verb, request.path, response), warnings: parseWarnings(response.headers.warning) };
  }

  async #json<T>(verb: string, request: HttpRequest): Promise<T> {
    this.#reads++;
    return parseAnswer<T>(verb, request.path, checked(verb, request.path, await this.#transport.send(request)));
  }
}

interface ListPage<T> {
  readonly items?: readonly T[];
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
}

function checked(verb: string, path: string, response: HttpResponse): HttpResponse {
  if (response.status < 300) return response;
  throw new ApiError(verb, path, response.status, parseStatus(response.text));
}

/** Sign-in pages and gateways answer 200 with something that no API server says. */
function parseAnswer<T>(verb: string, path: string, { status, text }: HttpResponse): T {
  const value = parseObject(text);
  if (value !== undefined) return value as T;
  const message = `the answer is not a Kubernetes API server's (check the server address): ${JSON.stringify(plainText(text))}`;
  throw new ApiError(verb, path, status, { message });
}

function parseStatus(text: string): StatusBody {
  // Proxies and gateways in front of an API server answer with HTML or plain text.
  return parseObject(text) ?? { message: plainText(text) };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The first words of an HTML page or a text. */
function plainText(text: string): string {
  return text
    .slice(0, 10_000)
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 300);
}

/** The texts of `Warning: 299 - "text"` headers (RFC 7234, 5.5), as the API server sends admission warnings. */
export function parseWarnings(header: string | string[] | undefined): string[] {
  const values = header === undefined ? [] : Array.isArray(header) ? header : [header];
  return values.flatMap((value) =>
    [...value.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text]) => (text ?? '').replace(/\\(.)/g, '$1')),
  );
}
