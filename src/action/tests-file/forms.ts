import { isObject } from '../../base/json.ts';
import { unknownKeys } from '../../base/keys.ts';
import { quoted, useWords } from '../../base/text.ts';
import type { Spot } from './spot.ts';

/** A JSON Schema of draft 7, which editors read. */
export type Schema = Readonly<Record<string, unknown>>;

/** What a value may be: how it is read, and what an editor is told of it. */
export interface Form<T> {
  /** What is wrong is told to the spot; `undefined`: there is no value. */
  readonly read: (spot: Spot) => T | undefined;
  readonly schema: Schema;
}

/** A key of a mapping. */
export interface Key<T> {
  readonly form: Form<T>;
  readonly description: string;
}

type Keys = Readonly<Record<string, Key<unknown>>>;

/** The values of a mapping's keys; those that are not written, or faulty, are missing. */
export type ValuesOf<K extends Keys> = { readonly [N in keyof K]?: K[N] extends Key<infer T> ? T : never };

/** A mapping that was read. */
export interface Mapped<K extends Keys> {
  readonly values: ValuesOf<K>;
  /** Whether a key is written, whatever is wrong with its value. */
  readonly has: (name: keyof K & string) => boolean;
  /** Whether nothing at all is written. */
  readonly isEmpty: boolean;
  /** The spot of a key that is written; else the mapping's own. */
  readonly at: (name: keyof K & string) => Spot;
}

/** Where keys are read that are unknown here, by their names, as an instruction. */
export type Elsewhere = Readonly<Record<string, string>>;

const MERGE_REMEDY = 'Merge keys are not read; write the keys themselves.';

/** Returns the form of a mapping with some keys; `remedy` says what to write instead of something else. */
export function mapping<K extends Keys>(keys: K, remedy: string, elsewhere: Elsewhere = {}): Form<Mapped<K>> {
  const known = Object.keys(keys);
  return {
    read: (spot) => {
      const { node } = spot;
      if (!isObject(node.value)) {
        spot.wrong(`is ${quoted(node.value)}, which is not a mapping.`, remedy);
        return undefined;
      }
      const spots = new Map<string, Spot>();
      const values: Record<string, unknown> = {};
      for (const { key, keyAt, node: value } of node.entries) {
        const [unknown] = unknownKeys({ [key]: true }, known, '', (one) =>
          one === '<<' ? MERGE_REMEDY : Object.hasOwn(elsewhere, one) ? elsewhere[one] : undefined,
        );
        if (unknown !== undefined) spot.wrong(unknown.message, unknown.remedy, keyAt);
        const inner = spot.inner(value, key);
        spots.set(key, inner);
        // Of what a mistyped key was meant to be nothing is missing.
        if (unknown?.meant !== undefined && !spots.has(unknown.meant)) spots.set(unknown.meant, inner);
        const read = unknown === undefined ? keys[key]?.form.read(inner) : undefined;
        if (read !== undefined) values[key] = read;
      }
      return {
        values: values as ValuesOf<K>,
        has: (name) => spots.has(name),
        isEmpty: spots.size === 0,
        at: (name) => spots.get(name) ?? spot,
      };
    },
    schema: {
      type: 'object',
      additionalProperties: false,
      properties: Object.fromEntries(
        Object.entries(keys).map(([name, { form, description }]) => [name, { ...form.schema, description }]),
      ),
    },
  };
}

/** Returns a form whose value is made of another's. `make` may find more that is wrong, and then gives none. */
export function made<T, M>(form: Form<T>, make: (value: T, spot: Spot) => M | undefined): Form<M> {
  return {
    read: (spot) => {
      const value = form.read(spot);
      return value === undefined ? undefined : make(value, spot);
    },
    schema: form.schema,
  };
}

/** Returns the form of a list of at least one and at most `max` items; faulty ones are left out. */
export function list<T>(item: Form<T>, max: number, remedy: string): Form<readonly T[]> {
  return {
    read: (spot) => {
      const { node } = spot;
      if (!Array.isArray(node.value) || node.value.length === 0) {
        const what = Array.isArray(node.value) ? 'is an empty list.' : `is ${quoted(node.value)}, which is not a list.`;
        spot.wrong(what, remedy);
        return undefined;
      }
      if (node.value.length > max) {
        spot.wrong(`has ${node.value.length} items; at most ${max} are read.`, 'Write fewer of them.');
        return undefined;
      }
      const items = node.items.map((one, index) => item.read(spot.inner(one, `[${index}]`)));
      return items.filter((one) => one !== undefined);
    },
    schema: { type: 'array', minItems: 1, maxItems: max, items: item.schema },
  };
}

/** Returns the form of one of some words. */
export function word<const T extends string>(words: readonly T[]): Form<T> {
  return {
    read: (spot) => {
      const { value } = spot.node;
      const known = words.find((one) => one === value);
      if (known === undefined) spot.wrong(`has the unknown value ${quoted(value)}.`, useWords(String(value), words));
      return known;
    },
    schema: { enum: [...words] },
  };
}

/** Returns the form of a whole number. */
export function integer(min: number, max: number): Form<number> {
  return {
    read: (spot) => {
      const { value } = spot.node;
      if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
      spot.wrong(`is ${quoted(value)}.`, `Write a whole number from ${min} to ${max}.`);
      return undefined;
    },
    schema: { type: 'integer', minimum: min, maximum: max },
  };
}

const SCALAR: Schema = { type: ['string', 'number', 'boolean'] };

/**
 * Returns the text of a scalar, to the letter where YAML reads a number or a boolean (`5`, `1.10`, `true`), which no header or body is;
 * `undefined` for anything else, nothing (`null`) among it.
 */
export function scalarText({ node: { value, text } }: Spot): string | undefined {
  if (typeof value === 'string') return value;
  return value === null ? undefined : text;
}

/** Returns the form of a text that `fits`; `remedy` says what to write instead of something else. */
export function text(remedy: string, fits: (text: string) => boolean = () => true): Form<string> {
  return {
    read: (spot) => {
      const said = scalarText(spot);
      if (said !== undefined && fits(said)) return said;
      spot.wrong(`is ${quoted(spot.node.value)}.`, remedy);
      return undefined;
    },
    schema: SCALAR,
  };
}

/** Returns a form that takes `null` as well. */
export function orNull<T>(form: Form<T>): Form<T | null> {
  return {
    read: (spot) => (spot.node.value === null ? null : form.read(spot)),
    schema: { anyOf: [form.schema, { type: 'null' }] },
  };
}
