import { least } from '../../base/lists.ts';
import { withMember, withoutMember, withValue } from '../unmanaged/json-text.ts';
import type { AnnotationList } from './annotation-list.ts';

/**
 * The annotation's text without the entries of these names, and every other entry to the letter as it was. When none of them is
 * there, the text is exactly the old one. When none remains, it is `emptied`: undefined, which takes the annotation away, or what
 * stood there before the first of them came.
 */
export function withoutEntries(list: AnnotationList, names: readonly string[], emptied?: string): string | undefined {
  const { form, entries } = list;
  const leaving = entries.filter(({ name }) => names.includes(name));
  if (list.text === undefined || leaving.length === 0) return list.text;
  if (leaving.length === entries.length) return emptied;
  let text = list.text;
  if (form === 'array') {
    // The place of an entry in an array is the name of one that has none; it must not change when the entry moves up.
    const first = least(leaving.map(({ key }) => Number(key)));
    for (const { key, name, value } of entries) {
      if (Number(key) > first && !('name' in value)) {
        text = withValue(text, key, (entry) => withMember(entry, 'name', name));
      }
    }
  }
  // From the back, so that the places of those before stay.
  for (const { key } of leaving.toReversed()) text = withoutMember(text, key);
  return text;
}
