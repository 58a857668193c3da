/** Objects by resource, one resource version for the whole server, and a bounded history for watches. */
import type { KubeObject } from './objects.ts';
import { type Resource, resourceKey } from './resources.ts';

export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resource: Resource;
  readonly revision: number;
  readonly object: KubeObject;
  /** The object before a change or a deletion. */
  readonly previous: KubeObject | undefined;
}

/** An object with its resource. */
export interface Located {
  readonly resource: Resource;
  readonly object: KubeObject;
}

export type StoreListener = (event: StoreEvent) => void;

/** `namespace/name`; the namespace is empty for cluster-scoped objects. */
export function objectKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

function keyOf(object: KubeObject): string {
  return objectKey(object.metadata.namespace ?? '', object.metadata.name);
}

export class Store {
  #revision = 1;
  #compacted = 1;
  readonly #limit: number;
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #byUid = new Map<string, Located>();
  /** uids of dependents by the uid of their owner */
  readonly #byOwner = new Map<string, Set<string>>();
  readonly #history: StoreEvent[] = [];
  readonly #listeners = new Set<StoreListener>();

  /** @param limit how many events the history keeps; a watch from before the oldest one answers 410 Gone */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The resource version of the last write. */
  get revision(): number {
    return this.#revision;
  }

  /** Watches can start after this resource version, not before. */
  get compacted(): number {
    return this.#compacted;
  }

  get(resource: Resource, namespace: string, name: string): KubeObject | undefined {
    return this.#objects.get(resourceKey(resource))?.get(objectKey(namespace, name));
  }

  /** All objects of a resource, in no order. */
  values(resource: Resource): Iterable<KubeObject> {
    return this.#objects.get(resourceKey(resource))?.values() ?? [];
  }

  /** All objects of a resource, of one namespace when that is not empty, in the order of their keys. */
  list(resource: Resource, namespace = ''): KubeObject[] {
    const objects = this.#objects.get(resourceKey(resource));
    if (objects === undefined) return [];
    const keys = [...objects.keys()].sort();
    const found: KubeObject[] = [];
    for (const key of keys) {
      const object = objects.get(key);
      if (object !== undefined && (namespace === '' || object.metadata.namespace === namespace)) found.push(object);
    }
    return found;
  }

  /** The object with a uid, whatever its resource. */
  withUid(uid: string): Located | undefined {
    return this.#byUid.get(uid);
  }

  /** All objects that name a uid among their owners, in the order of their keys. */
  ownedBy(uid: string): Located[] {
    const uids = [...(this.#byOwner.get(uid) ?? [])];
    return uids
      .flatMap((dependent) => this.#byUid.get(dependent) ?? [])
      .sort((a, b) => (keyOf(a.object) < keyOf(b.object) ? -1 : 1));
  }

  /** Writes an object: gives it the next resource version and tells the listeners. Returns what was stored. */
  put(resource: Resource, object: KubeObject): KubeObject {
    const objects = this.#objectsOf(resource);
    const key = keyOf(object);
    const previous = objects.get(key);
    const stored = this.#withRevision(object);
    objects.set(key, stored);
    if (previous !== undefined) this.#unindex(previous);
    this.#index(resource, stored);
    this.#record({
      type: previous === undefined ? 'ADDED' : 'MODIFIED',
      resource,
      revision: this.#revision,
      object: stored,
      previous,
    });
    return stored;
  }

  /** Removes an object; the DELETED event carries its last state under the resource version of the deletion. */
  remove(resource: Resource, object: KubeObject): KubeObject {
    const objects = this.#objectsOf(resource);
    const previous = objects.get(keyOf(object));
    objects.delete(keyOf(object));
    this.#unindex(previous ?? object);
    const last = this.#withRevision(object);
    this.#record({ type: 'DELETED', resource, revision: this.#revision, object: last, previous: previous ?? object });
    return last;
  }

  /** The events after a resource version, or undefined when they are no longer kept. */
  since(resource: Resource, revision: number): StoreEvent[] | undefined {
    if (revision < this.#compacted) return undefined;
    const key = resourceKey(resource);
    return this.#history.filter((event) => event.revision > revision && resourceKey(event.resource) === key);
  }

  /** Forgets the whole history, as etcd's compaction does. */
  compact(): void {
    this.#history.length = 0;
    this.#compacted = this.#revision;
  }

  /** Calls the listener after every write, in order; returns the function that ends this. */
  subscribe(listener: StoreListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #objectsOf(resource: Resource): Map<string, KubeObject> {
    const key = resourceKey(resource);
    let objects = this.#objects.get(key);
    if (objects === undefined) {
      objects = new Map();
      this.#objects.set(key, objects);
    }
    return objects;
  }

  #index(resource: Resource, object: KubeObject): void {
    const uid = object.metadata.uid ?? '';
    this.#byUid.set(uid, { resource, object });
    for (const owner of object.metadata.ownerReferences ?? []) {
      let dependents = this.#byOwner.get(owner.uid);
      if (dependents === undefined) {
        dependents = new Set();
        this.#byOwner.set(owner.uid, dependents);
      }
      dependents.add(uid);
    }
  }

  #unindex(object: KubeObject): void {
    const uid = object.metadata.uid ?? '';
    this.#byUid.delete(uid);
    for (const owner of object.metadata.ownerReferences ?? []) {
      const dependents = this.#byOwner.get(owner.uid);
      dependents?.delete(uid);
      if (dependents?.size === 0) this.#byOwner.delete(owner.uid);
    }
  }

  #withRevision(object: KubeObject): KubeObject {
    this.#revision += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#revision) } };
  }

  #record(event: StoreEvent): void {
    this.#history.push(event);
    if (this.#history.length > this.#limit) {
      const dropped = this.#history.splice(0, this.#history.length - this.#limit);
      this.#compacted = dropped.at(-1)?.revision ?? this.#compacted;
    }
    for (const listener of [...this.#listeners]) listener(event);
  }
}
