/** JSON merge patch, RFC 7386. */
import { isObject, type Json, type JsonObject } from './json.ts';

/** The target with the patch applied: null removes, objects merge, all else replaces. Neither argument is changed. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const out: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete out[key];
    else out[key] = mergePatch(out[key], value);
  }
  return out;
}
