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
  let json = JSON.stringify(items);
  let shortened = items;
  for (const shorten of ladder) {
    if (json.length <= max) return json;
    shortened = shortened.map(shorten);
    json = JSON.stringify(shortened);
  }
  return json.length <= max ? json : cutList(shortened, max, rank);
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
