import type { Json } from './json.ts';

type JsonObject = Readonly<Record<string, Json>>;

declare const VALUE: unique symbol;

/**
 * A JSON Schema (2020-12), and in its type the values that it allows: one source for a format and for the code that writes it. Each is
 * made with what it describes, for whoever reads the schema.
 */
export interface Schema<T> {
  /** Returns it as JSON Schema; those with a name are put into `definitions`, and referred to. */
  readonly toJson: (definitions: Map<string, Json>) => JsonObject;
  readonly [VALUE]?: T;
}

/** The values that a schema allows. */
export type ValueOf<S> = S extends Schema<infer T> ? T : never;

type Properties = Readonly<Record<string, Schema<unknown>>>;

type ObjectOf<R extends Properties, O extends Properties> = { readonly [K in keyof R]: ValueOf<R[K]> } & {
  readonly [K in keyof O]?: ValueOf<O[K]>;
};

/** Returns the schema of any text. */
export function text(description: string): Schema<string> {
  return { toJson: () => ({ description, type: 'string' }) };
}

/** Returns the schema of a number from 0. */
export function number(description: string): Schema<number> {
  return { toJson: () => ({ description, type: 'number', minimum: 0 }) };
}

/** Returns the schema of a whole number. */
export function integer(description: string, minimum = 0): Schema<number> {
  return { toJson: () => ({ description, type: 'integer', minimum }) };
}

/** Returns the schema of true and false. */
export function flag(description: string): Schema<boolean> {
  return { toJson: () => ({ description, type: 'boolean' }) };
}

/** Returns the schema of one value. */
export function constant<const T extends string | number | true>(description: string, value: T): Schema<T> {
  return { toJson: () => ({ description, const: value }) };
}

/** Returns the schema of one of some words. */
export function word<T extends string>(description: string, words: readonly T[]): Schema<T> {
  return { toJson: () => ({ description, type: 'string', enum: [...words] }) };
}

/** Returns the schema of a text, or of null. */
export function textOrNull(description: string): Schema<string | null> {
  return { toJson: () => ({ description, type: ['string', 'null'] }) };
}

/** Returns the schema of a list of any length. */
export function list<T>(description: string, item: Schema<T>): Schema<readonly T[]> {
  return { toJson: (definitions) => ({ description, type: 'array', items: item.toJson(definitions) }) };
}

/** Returns the schema of an object with any keys. */
export function record<T>(description: string, value: Schema<T>): Schema<Readonly<Record<string, T>>> {
  return {
    toJson: (definitions) => ({ description, type: 'object', additionalProperties: value.toJson(definitions) }),
  };
}

/** Returns the schema of an object with these properties and no other. */
export function object<R extends Properties, O extends Properties = Record<never, never>>(
  description: string,
  required: R,
  optional?: O,
): Schema<ObjectOf<R, O>> {
  return {
    toJson: (definitions) => ({
      description,
      type: 'object',
      properties: Object.fromEntries(
        Object.entries({ ...required, ...optional }).map(([name, schema]) => [name, schema.toJson(definitions)]),
      ),
      required: Object.keys(required),
      additionalProperties: false,
    }),
  };
}

/** Returns the schema of whatever exactly one of some schemas allows. */
export function oneOf<S extends readonly Schema<unknown>[]>(
  description: string,
  ...schemas: S
): Schema<ValueOf<S[number]>> {
  return { toJson: (definitions) => ({ description, oneOf: schemas.map((schema) => schema.toJson(definitions)) }) };
}

/** Returns a schema that has a name of its own in the document. */
export function named<T>(name: string, schema: Schema<T>): Schema<T> {
  return {
    toJson: (definitions) => {
      if (!definitions.has(name)) {
        // Its place is before those that it refers to.
        definitions.set(name, {});
        definitions.set(name, schema.toJson(definitions));
      }
      return { $ref: `#/$defs/${name}` };
    },
  };
}

/** Returns a schema with other words for what it describes in one place. */
export function as<T>(description: string, schema: Schema<T>): Schema<T> {
  return { toJson: (definitions) => ({ ...schema.toJson(definitions), description }) };
}

/** Returns a whole document of JSON Schema. */
export function schemaDocument(title: string, schema: Schema<unknown>): JsonObject {
  const definitions = new Map<string, Json>();
  const root = schema.toJson(definitions);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title,
    ...root,
    $defs: Object.fromEntries(definitions),
  };
}
