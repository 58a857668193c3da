/** Watches: a stream of events, one JSON object a line (apiserver: pkg/endpoints/handlers/watch.go, storage/cacher). */
import { encodeObject, type Representation } from './encode.ts';
import type { Outgoing } from './exchange.ts';
import { selectionOf } from './list.ts';
import type { KubeObject } from './objects.ts';
import { groupVersion, type Resource, resourceKey } from './resources.ts';
import { expired } from './status-error.ts';
import type { Store, StoreEvent } from './store.ts';

const BOOKMARK_MS = 60_000;
/** Without `timeoutSeconds` the server ends a watch after half an hour to an hour. */
const DEFAULT_TIMEOUT_S = 1800;

export interface WatchRequest {
  readonly resource: Resource;
  readonly namespace: string;
  readonly query: URLSearchParams;
  readonly representation: Representation;
}

/**
 * Answers a watch: first what the resource version asks for, then every matching change until the timeout or the client's end.
 * @throws StatusError 400 before anything is written, for a selector that cannot be read
 */
export function serveWatch(store: Store, request: WatchRequest, response: Outgoing): void {
  const { resource, namespace, query, representation } = request;
  const selection = selectionOf(resource, query);
  const bookmarks = isTrue(query.get('allowWatchBookmarks'));
  const version = query.get('resourceVersion') ?? '';
  const initial = isTrue(query.get('sendInitialEvents')) || version === '' || version === '0';
  const matches = (object: KubeObject | undefined): object is KubeObject =>
    object !== undefined && (namespace === '' || object.metadata.namespace === namespace) && selection.match(object);

  response.writeHead(200, {
    'content-type': 'application/json',
    'cache-control': 'no-cache, private',
    'transfer-encoding': 'chunked',
  });
  response.flushHeaders();
  const send = (type: string, text: string): void => {
    response.write(`{"type":"${type}","object":${text}}\n`);
  };
  const deliver = (event: StoreEvent): void => {
    const change = changeFor(event, matches);
    if (change !== undefined) send(change.type, encodeObject(change.object, representation));
  };
  const bookmark = (annotations?: Record<string, string>): void => {
    const metadata = {
      resourceVersion: String(store.revision),
      creationTimestamp: null,
      ...(annotations === undefined ? {} : { annotations }),
    };
    const partial = representation === 'metadata';
    const kind = partial ? 'PartialObjectMetadata' : resource.kind;
    send(
      'BOOKMARK',
      JSON.stringify({ kind, apiVersion: partial ? 'meta.k8s.io/v1' : groupVersion(resource), metadata }),
    );
  };

  if (initial) {
    for (const object of store.list(resource, namespace))
      if (matches(object)) send('ADDED', encodeObject(object, representation));
    if (isTrue(query.get('sendInitialEvents'))) bookmark({ 'k8s.io/initial-events-end': 'true' });
  } else {
    const events = store.since(resource, Number(version));
    if (events === undefined) {
      const error = expired(`too old resource version: ${version} (${store.compacted})`);
      send('ERROR', JSON.stringify(error.body));
      response.end();
      return;
    }
    for (const event of events) deliver(event);
  }

  const key = resourceKey(resource);
  const unsubscribe = store.subscribe((event) => {
    if (resourceKey(event.resource) === key) deliver(event);
  });
  const timeout = Number(query.get('timeoutSeconds') ?? 0);
  const seconds = timeout > 0 ? timeout : DEFAULT_TIMEOUT_S * (1 + Math.random());
  const ticker = setInterval(() => {
    if (bookmarks) bookmark();
  }, BOOKMARK_MS);
  // The connection of a slow client closes long after the answer has ended, and nothing more may be written to that.
  const stop = (): void => {
    unsubscribe();
    clearInterval(ticker);
    clearTimeout(end);
  };
  const end = setTimeout(() => {
    if (bookmarks) bookmark();
    stop();
    response.end();
  }, seconds * 1000);
  response.on('close', stop);
}

function isTrue(text: string | null): boolean {
  return text === 'true' || text === '1';
}

interface Change {
  readonly type: StoreEvent['type'];
  readonly object: KubeObject;
}

/** A change as one watcher sees it: an object that starts or stops to match is added or deleted. */
function changeFor(event: StoreEvent, matches: (object: KubeObject | undefined) => boolean): Change | undefined {
  const before = matches(event.previous);
  const after = event.type !== 'DELETED' && matches(event.object);
  if (after) return { type: before ? 'MODIFIED' : 'ADDED', object: event.object };
  if (!before || event.previous === undefined) return undefined;
  const metadata = { ...event.previous.metadata, resourceVersion: String(event.revision) };
  return { type: 'DELETED', object: { ...event.previous, metadata } };
}
