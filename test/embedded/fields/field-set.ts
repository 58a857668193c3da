/**
 * Sets of field paths in the form of `managedFields[].fieldsV1`.
 * Path elements: `f:NAME`, `k:{"KEY":VALUE}` (item of a keyed list), `v:VALUE` (item of a set); `.` is the path itself.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
 */
import { isObject, type JsonObject } from '../json.ts';

/** Sets that were read or written already, by their JSON, which nothing changes. */
const known = new WeakMap<JsonObject, FieldSet>();

export class FieldSet {
  readonly members: ReadonlySet<string>;
  readonly children: ReadonlyMap<string, FieldSet>;
  #json: JsonObject | undefined;

  constructor(members: ReadonlySet<string> = new Set(), children: ReadonlyMap<string, FieldSet> = new Map()) {
    this.members = members;
    this.children = children;
  }

  get empty(): boolean {
    return this.members.size === 0 && this.children.size === 0;
  }

  has(element: string): boolean {
    return this.members.has(element);
  }

  /** The part of the set below one path element. */
  below(element: string): FieldSet {
    return this.children.get(element) ?? EMPTY;
  }

  union(other: FieldSet): FieldSet {
    const children = new Map(this.children);
    for (const [element, theirs] of other.children) {
      const ours = children.get(element);
      children.set(element, ours === undefined ? theirs : ours.union(theirs));
    }
    return new FieldSet(new Set([...this.members, ...other.members]), children);
  }

  difference(other: FieldSet): FieldSet {
    return this.#combine(
      other,
      (element) => !other.members.has(element),
      (ours, theirs) => (theirs === undefined ? ours : ours.difference(theirs)),
    );
  }

  intersection(other: FieldSet): FieldSet {
    return this.#combine(
      other,
      (element) => other.members.has(element),
      (ours, theirs) => (theirs === undefined ? EMPTY : ours.intersection(theirs)),
    );
  }

  /** The set without the given elements and all that is below them. */
  without(elements: readonly string[]): FieldSet {
    return this.#combine(
      EMPTY,
      (element) => !elements.includes(element),
      (ours, _theirs, element) => (elements.includes(element) ? EMPTY : ours),
    );
  }

  /** The set with its part below one element replaced. */
  withBelow(element: string, part: FieldSet): FieldSet {
    const children = new Map(this.children);
    if (part.empty) children.delete(element);
    else children.set(element, part);
    return new FieldSet(this.members, children);
  }

  /** All paths in the set, each a list of elements, in a fixed order. */
  *paths(): Generator<readonly string[]> {
    for (const element of [...this.members].sort()) yield [element];
    for (const element of [...this.children.keys()].sort()) {
      for (const path of this.below(element).paths()) yield [element, ...path];
    }
  }

  toFieldsV1(): JsonObject {
    this.#json ??= this.#encode();
    known.set(this.#json, this);
    return this.#json;
  }

  #encode(): JsonObject {
    const out: JsonObject = {};
    for (const element of [...new Set([...this.members, ...this.children.keys()])].sort()) {
      const child = this.children.get(element);
      const below = child === undefined ? {} : child.toFieldsV1();
      out[element] = this.members.has(element) && child !== undefined ? { '.': {}, ...below } : below;
    }
    return out;
  }

  static fromFieldsV1(fields: JsonObject): FieldSet {
    let set = known.get(fields);
    if (set === undefined) {
      const builder = new FieldSetBuilder();
      read(fields, [], builder);
      set = builder.build();
      known.set(fields, set);
    }
    return set;
  }

  #combine(
    other: FieldSet,
    keep: (element: string) => boolean,
    child: (ours: FieldSet, theirs: FieldSet | undefined, element: string) => FieldSet,
  ): FieldSet {
    const children = new Map<string, FieldSet>();
    for (const [element, ours] of this.children) {
      const combined = child(ours, other.children.get(element), element);
      if (!combined.empty) children.set(element, combined);
    }
    return new FieldSet(new Set([...this.members].filter(keep)), children);
  }
}

export const EMPTY = new FieldSet();

function read(fields: JsonObject, path: readonly string[], builder: FieldSetBuilder): void {
  for (const [element, below] of Object.entries(fields)) {
    if (element === '.') {
      builder.insert(path);
    } else if (isObject(below) && Object.keys(below).length > 0) {
      read(below, [...path, element], builder);
    } else {
      builder.insert([...path, element]);
    }
  }
}

/** Collects paths and gives the set. */
export class FieldSetBuilder {
  readonly #members = new Set<string>();
  readonly #children = new Map<string, FieldSetBuilder>();

  /** Adds one path; the empty path is the object itself and is never a member. */
  insert(path: readonly string[]): void {
    const [first, ...rest] = path;
    if (first === undefined) return;
    if (rest.length === 0) {
      this.#members.add(first);
      return;
    }
    let child = this.#children.get(first);
    if (child === undefined) {
      child = new FieldSetBuilder();
      this.#children.set(first, child);
    }
    child.insert(rest);
  }

  build(): FieldSet {
    const children = new Map<string, FieldSet>();
    for (const [element, child] of this.#children) children.set(element, child.build());
    return new FieldSet(new Set(this.#members), children);
  }
}

/** A path as conflicts name it: `.spec.template.spec.containers[name="app"].image`. */
export function pathText(path: readonly string[]): string {
  return path.map(elementText).join('');
}

function elementText(element: string): string {
  const value = element.slice(2);
  if (element.startsWith('f:')) return `.${value}`;
  if (element.startsWith('k:')) {
    const keys = JSON.parse(value) as JsonObject;
    return `[${Object.keys(keys)
      .sort()
      .map((key) => `${key}=${JSON.stringify(keys[key])}`)
      .join(',')}]`;
  }
  return `[=${value}]`;
}
