/** One way to say less of an item. */
export type Shorten<T> = (item: T) => T;

/**
 * A list as JSON of at most `most` UTF-16 units: where it is longer, each item goes down the ladder, and at last the items of
 * the end are left out, in the order of `rank` (the least first). Only in this last case its last element is
 * `{"truncated": true, "omitted": N}`.
 */
export function fitList<T>(
  items: readonly T[],
  max: number,
  ladder: readonly Shorten<T>[] = [],
  rank: (item: T) => number = () => 0,
): string {
  const shortened = shorten(items, max, ladder, JSON.stringify);
  const json = JSON.stringify(shortened);
  return json.length <= max ? json : cutList(shortened, max, rank);
}

/**
 * An object as JSON, of its entries, with the same limit: its values go down the ladder, and at last the entries of the end are left
 * out; then `"*"`, which nothing is called, is `{"truncated": true, "omitted": N}`.
 */
export function fitEntries<T>(entries: readonly [string, T][], max: number, ladder: readonly Shorten<T>[]): string {
  const jsonOf = (items: readonly [string, unknown][]): string => JSON.stringify(Object.fromEntries(items));
  const rungs = ladder.map(
    (step): Shorten<[string, T]> =>
      ([key, value]) => [key, step(value)],
  );
  const shortened = shorten(entries, max, rungs, jsonOf);
  let kept = shortened.length;
  let json = jsonOf(shortened);
  while (json.length > max && kept > 0) {
    kept = Math.floor(kept * Math.min(0.9, max / json.length));
    json = jsonOf([...shortened.slice(0, kept), ['*', { truncated: true, omitted: shortened.length - kept }]]);
  }
  return json;
}

/** Items after as many steps of the ladder as they need. */
function shorten<T>(
  items: readonly T[],
  max: number,
  ladder: readonly Shorten<T>[],
  jsonOf: (items: readonly T[]) => string,
): readonly T[] {
  let shortened = items;
  for (const step of ladder) {
    if (jsonOf(shortened).length <= max) break;
    shortened = shortened.map(step);
  }
  return shortened;
}

function cutList<T>(items: readonly T[], max: number, rank: (item: T) => number): string {
  const sorted = [...items].sort((a, b) => rank(a) - rank(b));
  const parts: string[] = [];
  let used = 64; // The brackets and the last element.
  for (const item of sorted) {
    const part = JSON.stringify(item);
    if (used + part.length + 1 > max) break;
    parts.push(part);
    used += part.length + 1;
  }
  return `[${[...parts, JSON.stringify({ truncated: true, omitted: sorted.length - parts.length })].join(',')}]`;
}
