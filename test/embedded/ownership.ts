/** `metadata.managedFields` of whole objects. */
import { encodeManagers, type Managers } from './fields/managed.ts';
import type { Json, JsonObject } from './json.ts';
import { type KubeObject, toJson } from './objects.ts';

/** The object as field ownership sees it. */
export function unmanaged(object: KubeObject): Json {
  const { managedFields: _managed, ...metadata } = object.metadata;
  return { ...toJson(object), metadata: metadata as unknown as JsonObject };
}

/** A client resets the ownership by an empty list, or by a list of one empty entry. */
export function isReset(entries: readonly object[]): boolean {
  return entries.length === 0 || (entries.length === 1 && Object.keys(entries[0] ?? {}).length === 0);
}

/** Writes the managers into the object. */
export function setManagers(object: KubeObject, managers: Managers): void {
  if (managers.size === 0) delete object.metadata.managedFields;
  else object.metadata.managedFields = encodeManagers(managers);
}

/** The object with the managers written into it. */
export function withManagers(object: KubeObject, managers: Managers): KubeObject {
  setManagers(object, managers);
  return object;
}

/** A new time in managedFields alone is no change. */
export function withoutTimes(object: KubeObject): JsonObject {
  const managed = object.metadata.managedFields?.map(({ time: _time, ...entry }) => entry);
  const metadata = { ...object.metadata, managedFields: managed };
  return { ...toJson(object), metadata: metadata as unknown as JsonObject };
}
