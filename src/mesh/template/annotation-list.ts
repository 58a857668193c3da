import { isObject, parseJson, sameJson } from '../../base/json.ts';
import { least } from '../../base/lists.ts';
import { type Fault, faulty, messageOf, ok, type Result } from '../../base/problem.ts';
import { remembered } from '../../base/remembered.ts';
import { quoted } from '../../base/text.ts';
import { withMember, withoutMember, withValue } from './json-text.ts';

/** One entry of an annotation list. */
export interface ListEntry {
  /** The name Istio's injector gives it: its own, else the map's key or the place in the array. */
  readonly name: string;
  readonly key: string | number;
  readonly value: Readonly<Record<string, unknown>>;
}

/**
 * The value of `sidecar.istio.io/userVolume` or `userVolumeMount`. Istio's template ranges over it, so both an array of
 * entries with names and a map from name to entry work; whichever form is there is kept. A `null` is an empty list.
 */
export interface AnnotationList {
  /** The text it was read from; `undefined` if the annotation is absent. */
  readonly text: string | undefined;
  readonly form: 'array' | 'map';
  readonly entries: readonly ListEntry[];
}

/** Of a workload both annotations, before and after each of its filters. */
const MAX_REMEMBERED = 64;

/**
 * Reads an annotation, or says why no pod could be made with it. The rules are those of Istio's injector, which reads JSON and
 * ranges over it (istio manifests/charts/istio-control/istio-discovery/files/injection-template.yaml, pkg/kube/inject/template.go),
 * and of the API server, to which each entry is a volume or a mount.
 */
export function parseAnnotationList(text: string | undefined): Result<AnnotationList, Fault> {
  return text === undefined ? ok({ text, form: 'array', entries: [] }) : readText(text);
}

const readText = remembered((text): Result<AnnotationList, Fault> => {
  let value: unknown;
  try {
    value = parseJson(text, refuseTooLarge);
  } catch (error) {
    return faulty(`is not valid JSON (${messageOf(error)})`);
  }
  if (value === null) return ok({ text, form: 'array', entries: [] });
  if (!Array.isArray(value) && !isObject(value)) return faulty('is neither a JSON array nor a JSON object');
  const pairs: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  const entries: ListEntry[] = [];
  for (const [key, entry] of pairs) {
    if (!isObject(entry)) return faulty(`has the entry ${quoted(entry)}, which is not a JSON object`);
    if (Object.keys(entry).length === 0) return faulty(`has an empty entry (${quoted(key)})`);
    // The template writes it between quotation marks of its own.
    if (String(key).includes('"')) return faulty(`has the key ${quoted(key)}, which has a quotation mark in it`);
    const name = 'name' in entry ? entry.name : String(key);
    if (typeof name !== 'string' || name === '') {
      return faulty(`has the entry ${quoted(entry)}, whose name is not a text of at least one character`);
    }
    entries.push({ key, value: entry, name });
  }
  return ok({ text, form: Array.isArray(value) ? 'array' : 'map', entries });
}, MAX_REMEMBERED);

/**
 * What stands at a path of fields in an entry, as Kubernetes reads it: Go takes `readonly` for `readOnly`, too, where the exact name is
 * not there (https://pkg.go.dev/encoding/json#Unmarshal). The entry's own name is not read so: Istio's template writes it, exactly.
 */
export function fieldIn(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (!isObject(inner)) return undefined;
    if (Object.hasOwn(inner, key)) return inner[key];
    const wanted = key.toLowerCase();
    const known = Object.keys(inner).find((one) => one.toLowerCase() === wanted);
    return known === undefined ? undefined : inner[known];
  }, value);
}

/** Go's reader, unlike this one's, has no infinity. */
function refuseTooLarge(_: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error('a number in it is too large');
  return value;
}

/**
 * The annotation's text with the entry of this name set to the given value (which has no name of its own), and every
 * other entry to the letter as it was. When it is set already, the text is exactly the old one.
 */
export function withEntry(list: AnnotationList, name: string, value: Readonly<Record<string, unknown>>): string {
  const { text = '[]', form, entries } = list;
  const existing = entries.find((entry) => entry.name === name);
  const named = { name, ...value };
  if (existing !== undefined) {
    const wanted = 'name' in existing.value || form === 'array' ? named : value;
    return sameJson(existing.value, wanted) ? text : withValue(text, existing.key, () => JSON.stringify(wanted));
  }
  if (form === 'array') return withMember(isNull(text) ? '[]' : text, name, named);
  const key = freeKey(list, name);
  return withMember(text, key, key === name ? value : named);
}

function isNull(text: string): boolean {
  return text.trim() === 'null';
}

/** The name itself, unless it is the key of an entry that has a name of its own. */
function freeKey({ entries }: AnnotationList, name: string): string {
  const taken = new Set(entries.map(({ key }) => key));
  let key = name;
  for (let n = 1; taken.has(key); n++) key = `${name}-${n}`;
  return key;
}

/**
 * The annotation's text without the entries of these names, and every other entry to the letter as it was. When none of them is
 * there, the text is exactly the old one. When none remains, it is `emptied`: `undefined`, which takes the annotation away, or
 * what stood there before the first of them came.
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
