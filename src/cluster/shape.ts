import { isObject } from '../base/json.ts';
import { truncate } from '../base/text.ts';

/** Where a JSON value is not what it should be: `items[3].metadata.labels`, `a number`, `an object`. */
export interface Mismatch {
  readonly at: string;
  readonly found: string;
  readonly wanted: string;
}

/** Looks at a JSON value; `undefined` if it is as it should be. */
export type Shape = (value: unknown) => Mismatch | undefined;

/** `a list`, `null`, `missing`: what a JSON value is, for a reader. */
export function describeJson(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** A mismatch in words for the end of a sentence: `items[3].metadata.labels is a number instead of an object`. */
export function describeMismatch({ at, found, wanted }: Mismatch): string {
  return found === 'missing' ? `${at} is missing` : `${at} is ${found} instead of ${wanted}`;
}

const primitive =
  (type: 'string' | 'number' | 'boolean'): Shape =>
  (value) =>
    typeof value === type ? undefined : { at: '', found: describeJson(value), wanted: `a ${type}` };

export const string: Shape = primitive('string');
export const number: Shape = primitive('number');
export const boolean: Shape = primitive('boolean');

/** A shape whose value may be absent; null counts as absent, as in Go. */
export function optional(shape: Shape): Shape {
  return (value) => (value === undefined || value === null ? undefined : shape(value));
}

/** Just this text. */
export function just(text: string): Shape {
  return (value) => {
    if (value === text) return undefined;
    return {
      at: '',
      found: typeof value === 'string' ? JSON.stringify(truncate(value, 60)) : describeJson(value),
      wanted: JSON.stringify(text),
    };
  };
}

/** Returns the shape of a list whose every item has the given one. */
export function list(item: Shape): Shape {
  return (value) => {
    if (!Array.isArray(value)) return { at: '', found: describeJson(value), wanted: 'a list' };
    for (const [index, one] of value.entries()) {
      const mismatch = item(one);
      if (mismatch !== undefined) return within(`[${index}]`, mismatch);
    }
    return undefined;
  };
}

/** An object with values of one shape under any keys. */
export function map(shape: Shape): Shape {
  return (value) => {
    if (!isObject(value)) return { at: '', found: describeJson(value), wanted: 'an object' };
    for (const key of Object.keys(value)) {
      const mismatch = shape(value[key]);
      if (mismatch !== undefined) return within(`[${JSON.stringify(truncate(key, 60))}]`, mismatch);
    }
    return undefined;
  };
}

/** An object with at least these fields; what others it has is not looked at. */
export function object(fields: Readonly<Record<string, Shape>>): Shape {
  const entries = Object.entries(fields);
  return (value) => {
    if (!isObject(value)) return { at: '', found: describeJson(value), wanted: 'an object' };
    for (const [key, shape] of entries) {
      const mismatch = shape(Object.hasOwn(value, key) ? value[key] : undefined);
      if (mismatch !== undefined) return within(key, mismatch);
    }
    return undefined;
  };
}

/** All of several shapes at once. */
export function all(...shapes: readonly Shape[]): Shape {
  return (value) => {
    for (const shape of shapes) {
      const mismatch = shape(value);
      if (mismatch !== undefined) return mismatch;
    }
    return undefined;
  };
}

function within(key: string, { at, ...rest }: Mismatch): Mismatch {
  const joined = at === '' || at.startsWith('[') ? `${key}${at}` : `${key}.${at}`;
  return { at: joined, ...rest };
}
