import { checked, parseAs, parseObject } from './answers.ts';
import { ApiError } from './errors.ts';
import type { ExecLimits, ExecResult } from './exec.ts';
import type { ApiRequest } from './http.ts';
import { MAX_BYTES, PAGE_SIZE } from './limits.ts';
import type { ListOptions, ObjectList } from './list.ts';
import type { KubernetesObject } from './objects.ts';
import type { ApiPhase, Patience } from './patience.ts';
import { type PodLogOptions, podLogPath } from './pod-log.ts';
import { type PodRequest, type PodResponse, requestPod } from './pod-proxy.ts';
import { ACCESS_REVIEW, type Resource, resourcePath, SELF_REVIEW } from './resources.ts';
import { type RequestCounts, Session, type SessionListener, type Written } from './session.ts';
import { boolean, list, object, optional, type Shape, string } from './shape.ts';
import type { Transport } from './transport.ts';

export type { ListOptions, ObjectList, RequestCounts, Written };

/** The name under which the cluster records what this action wrote (server-side apply's field manager). */
const FIELD_MANAGER = 'deploy-wasm-filter';

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

/** A permission to ask for. */
export interface AccessRequest {
  readonly verb: string;
  readonly resource: Resource;
  /** `exec`, `proxy`, `log`. */
  readonly subresource?: string;
  readonly namespace: string;
  /** One object alone. */
  readonly name?: string;
}

/** Stands where the API server does not tell its version; completes "Kubernetes …". */
export const UNKNOWN_VERSION = 'of an unknown version';
/** What pod logs may have more than was asked for: "slightly more" (Kubernetes API, read log of the specified Pod). */
const LOG_EXCESS_BYTES = 64 * 1024;
const VERSION = object({ gitVersion: optional(string) });
const SERVED = object({ resources: list(object({ name: string })) });
type Served = { readonly resources: readonly { readonly name: string }[] };
const REVIEW = object({ status: object({ allowed: optional(boolean) }) });
const SELF = object({ status: object({ userInfo: object({ username: string }) }) });
const WORDS = { maxBytes: MAX_BYTES.words };
const METADATA_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/**
 * The Kubernetes API as far as this action uses it: raw JSON in both directions, so no field is lost. Every method throws `ApiError`
 * for an error status, `InvalidAnswerError` for an answer that no API server gives, and what `Transport` throws when there is no answer.
 * A client is a view for one phase of a run, see `during`: that says how long it goes on asking a server that does not answer.
 */
export class Client {
  readonly #session: Session;

  constructor(from: Transport | Session, listener: SessionListener = {}) {
    this.#session = from instanceof Session ? from : Session.begin(from, listener);
  }

