/** Checks an object against the schema of its CRD (apiextensions-apiserver: pkg/apiserver/validation, pkg/registry/customresource). */
import { isList, isObject } from '../json.ts';
import { type FieldError, invalidValue, notSupportedField, requiredField } from '../status-error.ts';

/** The part of an OpenAPI schema that the server knows. */
export interface Schema {
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly enum?: readonly string[];
  readonly minLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  /** The member that tells items apart (`x-kubernetes-list-map-keys`). */
  readonly key?: string;
  /** The `x-kubernetes-validations`. */
  readonly rules?: readonly Rule[];
}

export interface Rule {
  readonly message: string;
  /** Stands for the CEL expression. */
  readonly holds: (value: unknown) => boolean;
}

/** Further rules are not looked at where these were found. */
const BLOCKING = ['FieldValueRequired', 'FieldValueNotSupported', 'FieldValueTooMany'];
const UNCHECKED: FieldError = {
  field: '<nil>',
  type: 'FieldValueInvalid',
  body: 'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
};

/** Problems of an object, first about its shape and then, if that is well, about what its rules say. */
export function schemaErrors(schema: Schema, object: unknown): FieldError[] {
  const errors = [...shapeErrors(schema, object, ''), ...duplicates(schema, object, '')];
  if (errors.some(({ type }) => BLOCKING.includes(type))) return [...errors, UNCHECKED];
  return [...errors, ...ruleErrors(schema, object, '')];
}

function shapeErrors(schema: Schema, value: unknown, path: string): FieldError[] {
  if (isList(value)) return [...countErrors(schema, value.length, path), ...below(schema, value, path, shapeErrors)];
  if (isObject(value)) {
    const missing = (schema.required ?? []).filter((key) => value[key] === undefined || value[key] === null);
    return [...missing.map((key) => requiredField(child(path, key))), ...below(schema, value, path, shapeErrors)];
  }
  if (typeof value !== 'string') return [];
  if (schema.enum?.includes(value) === false) return [notSupportedField(path, value, schema.enum)];
  const { minLength = 0 } = schema;
  if (value.length >= minLength) return [];
  return [invalidValue(path, value, `${path} in body should be at least ${minLength} chars long`)];
}

function countErrors(
  { minItems = 0, maxItems = Number.POSITIVE_INFINITY }: Schema,
  count: number,
  path: string,
): FieldError[] {
  if (count < minItems) return [invalidValue(path, count, `${path} in body should have at least ${minItems} items`)];
  if (count <= maxItems) return [];
  return [{ field: path, type: 'FieldValueTooMany', body: `Too many: ${count}: must have at most ${maxItems} items` }];
}

function duplicates(schema: Schema, value: unknown, path: string): FieldError[] {
  const { key } = schema;
  const keys = key !== undefined && isList(value) ? value.map((item) => (isObject(item) ? item[key] : undefined)) : [];
  return [
    ...keys.flatMap((one, index): FieldError[] => {
      if (one === undefined || keys.indexOf(one) === index) return [];
      const body = `Duplicate value: ${JSON.stringify({ [String(key)]: one })}`;
      return [{ field: `${path}[${index}]`, type: 'FieldValueDuplicate', body }];
    }),
    ...below(schema, value, path, duplicates),
  ];
}

function ruleErrors(schema: Schema, value: unknown, path: string): FieldError[] {
  if (value === undefined || value === null) return [];
  const broken = (schema.rules ?? []).filter(({ holds }) => !holds(value));
  const type = isList(value) ? 'array' : typeof value;
  return [...broken.map(({ message }) => invalidValue(path, type, message)), ...below(schema, value, path, ruleErrors)];
}

/** What is wrong with the members of an object or a list. */
function below(
  { properties = {}, items }: Schema,
  value: unknown,
  path: string,
  check: (schema: Schema, value: unknown, path: string) => FieldError[],
): FieldError[] {
  if (isList(value)) {
    return items === undefined ? [] : value.flatMap((item, index) => check(items, item, `${path}[${index}]`));
  }
  if (!isObject(value)) return [];
  return Object.entries(properties).flatMap(([key, schema]) => check(schema, value[key], child(path, key)));
}

function child(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
