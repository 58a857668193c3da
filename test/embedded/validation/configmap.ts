/** Checks of a ConfigMap (kubernetes: pkg/apis/core/validation, ValidateConfigMap and ValidateConfigMapUpdate). */
import { equalJson, isObject, type JsonObject } from '../json.ts';
import type { KubeObject } from '../objects.ts';
import { type FieldError, forbiddenField, invalidValue, tooLongField } from '../status-error.ts';
import { configKeyErrors } from './names.ts';

/** `data` and decoded `binaryData` together, keys not counted. */
export const CONFIGMAP_LIMIT = 1024 * 1024;

const IMMUTABLE = 'field is immutable when `immutable` is set';

function part(object: KubeObject, key: string): JsonObject {
  const value = object[key];
  return isObject(value) ? value : {};
}

function decodedLength(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return Math.floor((base64.length * 3) / 4) - padding;
}

export function configMapErrors(object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const data = part(object, 'data');
  const binaryData = part(object, 'binaryData');
  let size = 0;
  for (const [key, value] of Object.entries(data)) {
    for (const message of configKeyErrors(key)) errors.push(invalidValue(`data[${key}]`, key, message));
    if (key in binaryData) errors.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    size += Buffer.byteLength(String(value));
  }
  for (const [key, value] of Object.entries(binaryData)) {
    for (const message of configKeyErrors(key)) errors.push(invalidValue(`binaryData[${key}]`, key, message));
    size += decodedLength(String(value));
  }
  if (size > CONFIGMAP_LIMIT) errors.push(tooLongField('[]', CONFIGMAP_LIMIT));
  return errors;
}

export function configMapUpdateErrors(before: KubeObject, after: KubeObject): FieldError[] {
  if (before.immutable !== true) return [];
  const errors: FieldError[] = [];
  if (after.immutable !== true) errors.push(forbiddenField('immutable', IMMUTABLE));
  for (const key of ['data', 'binaryData'] as const) {
    if (!equalJson(part(before, key), part(after, key))) errors.push(forbiddenField(key, IMMUTABLE));
  }
  return errors;
}
