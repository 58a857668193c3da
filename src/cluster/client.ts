import { append } from '../base/lists.ts';
import { checked, parseAnswer, parseWarnings } from './answers.ts';
import { type ExecLimits, type ExecResult, exec } from './exec.ts';
import type { HttpRequest } from './http.ts';
import type { KubernetesObject } from './objects.ts';
import { type PodLogOptions, podLogPath } from './pod-log.ts';
import { type PodRequest, type PodResponse, requestPod } from './pod-proxy.ts';
import { ACCESS_REVIEW, type Resource, resourcePath } from './resources.ts';
import type { Transport } from './transport.ts';

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

/** How a write is sent. */
export interface WriteOptions {
  /** The API server checks everything and answers as if it had written; nothing changes. */
  readonly dryRun?: boolean;
}

export interface ApplyOptions extends WriteOptions {
  /** Takes fields over from other managers instead of answering 409. */
  readonly force?: boolean;
}

/** What an object must still be to be deleted. */
export interface Preconditions {
  readonly resourceVersion?: string;
  readonly uid?: string;
}

/** A right to ask for. */
export interface Right {
  readonly verb: string;
  readonly resource: Resource;
  /** `exec`, `proxy`, `log`. */
  readonly subresource?: string;
  readonly namespace: string;
  /** One object alone. */
  readonly name?: string;
}

/** How many requests were sent, writes of objects apart from the rest. A dry run is a read. */
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
  readonly #onWrite: (path: string) => void;
  #reads = 0;
  #writes = 0;

  /** `onWrite` is told the path of each write before it is sent; of dry runs it is not. */
  constructor(transport: Transport, onWrite: (path: string) => void = () => undefined) {
    this.#transport = transport;
    this.#onWrite = onWrite;
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

  /** The first objects of a collection, at most one page of it: enough to learn what they are like. */
  async listSome<T extends KubernetesObject>(of: Resource, namespace: string): Promise<readonly T[]> {
    const path = `${resourcePath(of, namespace)}?limit=${PAGE_SIZE}`;
    return (await this.#json<ListPage<T>>('list', { method: 'GET', path })).items ?? [];
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
   * Server-side apply: makes the object or brings our fields to the given values. Without `force`, a field that another
   * manager holds with another value gives an `ApiError` 409 that names the manager.
   */
  async apply<T extends KubernetesObject>(
    of: Resource,
    namespace: string,
    object: T,
    { dryRun = false, force = false }: ApplyOptions = {},
  ): Promise<Written<T>> {
    return this.#write<T>('apply', dryRun, {
      method: 'PATCH',
      path: `${resourcePath(of, namespace, object.metadata.name)}?fieldManager=${FIELD_MANAGER}&force=${force}`,
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
    { dryRun = false }: WriteOptions = {},
  ): Promise<Written<T>> {
    return this.#write<T>('patch', dryRun, {
      method: 'PATCH',
      path: `${resourcePath(of, namespace, name)}?fieldManager=${FIELD_MANAGER}`,
      headers: { 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify(patch),
    });
  }

  /**
   * Deletes an object, and in the background what it owns. True when it was there, false when it was not. An object that is
   * no longer what `preconditions` say stays, with an `ApiError` 409.
   */
  async delete(
    of: Resource,
    namespace: string,
    name: string,
    preconditions: Preconditions = {},
    { dryRun = false }: WriteOptions = {},
  ): Promise<boolean> {
    const path = resourcePath(of, namespace, name);
    // The API server does not look at the query of a DELETE that has a body.
    const options = { propagationPolicy: 'Background', preconditions, ...(dryRun ? { dryRun: ['All'] } : {}) };
    this.#count(dryRun, path);
    const response = await this.#transport.send({
      method: 'DELETE',
      path,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', ...options }),
    });
    if (response.status === 404) return false;
    checked('delete', path, response);
    return true;
  }

  /** Whether the user of the kubeconfig has a right (SelfSubjectAccessReview). */
  async allows({ verb, resource, subresource, namespace, name }: Right): Promise<boolean> {
    const { group, plural } = resource;
    const spec = { resourceAttributes: { verb, group, resource: plural, subresource, namespace, name } };
    const answer = await this.#json<{ status?: { allowed?: boolean } }>('create', {
      method: 'POST',
      path: resourcePath(ACCESS_REVIEW, undefined),
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: ACCESS_REVIEW.apiVersion, kind: ACCESS_REVIEW.kind, spec }),
    });
    return answer.status?.allowed === true;
  }

  /** A container's log, at most `bytes` of it: from its start, unless the options say otherwise. */
  async podLog(
    namespace: string,
    pod: string,
    container: string,
    bytes: number,
    options: PodLogOptions = {},
  ): Promise<string> {
    const path = podLogPath({ namespace, pod, container }, bytes, options);
    this.#reads++;
    return checked('get', path, await this.#transport.send({ method: 'GET', path, headers: { accept: '*/*' } })).text;
  }

  /** Runs a command in a container to its end, 15 s and 64 MiB of output at most; see `exec` for what it throws. */
  async exec(
    namespace: string,
    pod: string,
    container: string,
    command: readonly string[],
    limits: ExecLimits = {},
  ): Promise<ExecResult> {
    this.#reads++;
    return exec(this.#transport, { namespace, pod, container, command }, limits);
  }

  /** Sends one request to a port of a pod and gives the pod's own answer, whatever its status; see `requestPod`. */
  async podGet(
    namespace: string,
    pod: string,
    port: number,
    path: string,
    options: PodRequest = {},
  ): Promise<PodResponse> {
    this.#reads++;
    return requestPod(this.#transport, { namespace, pod, port }, path, options);
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
      append(items, page.items ?? []);
      next = page.metadata?.continue ?? '';
      if (next === '') return { items, resourceVersion: page.metadata?.resourceVersion ?? '' };
    }
  }

  async #write<T>(verb: string, dryRun: boolean, request: HttpRequest): Promise<Written<T>> {
    this.#count(dryRun, request.path);
    const path = `${request.path}${dryRun ? '&dryRun=All' : ''}`;
    const response = checked(verb, path, await this.#transport.send({ ...request, path }));
    return { object: parseAnswer<T>(verb, path, response), warnings: parseWarnings(response.headers.warning) };
  }

  #count(dryRun: boolean, path: string): void {
    if (dryRun) this.#reads++;
    else this.#writes++;
    if (!dryRun) this.#onWrite(path);
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
