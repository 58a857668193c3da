/**
 * Lists of any length. A call with `...list` puts each item on the stack, and ends in "Maximum call stack size exceeded" at
 * some 100,000: a target list, a module's imports or a cluster may have as many.
 */

/** Adds items to the end of a list. */
export function append<T>(list: T[], items: Iterable<T>): void {
  for (const item of items) list.push(item);
}

/** Returns the items of a list, of those with the same key the first. */
export function distinctBy<T>(list: readonly T[], keyOf: (item: T) => string): T[] {
  const byKey = new Map<string, T>();
  for (const item of list) {
    const key = keyOf(item);
    if (!byKey.has(key)) byKey.set(key, item);
  }
  return [...byKey.values()];
}

/** The greatest of some numbers and `least`, which is the answer where there are none. */
export function greatest(numbers: readonly number[], least = Number.NEGATIVE_INFINITY): number {
  return numbers.reduce((a, b) => Math.max(a, b), least);
}

/** The least of some numbers; infinite where there are none. */
export function least(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

/** Whether a list has a first element, for the types as well. */
export function isNonEmpty<T>(list: readonly T[]): list is readonly [T, ...T[]] {
  return list.length > 0;
}
