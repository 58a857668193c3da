import { performance } from 'node:perf_hooks';
import { formatDuration, truncate } from '../base/text.ts';
import { type Exchange, parsePage } from './answers.ts';
import { ConnectionError, InvalidAnswerError, isApiError } from './errors.ts';
import { LIST_MS, MAX_BYTES, MAX_LIST_STARTS, MAX_PAGES, PAGE_SIZE } from './limits.ts';
import type { KubernetesObject } from './objects.ts';
import type { Budget } from './patience.ts';
import type { Resource } from './resources.ts';

export interface ListOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** A list and the version of the collection it shows, to watch on from. */
export interface ObjectList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

/** One page of a list, read and found to be what it should be. */
export interface CheckedPage<T> extends ObjectList<T> {
  /** Where the next one begins; empty after the last. */
  readonly next: string;
  readonly bytes: number;
  readonly answer: Pick<Exchange, 'server' | 'request' | 'response'>;
}

/** Asks for a page of at most so many bytes. */
export type ReadPage<T> = (path: string, maxBytes: number) => Promise<CheckedPage<T>>;

/** The page in an answer. Throws `InvalidAnswerError`. */
export function readPage<T extends KubernetesObject>(exchange: Exchange, resource: Resource): CheckedPage<T> {
  const { items, metadata } = parsePage<T>(exchange, resource);
  return {
    items: items ?? [],
    resourceVersion: metadata.resourceVersion ?? '',
    next: metadata.continue ?? '',
    bytes: exchange.response.text.length,
    answer: exchange,
  };
}

/** A list to read to its end. */
export interface Listing {
  readonly path: string;
  readonly options: ListOptions;
  readonly server: string;
  readonly budget: Budget;
}

/**
 * Every object of a collection over all pages, as of one version of it. Where the server no longer knows the place of the next page
 * (410: its history was compacted), the list is read anew. Throws what `read` throws, `InvalidAnswerError` for a list that repeats
 * itself or has no end, and `ConnectionError` for one that takes too long.
 */
export async function listAll<T extends KubernetesObject>(listing: Listing, read: ReadPage<T>): Promise<ObjectList<T>> {
  const started = performance.now();
  for (let starts = 1; ; starts++) {
    try {
      return await readPages(listing, read, started);
    } catch (error) {
      if (!isApiError(error, 410) || starts === MAX_LIST_STARTS) throw error;
    }
  }
}

async function readPages<T extends KubernetesObject>(
  { path, options, server, budget }: Listing,
  read: ReadPage<T>,
  started: number,
): Promise<ObjectList<T>> {
  const items: T[] = [];
  const names = new Set<string>();
  const seen = new Set<string>();
  const maxMs = budget.mayList(LIST_MS);
  let bytes = 0;
  for (let next = ''; ; ) {
    const query = new URLSearchParams({
      limit: String(PAGE_SIZE),
      ...options,
      ...(next !== '' && { continue: next }),
    });
    const page = await read(`${path}?${query}`, Math.min(MAX_BYTES.page, MAX_BYTES.list - bytes));
    bytes += page.bytes;
    const invalid = (found: string): InvalidAnswerError => {
      const { request, response } = page.answer;
      return new InvalidAnswerError({ server, ...request, status: response.status, found, wanted: 'page of a list' });
    };
    for (const item of page.items) {
      const { name, namespace = '' } = item.metadata;
      const key = `${namespace}/${name}`;
      if (names.has(key)) throw invalid(`a page that holds ${truncate(name, 60)} for the second time`);
      names.add(key);
      items.push(item);
    }
    ({ next } = page);
    if (next === '') return { items, resourceVersion: page.resourceVersion };
    if (seen.has(next)) throw invalid('a page whose "continue" leads back to an earlier one');
    seen.add(next);
    if (seen.size === MAX_PAGES) throw invalid(`page ${MAX_PAGES} of a list that still goes on`);
    const passed = performance.now() - started;
    if (passed < maxMs) continue;
    budget.waited(passed);
    const long = `${path} has ${seen.size} pages of ${items.length} objects after ${formatDuration(passed)} and still goes on`;
    throw new ConnectionError(server, new Error(`the list ${long}`));
  }
}
