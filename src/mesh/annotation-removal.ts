import { type AnnotationList, formatList } from './annotation-list.ts';

/**
 * The annotation's text without the entries of these names, and every other entry as it was; undefined when none remains. When
 * none of them is there, the text is exactly the old one.
 */
export function withoutEntries(list: AnnotationList, names: readonly string[]): string | undefined {
  const entries = list.entries.filter(({ name }) => !names.includes(name));
  if (entries.length === list.entries.length) return list.text;
  if (entries.length === 0) return undefined;
  // The place of an entry in an array is the name of one that has none; it must not change when the entry moves up.
  const named = entries.map((entry, place) =>
    list.form === 'array' && entry.key !== place && typeof entry.value.name !== 'string'
      ? { ...entry, value: { name: entry.name, ...entry.value } }
      : entry,
  );
  return formatList({ ...list, entries: named });
}
