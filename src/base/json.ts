/** Any JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/**
 * Documents of Kubernetes, Envoy and registries have some tens of levels. What walks a value calls itself for each one, and the stack
 * ends after some two thousand.
 */
const MAX_DEPTH = 500;

/** The value of a JSON text. Throws SyntaxError where it is none or is nested too deep; its message quotes 20 characters of the text. */
export function parseJson(text: string, revive?: (key: string, value: unknown) => unknown): unknown {
  if (isDeeper(text, MAX_DEPTH)) throw new SyntaxError(`it is nested more than ${MAX_DEPTH} levels deep`);
  return JSON.parse(text, revive);
}

/** The value of JSON text in UTF-8; `undefined` if it is not. A parser's own message would quote what may be secret. */
export function readJson(bytes: Uint8Array): unknown {
  try {
    return parseJson(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Whether arrays and objects of a JSON text lie deeper in each other than `most`. */
function isDeeper(text: string, max: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        at = endOfString(text, at);
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > max) return true;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
    }
  }
  return false;
}

/**
 * Where the string that begins at a quotation mark ends; the end of the text for one without an end. What is within is skipped by Node
 * itself: a run is over before a loop over each character would be compiled.
 */
function endOfString(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === 0x5c) escapes++;
    if (escapes % 2 === 0) return at;
  }
  return text.length;
}

/** Narrows to a plain JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What stands at a path of keys in a JSON value; `undefined` if the path leaves it. */
export function pick(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
}

/** Whether two JSON values are the same, key order aside. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => sameJson(item, b[index]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]))
  );
}

/** JSON text with sorted keys: equal values give equal text. */
export function canonicalJson(value: Json): string {
  return dataKey(value);
}

/**
 * Returns a key for maps and sets of what is compared by what it holds: plain values have the same key if they hold the same, the order
 * of keys and fields that are `undefined` aside, and only then.
 */
export function dataKey(value: unknown): string {
  if (isObject(value)) {
    const entries = Object.keys(value)
      .filter((key) => value[key] !== undefined)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${dataKey(value[key])}`);
    return `{${entries.join(',')}}`;
  }
  if (Array.isArray(value)) return `[${value.map(dataKey).join(',')}]`;
  return JSON.stringify(value) ?? 'undefined';
}

/** The JSON merge patch (RFC 7386) that makes `after` of `before`. A null in `after` cannot be said by one. */
export function mergePatchTo(before: unknown, after: unknown): unknown {
  if (!isObject(before) || !isObject(after)) return after;
  // What an object only inherits is none of its values.
  const own = (key: string): unknown => (Object.hasOwn(before, key) ? before[key] : undefined);
  const gone = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
  const changed = Object.keys(after).filter((key) => !sameJson(own(key), after[key]));
  return Object.fromEntries([
    ...gone.map((key) => [key, null]),
    ...changed.map((key) => [key, mergePatchTo(own(key), after[key])]),
  ]);
}

/** A JSON value with its keys in the order that they have in another one; those that are not there come last. */
export function arrangedLike(value: unknown, like: unknown): unknown {
  if (Array.isArray(value) && Array.isArray(like)) return value.map((item, index) => arrangedLike(item, like[index]));
  if (!isObject(value) || !isObject(like)) return value;
  const known = Object.keys(like).filter((key) => Object.hasOwn(value, key));
  const keys = [...known, ...Object.keys(value).filter((key) => !Object.hasOwn(like, key))];
  return Object.fromEntries(
    keys.map((key) => [key, arrangedLike(value[key], Object.hasOwn(like, key) ? like[key] : undefined)]),
  );
}
