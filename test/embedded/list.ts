/** Lists: selectors, pages and consistent continuation. */
import type { ListMeta } from './encode.ts';
import type { KubeObject } from './objects.ts';
import { type Resource, resourceKey } from './resources.ts';
import { type LabelMatch, type ObjectMatch, parseFieldSelector, parseLabelSelector } from './selectors.ts';
import { badRequest, expired, StatusError } from './status-error.ts';
import type { Store } from './store.ts';

/** The selection of a list or a watch. */
export interface Selection {
  readonly match: ObjectMatch;
  /** True when a selector was given. */
  readonly filtered: boolean;
}

/** @throws StatusError 400 for a selector that cannot be read */
export function selectionOf(resource: Resource, query: URLSearchParams): Selection {
  const labelText = query.get('labelSelector') ?? '';
  const fieldText = query.get('fieldSelector') ?? '';
  const labels: LabelMatch = parseLabelSelector(labelText);
  const fields = parseFieldSelector(fieldText, resource);
  return {
    match: (object) => labels(object.metadata.labels ?? {}) && fields.match(object),
    filtered: labelText !== '' || fieldText !== '',
  };
}

interface ContinueToken {
  readonly v: string;
  readonly rv: number;
  readonly start: string;
}

const TOO_OLD =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

function encodeToken(token: ContinueToken): string {
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

function decodeToken(text: string): ContinueToken {
  try {
    const token = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Partial<ContinueToken>;
    if (token.v === 'meta.k8s.io/v1' && typeof token.rv === 'number' && typeof token.start === 'string') {
      return { v: token.v, rv: token.rv, start: token.start };
    }
  } catch {
    // Falls through to the error all unreadable tokens get.
  }
  throw badRequest('continue key is not valid: illegal base64 or JSON');
}

function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

export interface Page {
  readonly items: readonly KubeObject[];
  readonly metadata: ListMeta;
}

/** Serves lists from the store and remembers the states that continue tokens point to. */
export class Lister {
  readonly #store: Store;
  readonly #snapshots = new Map<string, readonly KubeObject[]>();
  readonly #limit: number;

  /** @param limit how many states are kept for continuation before a token is too old */
  constructor(store: Store, limit = 32) {
    this.#store = store;
    this.#limit = limit;
  }

  /** Forgets all states: every continue token given so far is too old. */
  forget(): void {
    this.#snapshots.clear();
  }

  /** One page of a list. @throws StatusError 410 for a continue token that is too old */
  list(resource: Resource, namespace: string, query: URLSearchParams): Page {
    const selection = selectionOf(resource, query);
    const limit = Number(query.get('limit') ?? 0);
    const continueText = query.get('continue') ?? '';
    let token: ContinueToken | undefined;
    if (continueText !== '') token = decodeToken(continueText);
    else this.#checkRevision(query);
    const revision = token === undefined || token.rv < 0 ? this.#store.revision : token.rv;
    const all = this.#stateAt(resource, namespace, token, revision);
    const start = token?.start ?? '';
    const rest = all.filter((object) => keyOf(object) >= start && selection.match(object));
    const resourceVersion = String(revision);
    if (limit <= 0 || rest.length <= limit) return { items: rest, metadata: { resourceVersion } };
    const items = rest.slice(0, limit);
    const last = items.at(-1);
    this.#remember(resource, namespace, revision, all);
    const next = encodeToken({
      v: 'meta.k8s.io/v1',
      rv: revision,
      start: `${last === undefined ? '' : keyOf(last)}\u0000`,
    });
    const metadata: ListMeta = { resourceVersion, continue: next };
    return {
      items,
      metadata: selection.filtered ? metadata : { ...metadata, remainingItemCount: rest.length - limit },
    };
  }

  #stateAt(
    resource: Resource,
    namespace: string,
    token: ContinueToken | undefined,
    revision: number,
  ): readonly KubeObject[] {
    if (token === undefined || token.rv < 0 || revision === this.#store.revision)
      return this.#store.list(resource, namespace);
    const snapshot = this.#snapshots.get(`${resourceKey(resource)} ${namespace} ${revision}`);
    if (snapshot === undefined) throw expired(TOO_OLD, encodeToken({ ...token, rv: -1 }));
    return snapshot;
  }

  #remember(resource: Resource, namespace: string, revision: number, all: readonly KubeObject[]): void {
    const key = `${resourceKey(resource)} ${namespace} ${revision}`;
    this.#snapshots.delete(key);
    this.#snapshots.set(key, all);
    const oldest = this.#snapshots.keys().next();
    if (this.#snapshots.size > this.#limit && oldest.done !== true) this.#snapshots.delete(oldest.value);
  }

  #checkRevision(query: URLSearchParams): void {
    const text = query.get('resourceVersion') ?? '';
    if (text === '') return;
    if (!/^\d+$/.test(text))
      throw badRequest(
        `Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
      );
    const wanted = Number(text);
    if (wanted > this.#store.revision) throw tooLargeRevision(wanted, this.#store.revision);
    if (
      query.get('resourceVersionMatch') === 'Exact' &&
      wanted < this.#store.revision &&
      wanted <= this.#store.compacted
    ) {
      throw expired('The resourceVersion for the provided list is too old.');
    }
  }
}

/** The answer to a resource version from the future. */
function tooLargeRevision(wanted: number, current: number): StatusError {
  return new StatusError({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: Too large resource version: ${wanted}, current: ${current}`,
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
    retryAfterSeconds: 1,
  });
}
