/** `metadata.managedFields`: reading, writing, and the bookkeeping of updates and applies (structured-merge-diff: merge/update.go). */
import type { Json } from '../json.ts';
import type { ManagedFieldsEntry } from '../objects.ts';
import { compareFields, fieldsOf } from './compare.ts';
import { EMPTY, FieldSet, pathText } from './field-set.ts';
import type { FieldType } from './field-types.ts';
import { mergeValue, removeFields, withNamedParents } from './merge.ts';

/** One manager's entry, decoded. */
export interface Manager {
  readonly name: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** Managers by identity: an applier is one whatever its version, an updater is one per version. */
export type Managers = ReadonlyMap<string, Manager>;

export function managerId(manager: Pick<Manager, 'name' | 'operation' | 'apiVersion' | 'subresource'>): string {
  const version = manager.operation === 'Apply' ? '' : manager.apiVersion;
  return JSON.stringify([manager.name, manager.operation, version, manager.subresource]);
}

export function decodeManagers(entries: readonly ManagedFieldsEntry[] | undefined): Map<string, Manager> {
  const managers = new Map<string, Manager>();
  for (const entry of entries ?? []) {
    const manager: Manager = {
      name: entry.manager ?? '',
      operation: entry.operation === 'Apply' ? 'Apply' : 'Update',
      apiVersion: entry.apiVersion ?? '',
      subresource: entry.subresource ?? '',
      time: entry.time,
      fields: FieldSet.fromFieldsV1(entry.fieldsV1 ?? {}),
    };
    managers.set(managerId(manager), manager);
  }
  return managers;
}

/** Entries in the server's order: appliers first, then by time, name, version and subresource. */
export function encodeManagers(managers: Managers): ManagedFieldsEntry[] {
  const sorted = [...managers.values()].sort(
    (a, b) =>
      order(a.operation, b.operation) ||
      order(a.time ?? '', b.time ?? '') ||
      order(a.name, b.name) ||
      order(a.apiVersion, b.apiVersion) ||
      order(a.subresource, b.subresource),
  );
  return sorted.map((manager) => ({
    manager: manager.name,
    operation: manager.operation,
    apiVersion: manager.apiVersion,
    ...(manager.time === undefined ? {} : { time: manager.time }),
    fieldsType: 'FieldsV1',
    fieldsV1: manager.fields.toFieldsV1(),
    ...(manager.subresource === '' ? {} : { subresource: manager.subresource }),
  }));
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export interface Conflict {
  readonly manager: Manager;
  readonly path: string;
}

/** Another manager owns a field that an apply would change. */
export class ApplyConflict extends Error {
  readonly conflicts: readonly Conflict[];
  constructor(conflicts: readonly Conflict[]) {
    super('Apply failed with conflicts');
    this.name = 'ApplyConflict';
    this.conflicts = conflicts;
  }
}

/** Who writes, at which version, and which fields the endpoint never lets them own. */
export interface Writer {
  readonly name: string;
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string;
  readonly ignored: (fields: FieldSet) => FieldSet;
}

/** The managers after an update by `writer` took the object from one state to the next. */
export function recordUpdate(before: Json, after: Json, managers: Managers, writer: Writer, type: FieldType): Managers {
  const comparison = compareFields(before, after, type);
  const changed = writer.ignored(comparison.modified.union(comparison.added));
  const touched = changed.union(writer.ignored(comparison.removed));
  const result = new Map<string, Manager>();
  for (const [id, manager] of managers) {
    const fields = manager.fields.difference(touched);
    if (!fields.empty) result.set(id, { ...manager, fields });
  }
  const own = stripped(changed);
  if (own.empty) return result;
  const self: Manager = { ...writer, operation: 'Update', fields: own };
  const id = managerId(self);
  const previous = result.get(id);
  result.set(id, { ...self, fields: previous === undefined ? own : own.union(previous.fields) });
  return result;
}

export interface Applied {
  readonly object: Json;
  readonly managers: Managers;
  /** False when the apply changed no field. */
  readonly changed: boolean;
}

/**
 * Applies a configuration: merges it, removes what the manager applied before and no longer does, and takes over the fields.
 * @throws ApplyConflict when another manager owns a field that changes and `force` is false
 */
export function applyFields(
  live: Json,
  config: Json,
  managers: Managers,
  writer: Writer,
  force: boolean,
  type: FieldType,
): Applied {
  const self: Manager = {
    ...writer,
    operation: 'Apply',
    fields: writer.ignored(fieldsOf(config, type)),
    time: undefined,
  };
  const id = managerId(self);
  const last = managers.get(id);
  const next = new Map(managers);
  next.set(id, { ...self, time: last?.time });
  let object = mergeValue(live, config, type);
  if (last !== undefined && !last.fields.empty) object = prune(object, next, last.fields, type);
  const comparison = compareFields(live, object, type);
  const changed = comparison.modified.union(comparison.added);
  const conflicts: Conflict[] = [];
  for (const [otherId, manager] of next) {
    if (otherId === id) continue;
    const taken = manager.fields.intersection(changed);
    for (const path of taken.paths()) conflicts.push({ manager, path: pathText(path) });
    const fields = manager.fields.difference(changed).difference(comparison.removed);
    if (fields.empty) next.delete(otherId);
    else next.set(otherId, { ...manager, fields });
  }
  if (!force && conflicts.length > 0) throw new ApplyConflict(conflicts);
  const isChange = !(changed.empty && comparison.removed.empty);
  const own = stripped(self.fields);
  if (own.empty) next.delete(id);
  else next.set(id, { ...self, fields: own, time: isChange ? writer.time : last?.time });
  return { object, managers: next, changed: isChange };
}

/** Takes out what the manager applied last time, but for what any manager still claims and what it never owned. */
function prune(merged: Json, managers: Managers, last: FieldSet, type: FieldType): Json {
  const lastSet = withNamedParents(last, type);
  const afterRemoval = removeFields(merged, lastSet, type) ?? {};
  let managed = EMPTY;
  for (const manager of managers.values()) managed = managed.union(manager.fields);
  const mergedSet = withNamedParents(fieldsOf(merged, type), type);
  const keep = withNamedParents(fieldsOf(afterRemoval, type), type).union(withNamedParents(managed, type));
  const owned = removeFields(merged, mergedSet.difference(keep), type) ?? {};
  const ownedSet = withNamedParents(fieldsOf(owned, type), type);
  return removeFields(merged, mergedSet.difference(ownedSet).intersection(lastSet), type) ?? {};
}

const UNTRACKED = [
  'f:name',
  'f:namespace',
  'f:creationTimestamp',
  'f:selfLink',
  'f:uid',
  'f:clusterName',
  'f:generation',
  'f:managedFields',
  'f:resourceVersion',
];

/** Without the fields nobody owns: type, name and what the server sets (managedfields/internal/stripmeta.go). */
function stripped(fields: FieldSet): FieldSet {
  const metadata = fields.below('f:metadata').without(UNTRACKED);
  const members = new Set([...fields.members].filter((element) => element !== 'f:metadata'));
  return new FieldSet(members, fields.children).without(['f:apiVersion', 'f:kind']).withBelow('f:metadata', metadata);
}
