import type { YamlEntry, YamlNode } from '../../base/yaml-node.ts';

/** The key by which YAML 1.1 takes over the keys of other mappings (https://yaml.org/type/merge.html). */
const MERGE_KEY = '<<';

/** The entries of a mapping as a parser of YAML 1.1 would have them. */
export interface MergedEntries {
  readonly entries: readonly YamlEntry[];
  /** The merge keys themselves; none where nothing is taken over. */
  readonly mergeKeys: readonly YamlEntry[];
}

/**
 * Returns the entries of a mapping with those that its merge keys would take over. A manifest with one is refused, and so that nothing
 * is missed that is there, what was meant is known all the same. Of entries with one key the mapping's own is the one, then the first.
 */
export function mergedEntries(node: YamlNode): MergedEntries {
  const own = node.entries.filter(({ key }) => key !== MERGE_KEY);
  const mergeKeys = node.entries.filter(({ key }) => key === MERGE_KEY);
  if (mergeKeys.length === 0) return { entries: own, mergeKeys };
  const others = mergeKeys.flatMap(({ node: merged }) => (Array.isArray(merged.value) ? merged.items : [merged]));
  // No mapping is inside of itself: the reader of the file refuses that.
  const taken = others.flatMap((other) => mergedEntries(other).entries);
  const byKey = new Map([...own, ...taken].toReversed().map((entry) => [entry.key, entry]));
  return { entries: [...byKey.values()].toReversed(), mergeKeys };
}

/** Returns the value of a mapping without merge keys, with what these would take over; of anything else as it is. */
export function mergedValue(node: YamlNode): unknown {
  const { entries, mergeKeys } = mergedEntries(node);
  if (mergeKeys.length === 0) return node.value;
  return Object.fromEntries(entries.map((entry) => [entry.key, entry.node.value]));
}