  /** The same client for another phase of the run. */
  during(phase: ApiPhase): Client {
    return new Client(this.#session.during(phase));
  }

  /** What the run may lose to the server, over all phases. */
  get patience(): Patience {
    return this.#session.patience;
  }

  /** How long this phase may wait for what the server shows, in milliseconds, lest the run become longer than it may be. */
  get mayWaitMs(): number {
    return this.#session.budget.mayWaitMs();
  }

  /** The address of the API server, as the kubeconfig has it. */
  get server(): string {
    return this.#session.transport.server;
  }

  get requests(): RequestCounts {
    return this.#session.requests;
  }

  /** The API server's version, `v1.34.4`. */
  async version(): Promise<string> {
    const exchange = await this.#session.read('get', { method: 'GET', path: '/version' }, WORDS);
    return parseAs<{ gitVersion?: string | null }>(exchange, 'version', VERSION).gitVersion ?? UNKNOWN_VERSION;
  }

  async get<T extends KubernetesObject>(resource: Resource, namespace: string | undefined, name: string): Promise<T> {
    const exchange = await this.#session.read('get', { method: 'GET', path: resourcePath(resource, namespace, name) });
    return parseObject<T>(exchange, resource, name);
  }

  /** Every object of a collection, over all pages, as of one version of it. `namespace` is `undefined` for those of all namespaces. */
  async list<T extends KubernetesObject>(
    resource: Resource,
    namespace: string | undefined,
    options: ListOptions = {},
  ): Promise<ObjectList<T>> {
    return this.#session.list<T>(resource, namespace, options);
  }

  /** The first objects of a collection, at most one page of it: enough to learn what they are like. */
  async listSome<T extends KubernetesObject>(resource: Resource, namespace: string | undefined): Promise<readonly T[]> {
    const path = `${resourcePath(resource, namespace)}?limit=${PAGE_SIZE}`;
    return (await this.#session.page<T>(resource, path, MAX_BYTES.page)).items;
  }

  /** As `list`, with the objects' metadata alone: ConfigMaps that hold filters are up to a megabyte each. */
  async listMetadata(
    resource: Resource,
    namespace: string | undefined,
    options: ListOptions = {},
  ): Promise<ObjectList<KubernetesObject>> {
    return this.#session.list<KubernetesObject>(resource, namespace, options, { accept: METADATA_ONLY });
  }

  /** Makes an object; one of its name that is there already gives an `ApiError` 409. */
  async create<T extends KubernetesObject>(resource: Resource, namespace: string, object: T): Promise<T> {
    const path = `${resourcePath(resource, namespace)}?fieldManager=${FIELD_MANAGER}`;
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ apiVersion: resource.apiVersion, kind: resource.kind, ...object });
    return (await this.#session.write<T>('create', resource, false, { method: 'POST', path, headers, body })).object;
  }

  /**
   * Server-side apply: makes the object or brings our fields to the given values. Without `force`, a field that another
   * manager holds with another value gives an `ApiError` 409 that names the manager.
   */
  async apply<T extends KubernetesObject>(
    resource: Resource,
    namespace: string,
    object: T,
    { dryRun = false, force = false }: ApplyOptions = {},
  ): Promise<Written<T>> {
    return this.#session.write<T>('apply', resource, dryRun, {
      method: 'PATCH',
      path: `${resourcePath(resource, namespace, object.metadata.name)}?fieldManager=${FIELD_MANAGER}&force=${force}`,
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: JSON.stringify({ apiVersion: resource.apiVersion, kind: resource.kind, ...object }),
    });
  }

  /**
   * JSON merge patch (RFC 7386). A `metadata.resourceVersion` in the patch makes it conditional: the server answers 409
   * when the object has changed since.
   */
  async mergePatch<T extends KubernetesObject>(
    resource: Resource,
    namespace: string,
    name: string,
    patch: unknown,
    { dryRun = false }: WriteOptions = {},
  ): Promise<Written<T>> {
    return this.#session.write<T>('patch', resource, dryRun, {
      method: 'PATCH',
      path: `${resourcePath(resource, namespace, name)}?fieldManager=${FIELD_MANAGER}`,
      headers: { 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify(patch),
    });
  }

  /**
   * Deletes an object, and in the background what it owns. True when it was there, false when it was not. An object that is
   * no longer what `preconditions` say stays, with an `ApiError` 409.
   */
  async delete(
    resource: Resource,
    namespace: string,
    name: string,
    preconditions: Preconditions = {},
    { dryRun = false }: WriteOptions = {},
  ): Promise<boolean> {
    const path = resourcePath(resource, namespace, name);
    // The API server does not look at the query of a DELETE that has a body.
    const options = { propagationPolicy: 'Background', preconditions, ...(dryRun && { dryRun: ['All'] }) };
    this.#session.countWrite(dryRun, path);
    const exchange = await this.#session.send('delete', {
      method: 'DELETE',
      path,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', ...options }),
    });
    if (exchange.response.status === 404) return false;
    checked(exchange);
    parseAs(exchange, 'Status', object({})); // or the object that is being deleted
    return true;
  }

  /** Whether the API server has a resource of a group, which it tells everybody whom it lets in; true where it does not tell. */
  async serves({ apiVersion, plural }: Resource): Promise<boolean> {
    try {
      return (await this.#session.once(`/apis/${apiVersion}`, (path) => this.#served(path))).has(plural);
    } catch (error) {
      if (error instanceof ApiError) return error.status !== 404;
      throw error;
    }
  }

  async #served(path: string): Promise<ReadonlySet<string>> {
    const exchange = await this.#session.read('get', { method: 'GET', path }, { maxBytes: MAX_BYTES.page });
    return new Set(parseAs<Served>(exchange, 'APIResourceList', SERVED).resources.map(({ name }) => name));
  }

  /** Whether the user of the kubeconfig has a permission (SelfSubjectAccessReview). A yes is remembered for the run. */
  async isAllowed({ verb, resource, subresource, namespace, name }: AccessRequest): Promise<boolean> {
    const { group, plural } = resource;
    const spec = { resourceAttributes: { verb, group, resource: plural, subresource, namespace, name } };
    return this.#session.untilYes(JSON.stringify(spec), async () => {
      return (await this.#review<{ allowed?: boolean }>(ACCESS_REVIEW, { spec }, REVIEW)).allowed === true;
    });
  }

  /** The name by which the API server knows the user of the kubeconfig (SelfSubjectReview, from Kubernetes 1.28). */
  async userName(): Promise<string> {
    return (await this.#review<{ userInfo: { username: string } }>(SELF_REVIEW, {}, SELF)).userInfo.username;
  }

  /** Has the API server fill in a review, which is no object that it keeps; returns what it has found. */
  async #review<T>({ apiVersion, kind, ...resource }: Resource, asked: object, shape: Shape): Promise<T> {
    const request: ApiRequest = {
      method: 'POST',
      path: resourcePath({ apiVersion, kind, ...resource }, undefined),
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion, kind, ...asked }),
    };
    const exchange = await this.#session.read('create', request, WORDS);
    return parseAs<{ status: T }>(exchange, kind, shape).status;
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
    const request = { method: 'GET', path, headers: { accept: '*/*' } } as const;
    return (await this.#session.read('get', request, { maxBytes: bytes + LOG_EXCESS_BYTES })).response.text;
  }

  /** Runs a command in a container to its end, 15 s and 64 MiB of output at most; see `exec` for what it throws. */
  async exec(
    namespace: string,
    pod: string,
    container: string,
    command: readonly string[],
    limits: ExecLimits = {},
  ): Promise<ExecResult> {
    return this.#session.exec({ namespace, pod, container, command }, limits);
  }

  /** Sends one request to a port of a pod and gives the pod's own answer, whatever its status; see `requestPod`. */
  async requestPod(
    namespace: string,
    pod: string,
    port: number,
    path: string,
    options: PodRequest = {},
  ): Promise<PodResponse> {
    this.#session.countRead();
    return requestPod(this.#session.transport, { namespace, pod, port }, path, options, this.#session.budget);
  }

  /** The raw lines of a watch; see `followWorkloads` for what happens to them. */
  watchLines(
    resource: Resource,
    namespace: string,
    resourceVersion: string,
    seconds: number,
    signal: AbortSignal,
    { labelSelector }: Pick<ListOptions, 'labelSelector'> = {},
  ): AsyncIterable<string> {
    const query = new URLSearchParams({
      ...(labelSelector !== undefined && { labelSelector }),
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion,
      timeoutSeconds: String(seconds),
    });
    this.#session.countRead();
    return this.#session.lines(`${resourcePath(resource, namespace)}?${query}`, (seconds + 5) * 1000, signal);
  }
}
