import { entriesIn } from './own-lines.ts';
import { isOneOf, type OwnFilter, refusedIn } from './refused-filter.ts';

/** Istio adds to the names of plugins: `shop.waf~istio-translated-wasmplugin`. */
const FAILED_PLUGIN = /Plugin ([^\s~]+)(?:~\S+)? failed to load/;
/** What a filter says begins with its ids; of what has none nobody knows whose it is. */
const SAID_BY_SOMEBODY = /\twasm log [^:]/;

/**
 * Returns a log without the failed starts of filters of others. Envoy starts one filter after the other, says why one fails without its
 * name, and names it behind that. What filters have logged stays: it tells by itself whose it is. Where none of `own` is named, what
 * stands behind the last name may be theirs.
 */
export function ownStarts(log: string, own: readonly OwnFilter[]): string {
  const kept: string[][] = [];
  let start: string[] = [];
  let isNamed = false;
  for (const entry of entriesIn(log)) {
    const names = namesIn(entry);
    const isOwn = names.some((name) => isOneOf(name, own));
    isNamed ||= isOwn;
    // A file that is not there was never started: what stands before it is about another filter.
    if (!isOwn && names.length > 0 && names.every((name) => name.startsWith('/'))) continue;
    start.push(entry);
    if (names.length === 0) continue;
    kept.push(isOwn ? start : start.filter(isSaid));
    start = [];
  }
  kept.push(isNamed ? start.filter(isSaid) : start);
  return kept.flat().join('\n');
}

function isSaid(entry: string): boolean {
  return SAID_BY_SOMEBODY.test(entry);
}

function namesIn(entry: string): string[] {
  const plugin = FAILED_PLUGIN.exec(entry)?.[1];
  return plugin === undefined ? refusedIn(entry) : [plugin];
}
