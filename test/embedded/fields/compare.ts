/** Which fields an object has, and which differ between two (structured-merge-diff: typed/tofieldset.go, compare.go). */
import { equalJson, isList, isObject, type Json } from '../json.ts';
import { type FieldSet, FieldSetBuilder } from './field-set.ts';
import { type FieldType, isNamedField, itemElement, itemType, memberType } from './field-types.ts';

type Path = readonly string[];

/** The set of fields an applied object holds an opinion about. */
export function fieldsOf(value: Json, type: FieldType): FieldSet {
  const builder = new FieldSetBuilder();
  collect(value, type, [], builder);
  return builder.build();
}

function collect(value: Json, type: FieldType, path: Path, out: FieldSetBuilder): void {
  if (isList(value)) {
    if (type.list === 'atomic') {
      out.insert(path);
      return;
    }
    for (const item of value) {
      const itemPath = [...path, itemElement(type, item)];
      collect(item, itemType(type), itemPath, out);
      out.insert(itemPath);
    }
    return;
  }
  if (!isObject(value) || type.map === 'atomic') {
    out.insert(path);
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const memberPath = [...path, `f:${name}`];
    collect(member, memberType(type, name), memberPath, out);
    const emptyMap = member === null || (isObject(member) && Object.keys(member).length === 0);
    if (emptyMap || !isNamedField(type)) out.insert(memberPath);
  }
}

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

interface Differences {
  readonly added: FieldSetBuilder;
  readonly modified: FieldSetBuilder;
  readonly removed: FieldSetBuilder;
}

/** The fields that were added, changed and removed between two states of an object. */
export function compareFields(before: Json, after: Json, type: FieldType): Comparison {
  const out = { added: new FieldSetBuilder(), modified: new FieldSetBuilder(), removed: new FieldSetBuilder() };
  compare(before, after, type, [], out);
  return { added: out.added.build(), modified: out.modified.build(), removed: out.removed.build() };
}

type Maybe = Json | undefined;

function compare(left: Maybe, right: Maybe, type: FieldType, path: Path, out: Differences): void {
  if (left === undefined && right === undefined) return;
  const shape = shapeOf(left, right, type);
  if (shape === 'leaf') {
    if (left === undefined) out.added.insert(path);
    else if (right === undefined) out.removed.insert(path);
    else if (!equalJson(left, right)) out.modified.insert(path);
    return;
  }
  if (shape === 'object') compareMembers(left, right, type, path, out);
  else compareItems(left, right, type, path, out);
  if (left === undefined) out.added.insert(path);
  else if (right === undefined) out.removed.insert(path);
}

function shapeOf(left: Maybe, right: Maybe, type: FieldType): 'leaf' | 'object' | 'list' {
  const sides = [left, right].filter((side) => side !== undefined && side !== null);
  if (sides.length === 0) return 'leaf';
  if (sides.every((side) => isObject(side))) {
    if (type.map === 'atomic' || sides.every((side) => Object.keys(side).length === 0)) return 'leaf';
    return 'object';
  }
  if (sides.every((side) => isList(side))) {
    if (type.list === 'atomic' || sides.every((side) => side.length === 0)) return 'leaf';
    return 'list';
  }
  return 'leaf';
}

function compareMembers(left: Maybe, right: Maybe, type: FieldType, path: Path, out: Differences): void {
  const before = isObject(left) ? left : {};
  const after = isObject(right) ? right : {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    compare(before[name], after[name], memberType(type, name), [...path, `f:${name}`], out);
  }
}

function compareItems(left: Maybe, right: Maybe, type: FieldType, path: Path, out: Differences): void {
  const before = byElement(left, type);
  const after = byElement(right, type);
  for (const element of new Set([...before.keys(), ...after.keys()])) {
    compare(before.get(element), after.get(element), itemType(type), [...path, element], out);
  }
}

function byElement(value: Maybe, type: FieldType): Map<string, Json> {
  const items = new Map<string, Json>();
  if (isList(value)) for (const item of value) items.set(itemElement(type, item), item);
  return items;
}
