import { headerOf } from '../base/answer.ts';
import { formatBytes } from '../base/text.ts';
import { digestOf } from '../filter/module/module.ts';
import type { Http } from '../http/http.ts';
import type { HttpAnswer, HttpRequest } from '../http/messages.ts';
import { answerError } from './answers.ts';
import type { Auth } from './auth.ts';
import { AnswerError, ContentError } from './errors.ts';
import { type Descriptor, MANIFEST_TYPES } from './manifest.ts';
import type { ImageReference } from './reference.ts';

/** A manifest as the registry keeps it, whose digest was checked. */
export interface FetchedManifest {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly digest: string;
}

/** What Istio's fetcher takes at most, unless it is told otherwise (istio/istio pkg/wasm). */
export const MAX_BLOB_BYTES = 256 * 1024 * 1024;
/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
/** Of an answer that is looked at for its status and headers alone. */
const MAX_UNREAD_BYTES = 64 * 1024;

/**
 * One repository of a registry, by the distribution API v2 (https://github.com/opencontainers/distribution-spec/blob/main/spec.md).
 * What comes is checked against its digest. Throws what `Http` throws, `AnswerError`, `ContentError` and `LoginError`.
 */
export class Repository {
  readonly #http: Http;
  readonly #auth: Auth;
  readonly #base: URL;
  readonly #scope: string;

  /** `actions`: what the login is to allow. */
  constructor(
    { repository }: Pick<ImageReference, 'repository'>,
    actions: 'pull' | 'pull,push',
    http: Http,
    auth: Auth,
  ) {
    this.#http = http;
    this.#auth = auth;
    this.#scope = `repository:${repository}:${actions}`;
    this.#base = new URL(`/v2/${repository}/`, http.home);
  }

  /** Gets a manifest by tag or digest. */
  async manifest(name: string): Promise<FetchedManifest> {
    const headers = { accept: MANIFEST_TYPES };
    const answer = await this.#read({ url: this.#url(`manifests/${name}`), headers, maxBytes: MAX_MANIFEST_BYTES });
    const digest = digestOf(answer.body);
    const promised = name.startsWith('sha256:') ? name : (headerOf(answer, 'docker-content-digest') ?? digest);
    if (promised !== digest) {
      throw new ContentError(`the manifest has the digest ${digest} instead of ${promised}`, DAMAGED);
    }
    return { bytes: answer.body, contentType: headerOf(answer, 'content-type') ?? '', digest };
  }

  /** Gets a blob of at most 256 MiB. */
  async blob({ digest, size }: Descriptor): Promise<Uint8Array> {
    if (size > MAX_BLOB_BYTES) {
      throw new ContentError(
        `the layer has ${formatBytes(size)}; at most ${formatBytes(MAX_BLOB_BYTES)} are read`,
        'Check that the image holds the filter and nothing else.',
      );
    }
    const { body } = await this.#read({ url: this.#url(`blobs/${digest}`), maxBytes: size });
    const found = digestOf(body);
    if (found !== digest) throw new ContentError(`the layer has the digest ${found} instead of ${digest}`, DAMAGED);
    return body;
  }

  /** The digest of the manifest under a name; `undefined` if there is none. */
  async digestUnder(name: string): Promise<string | undefined> {
    try {
      return (await this.manifest(name)).digest;
    } catch (error) {
      if (error instanceof AnswerError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Puts a blob there unless it is there already. */
  async putBlob(bytes: Uint8Array): Promise<void> {
    const digest = digestOf(bytes);
    const there = await this.#call({ method: 'HEAD', url: this.#url(`blobs/${digest}`), maxBytes: 0 });
    if (there.status === 200) return;
    // What was sent in part cannot be sent on: an upload that fails is begun anew.
    const answer = await this.#http.withRetries(() => this.#upload(bytes, digest));
    if (answer.status !== 201) throw answerError(answer);
  }

  /** Puts a manifest under a tag or its digest. */
  async putManifest(name: string, bytes: Uint8Array, mediaType: string): Promise<void> {
    const answer = await this.#call({
      method: 'PUT',
      url: this.#url(`manifests/${name}`),
      headers: { 'content-type': mediaType },
      body: bytes,
      maxBytes: MAX_UNREAD_BYTES,
    });
    if (answer.status !== 201) throw answerError(answer);
  }

  /** A session, then all bytes at once. */
  async #upload(bytes: Uint8Array, digest: string): Promise<HttpAnswer> {
    const begun = await this.#call({
      method: 'POST',
      url: this.#url('blobs/uploads/'),
      maxBytes: MAX_UNREAD_BYTES,
      once: true,
    });
    if (begun.status !== 202) return begun;
    const session = URL.parse(headerOf(begun, 'location') ?? '', begun.url.href);
    if (session === null) {
      const remedy = 'Check that the host is a registry; if so, contact its operator.';
      throw new ContentError(`${begun.url.host} starts an upload but does not say where`, remedy);
    }
    session.searchParams.set('digest', digest);
    return this.#call({
      method: 'PUT',
      url: session,
      headers: { 'content-type': 'application/octet-stream' },
      body: bytes,
      maxBytes: MAX_UNREAD_BYTES,
      once: true,
    });
  }

  async #read(request: Omit<HttpRequest, 'method'>): Promise<HttpAnswer> {
    const answer = await this.#call({ ...request, method: 'GET' });
    if (answer.status !== 200) throw answerError(answer);
    return answer;
  }

  /** Sends a request with the credentials of the registry, which no other host is shown, and once more after logging in. */
  async #call(request: HttpRequest): Promise<HttpAnswer> {
    const send = (): Promise<HttpAnswer> => {
      const login = request.url.origin === this.#base.origin ? this.#auth.headers(this.#scope) : {};
      return this.#http.send({ ...request, headers: { ...request.headers, ...login } });
    };
    const answer = await send();
    const own = answer.url.origin === this.#base.origin;
    return answer.status === 401 && own && (await this.#auth.logIn(answer, this.#scope)) ? send() : answer;
  }

  #url(path: string): URL {
    return new URL(path, this.#base);
  }
}

const DAMAGED =
  'It was changed between the registry and the runner, or the registry is damaged; nothing of it was used. Re-run the job; if the error persists, push it again.';
