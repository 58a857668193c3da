import { sameJson } from '../base/json.ts';
import { quoted } from '../base/text.ts';

/** Where a filter stands among the HTTP filters of a proxy: before all of them, or beside one, by its name. */
export type Insertion = { readonly place: 'first' } | { readonly place: 'before' | 'after'; readonly filter: string };

/** The last HTTP filter of every chain: it answers requests, so nothing behind it is ever reached. */
const ROUTER = 'envoy.filters.http.router';

/** Behind whatever the mesh does, which includes letting requests in. */
export const BEFORE_ROUTER: Insertion = { place: 'before', filter: ROUTER };

const FORMS =
  'Write "first", "before NAME" or "after NAME" with the name of an HTTP filter, such as "after istio.stats".';

/** What is wrong with a place, and what to write instead. */
export interface InsertionFault {
  readonly message: string;
  readonly remedy: string;
}

/** Reads `first`, `before NAME` or `after NAME`; `router` stands for the router's whole name. */
export function parseInsertion(value: unknown): Insertion | InsertionFault {
  const [, place = '', name] = (typeof value === 'string' && /^(\S+)(?:\s+(\S+))?$/.exec(value.trim())) || [];
  if (place === 'first' && name === undefined) return { place };
  if ((place !== 'before' && place !== 'after') || name === undefined) {
    return { message: `has the unknown place ${quoted(value)}.`, remedy: FORMS };
  }
  const filter = name === 'router' ? ROUTER : name;
  // Since Istio 1.19 it is accepted and matches nothing (https://github.com/istio/istio/pull/45675).
  const [, short] = /^envoy\.(?!filters\.)(.+)$/.exec(filter) ?? [];
  if (short !== undefined) {
    return {
      message: `has the old name "${filter}", which Istio no longer finds.`,
      remedy: `Write "${place} envoy.filters.http.${short}".`,
    };
  }
  if (place === 'after' && filter === ROUTER) {
    return {
      message: 'places the filter after the router, and Envoy rejects a chain that does not end with the router.',
      remedy: 'Write "before router" for the last place there is.',
    };
  }
  return { place, filter };
}

/** As it is written: `before router`, `first`. */
export function describeInsertion(insertion: Insertion): string {
  if (insertion.place === 'first') return insertion.place;
  return `${insertion.place} ${insertion.filter === ROUTER ? 'router' : insertion.filter}`;
}

/** The name of the filter beside which ours is placed. */
export function anchorOf(insertion: Insertion): string | undefined {
  return insertion.place === 'first' ? undefined : insertion.filter;
}

/** Whether a filter stands where it stands unless told otherwise. */
export function isBeforeRouter(insertion: Insertion): boolean {
  return sameJson(insertion, BEFORE_ROUTER);
}
