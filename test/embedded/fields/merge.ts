/** Merging an applied configuration into an object, and taking fields out (structured-merge-diff: typed/merge.go, remove.go). */
import { isList, isObject, type Json, type JsonObject } from '../json.ts';
import { FieldSet } from './field-set.ts';
import { type FieldType, isNamedField, itemElement, itemType, memberType } from './field-types.ts';

/** The live value with the applied one on top: objects and keyed lists merge, all else is replaced. */
export function mergeValue(live: Json | undefined, applied: Json, type: FieldType): Json {
  if (isObject(live) && isObject(applied) && type.map !== 'atomic') {
    const out: JsonObject = { ...live };
    for (const [name, value] of Object.entries(applied))
      out[name] = mergeValue(live[name], value, memberType(type, name));
    return out;
  }
  if (isList(live) && isList(applied) && type.list !== 'atomic') return mergeItems(live, applied, type);
  return applied;
}

/** Items come in the applied order; items only the live list has stay after the neighbour they followed. */
function mergeItems(live: readonly Json[], applied: readonly Json[], type: FieldType): Json[] {
  const wanted = new Map(applied.map((item) => [itemElement(type, item), item]));
  const existing = new Map(live.map((item) => [itemElement(type, item), item]));
  const out: Json[] = [];
  const done = new Set<string>();
  const queue = [...live];
  for (const [element, item] of wanted) {
    if (done.has(element)) continue;
    const current = existing.get(element);
    if (current !== undefined) {
      while (queue.length > 0) {
        const next = queue.shift() as Json;
        const nextElement = itemElement(type, next);
        if (nextElement === element) break;
        if (!wanted.has(nextElement) && !done.has(nextElement)) {
          out.push(next);
          done.add(nextElement);
        }
      }
    }
    out.push(current === undefined ? item : mergeValue(current, item, itemType(type)));
    done.add(element);
  }
  for (const item of live) {
    const element = itemElement(type, item);
    if (!wanted.has(element) && !done.has(element)) out.push(item);
  }
  return out;
}

/** The value without the fields of the set; an object or list that loses all its content goes too. */
export function removeFields(value: Json, remove: FieldSet, type: FieldType): Json | undefined {
  if (remove.empty) return value;
  if (isObject(value)) {
    if (type.map === 'atomic') return undefined;
    const out: JsonObject = {};
    for (const [name, member] of Object.entries(value)) {
      const element = `f:${name}`;
      if (remove.has(element)) continue;
      const kept = removeFields(member, remove.below(element), memberType(type, name));
      if (kept !== undefined) out[name] = kept;
    }
    return Object.keys(out).length === 0 ? undefined : out;
  }
  if (isList(value)) {
    if (type.list === 'atomic') return undefined;
    const out: Json[] = [];
    for (const item of value) {
      const element = itemElement(type, item);
      if (remove.has(element)) continue;
      const kept = removeFields(item, remove.below(element), itemType(type));
      if (kept !== undefined) out.push(kept);
    }
    return out.length === 0 ? undefined : out;
  }
  return value;
}

/** The set with every named field that has members below it as a member itself (`EnsureNamedFieldsAreMembers`). */
export function withNamedParents(set: FieldSet, type: FieldType): FieldSet {
  const members = new Set(set.members);
  const children = new Map<string, FieldSet>();
  for (const [element, child] of set.children) {
    const named = element.startsWith('f:');
    if (named && isNamedField(type)) members.add(element);
    children.set(element, withNamedParents(child, named ? memberType(type, element.slice(2)) : itemType(type)));
  }
  return new FieldSet(members, children);
}
