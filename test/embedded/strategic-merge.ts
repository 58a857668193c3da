/** Strategic merge patch for built-in kinds: keyed lists merge by key, `$patch: delete|replace` is honoured (kubernetes: apimachinery strategicpatch). */
import { type FieldType, itemType, memberType } from './fields/field-types.ts';
import { equalJson, isList, isObject, type Json, type JsonObject } from './json.ts';

/** The target with the patch applied. Neither argument is changed. */
export function strategicMerge(target: Json | undefined, patch: Json, type: FieldType): Json {
  if (isObject(patch)) return mergeObject(isObject(target) ? target : {}, patch, type);
  if (isList(patch) && type.list !== 'atomic') return mergeList(isList(target) ? target : [], patch, type);
  return patch;
}

function mergeObject(target: JsonObject, patch: JsonObject, type: FieldType): Json {
  const { $patch: directive, $retainKeys: retained, ...rest } = patch;
  if (directive === 'replace') return rest;
  let out: JsonObject = { ...target };
  if (isList(retained)) out = Object.fromEntries(Object.entries(out).filter(([key]) => retained.includes(key)));
  for (const [key, value] of Object.entries(rest)) {
    if (key.startsWith('$setElementOrder/')) continue;
    if (key.startsWith('$deleteFromPrimitiveList/')) {
      const name = key.slice('$deleteFromPrimitiveList/'.length);
      const current = out[name];
      if (isList(current) && isList(value)) out[name] = current.filter((item) => !value.includes(item));
    } else if (value === null) {
      delete out[key];
    } else {
      // A selector has one owner, but its parts still merge: atomic lists are replaced, objects are not.
      out[key] = strategicMerge(out[key], value, memberType(type, key));
    }
  }
  return out;
}

function mergeList(target: readonly Json[], patch: readonly Json[], type: FieldType): Json[] {
  if (type.list === 'set')
    return [...target, ...patch.filter((item) => !target.some((other) => equalJson(other, item)))];
  if (patch.some((item) => isObject(item) && item.$patch === 'replace')) {
    return patch.filter((item) => !(isObject(item) && item.$patch === 'replace'));
  }
  const key = type.keys[0] ?? 'name';
  const keyOf = (item: Json): Json | undefined => (isObject(item) ? (item[key] ?? item.port) : undefined);
  let out = [...target];
  for (const item of patch) {
    const index = out.findIndex((other) => equalJson(keyOf(other), keyOf(item)));
    if (isObject(item) && item.$patch === 'delete') out = out.filter((_, at) => at !== index);
    else if (index < 0) out.push(item);
    else out[index] = strategicMerge(out[index], item, itemType(type));
  }
  return out;
}
