import { performance } from 'node:perf_hooks';
import { pause, untilAborted } from '../base/concurrency.ts';
import { messageOf } from '../base/problem.ts';
import { parseWatchEvent } from './answers.ts';
import type { Client, ListOptions, ObjectList } from './client.ts';
import { ApiError, ConnectionError, InvalidAnswerError } from './errors.ts';
import type { KubernetesObject, Workload } from './objects.ts';
import type { Resource } from './resources.ts';

/** One change of a workload: its new state, or `undefined` if it was deleted. */
export type OnWorkload<T = Workload> = (name: string, workload: T | undefined) => void;

export interface FollowOptions<T = Workload> {
  readonly resource: Resource;
  readonly namespace: string;
  /** Follows those alone that it selects. */
  readonly labelSelector?: string;
  /** The version of a list that was read before: what has changed since then is shown, without another list. */
  readonly since?: string;
  readonly onWorkload: OnWorkload<T>;
  /** Told why the API server shows nothing at the moment, and `undefined` once it does again. */
  readonly onTrouble?: (trouble: string | undefined) => void;
  /** The workloads that are waited for: those a list no longer has were deleted. */
  readonly awaited: () => readonly string[];
  /** Ends the following. */
  readonly signal: AbortSignal;
  readonly debug: (line: string) => void;
}

/** A watch is opened anew this often, so that one whose connection died silently is blind no longer than this. */
const WATCH_SECONDS = 20;
const POLL_MS = 2_000;
/** A watch that ends sooner without an event is not worth resuming at once (client-go's reflector has the same rule). */
const SHORT_WATCH_MS = 1_000;
/** Neither lists nor watches follow each other faster, whatever the server says of them; client-go's reflector begins with 0.8 s. */
const PACE_MS = 1_000;

/**
 * Reports every workload of a kind in a namespace, then each change, until the signal aborts: one list, then a watch. With `since` it
 * begins with the watch, and lists where that gives no answer.
 * A watch that ends is resumed, an expired one (410) starts from a new list, and where watching is not allowed it lists
 * every 2 s. An API server that is away for a while, or for which something else answers, is asked again. Throws when it refuses: then
 * nothing more can be known.
 */
export async function followWorkloads<T extends KubernetesObject = Workload>(
  client: Client,
  options: FollowOptions<T>,
): Promise<void> {
  const { resource, namespace, since, signal, debug } = options;
  const follow = async (version: string): Promise<WatchEnd> => {
    const end = await watchFrom(client, version, options);
    if (!signal.aborted) debug(`Watch of ${resource.plural} in ${namespace} ended: ${end}.`);
    return end;
  };
  if (since !== undefined) await follow(since);
  while (!signal.aborted) {
    const started = performance.now();
    const list = await listPatiently(client, options);
    if (list === undefined) return;
    showList(list, options);
    const end = await follow(list.resourceVersion);
    if (signal.aborted) return;
    const rest = PACE_MS - (performance.now() - started);
    await pause(end === 'expired' ? Math.max(0, rest) : POLL_MS, signal);
  }
}

/** Shows what a list has, and that the workloads that are waited for and are not in it were deleted. */
function showList<T extends KubernetesObject>(
  { items }: ObjectList<T>,
  { onWorkload, onTrouble, awaited }: FollowOptions<T>,
): void {
  onTrouble?.(undefined);
  for (const workload of items) onWorkload(workload.metadata.name, workload);
  const there = new Set(items.map(({ metadata }) => metadata.name));
  for (const name of awaited()) if (!there.has(name)) onWorkload(name, undefined);
}

/** A list, however long the API server is away; `undefined` if the signal aborted first. */
async function listPatiently<T extends KubernetesObject>(
  client: Client,
  options: FollowOptions<T>,
): Promise<ObjectList<T> | undefined> {
  const { resource, namespace, signal, debug } = options;
  while (!signal.aborted) {
    try {
      return await untilAborted(client.list<T>(resource, namespace, selectionOf(options)), signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      const passing =
        error instanceof ConnectionError ||
        error instanceof InvalidAnswerError ||
        (error instanceof ApiError && error.status >= 429);
      if (!passing) throw error;
      options.onTrouble?.(error.message);
      debug(`Listing ${resource.plural} in ${namespace}: ${error.message}; asking again.`);
      await pause(POLL_MS, signal);
    }
  }
  return undefined;
}

function selectionOf({ labelSelector }: Pick<FollowOptions, 'labelSelector'>): Pick<ListOptions, 'labelSelector'> {
  return labelSelector === undefined ? {} : { labelSelector };
}

type WatchEnd = 'expired' | 'forbidden' | 'broken';

/** Watches, resuming where the last event left off, until it has to start from a new list. */
async function watchFrom<T extends KubernetesObject>(
  client: Client,
  from: string,
  options: FollowOptions<T>,
): Promise<WatchEnd> {
  const { resource, namespace, onWorkload, signal } = options;
  let resourceVersion = from;
  try {
    while (!signal.aborted) {
      const started = performance.now();
      let events = 0;
      const lines = client.watchLines(
        resource,
        namespace,
        resourceVersion,
        WATCH_SECONDS,
        signal,
        selectionOf(options),
      );
      for await (const line of lines) {
        if (line === '') continue;
        const event = parseWatchEvent<T>(line, resource);
        events++;
        if ('invalid' in event) {
          options.debug(`Watch of ${resource.plural} in ${namespace}: ${event.invalid}.`);
          return 'broken';
        }
        if (event.type === 'ERROR') return event.code === 410 ? 'expired' : event.code === 403 ? 'forbidden' : 'broken';
        resourceVersion = event.object.metadata.resourceVersion ?? resourceVersion;
        if (event.type === 'BOOKMARK') continue;
        onWorkload(event.object.metadata.name, event.type === 'DELETED' ? undefined : event.object);
      }
      const lasted = performance.now() - started;
      if (events === 0 && lasted < SHORT_WATCH_MS) return 'broken';
      await pause(Math.max(0, PACE_MS - lasted), signal);
    }
  } catch (error) {
    // A broken stream is no news about the workloads; the caller lists again, and a real outage shows there.
    options.debug(`Watch of ${resource.plural} in ${namespace}: ${messageOf(error)}`);
  }
  return 'broken';
}
