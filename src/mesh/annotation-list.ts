import { isObject, sameJson } from '../base/json.ts';
import { messageOf } from '../base/problem.ts';

/** One entry of an annotation list. */
export interface ListEntry {
  /** The name Istio's injector gives it: its own, else the map's key or the place in the array. */
  readonly name: string;
  readonly key: string | number;
  readonly value: Readonly<Record<string, unknown>>;
}

/**
 * The value of `sidecar.istio.io/userVolume` or `userVolumeMount`. Istio's template ranges over it, so both an array of
 * entries with names and a map from name to entry work; whichever form is there is kept.
 */
export interface AnnotationList {
  /** The text it was read from; undefined when the annotation is absent. */
  readonly text: string | undefined;
  readonly form: 'array' | 'map';
  readonly entries: readonly ListEntry[];
}

/** Reads an annotation, or says why Istio's injector could not. */
export function parseAnnotationList(text: string | undefined): AnnotationList | string {
  if (text === undefined) return { text, form: 'array', entries: [] };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `is not valid JSON (${messageOf(error)})`;
  }
  if (!Array.isArray(value) && !isObject(value)) return 'is neither a JSON array nor a JSON object';
  const pairs: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  const entries: ListEntry[] = [];
  for (const [key, entry] of pairs) {
    if (!isObject(entry)) return `has the entry ${JSON.stringify(entry)}, which is not a JSON object`;
    entries.push({ key, value: entry, name: typeof entry.name === 'string' ? entry.name : String(key) });
  }
  return { text, form: Array.isArray(value) ? 'array' : 'map', entries };
}

/**
 * The annotation's text with the entry of this name set to the given value (which has no name of its own), and every
 * other entry as it was. When it is set already, the text is exactly the old one.
 */
export function withEntry(list: AnnotationList, name: string, value: Readonly<Record<string, unknown>>): string {
  const existing = list.entries.find((entry) => entry.name === name);
  const named = { name, ...value };
  if (existing !== undefined) {
    const wanted = 'name' in existing.value || list.form === 'array' ? named : value;
    if (list.text !== undefined && sameJson(existing.value, wanted)) return list.text;
    return formatList({
      ...list,
      entries: list.entries.map((entry) => (entry === existing ? { ...entry, value: wanted } : entry)),
    });
  }
  const key = list.form === 'array' ? list.entries.length : freeKey(list, name);
  const added = { key, name, value: key === name ? value : named };
  return formatList({ ...list, entries: [...list.entries, added] });
}

/** The name itself, unless it is the key of an entry that has a name of its own. */
function freeKey({ entries }: AnnotationList, name: string): string {
  const taken = new Set(entries.map(({ key }) => key));
  let key = name;
  for (let n = 1; taken.has(key); n++) key = `${name}-${n}`;
  return key;
}

/** The annotation's text, in its form. */
export function formatList({ form, entries }: AnnotationList): string {
  if (form === 'array') return JSON.stringify(entries.map(({ value }) => value));
  return JSON.stringify(Object.fromEntries(entries.map(({ key, value }) => [key, value])));
}
