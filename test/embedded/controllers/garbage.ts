/** The garbage collector: what is left without an owner goes, and the finalizers of foreground and orphan deletion are served. */
import { deleteObject } from '../deletion.ts';
import type { KubeObject } from '../objects.ts';
import type { Registry } from '../registry.ts';
import type { Resource } from '../resources.ts';
import type { StoreEvent } from '../store.ts';
import { MANAGER } from './pods.ts';
import type { Controller, Key } from './runner.ts';

/** The key is a uid: `namespace` stays empty. */
export class GarbageCollector implements Controller {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  keysFor(event: StoreEvent): readonly Key[] {
    const uids: string[] = [];
    const own = event.object.metadata;
    if (event.type === 'DELETED' || own.deletionTimestamp !== undefined) uids.push(own.uid ?? '');
    // A dependent that came too late, or that went and lets its owner go.
    for (const owner of own.ownerReferences ?? []) if (event.type !== 'MODIFIED') uids.push(owner.uid);
    return uids.map((name) => ({ namespace: '', name }));
  }

  reconcile(key: Key): undefined {
    const owner = this.#registry.store.withUid(key.name);
    const dependents = this.#registry.store.ownedBy(key.name);
    if (owner === undefined) {
      for (const { resource, object } of dependents) this.#collect(resource, object, key.name);
      return undefined;
    }
    const finalizers = owner.object.metadata.finalizers ?? [];
    if (owner.object.metadata.deletionTimestamp === undefined) return undefined;
    if (finalizers.includes('orphan')) {
      for (const { resource, object } of dependents) this.#release(resource, object, key.name);
      this.#removeFinalizer(owner.resource, owner.object, 'orphan');
    } else if (finalizers.includes('foregroundDeletion')) {
      for (const { resource, object } of dependents) {
        if (object.metadata.deletionTimestamp === undefined) this.#delete(resource, object, 'Foreground');
      }
      const blocking = this.#registry.store
        .ownedBy(key.name)
        .filter(({ object }) =>
          object.metadata.ownerReferences?.some((ref) => ref.uid === key.name && ref.blockOwnerDeletion === true),
        );
      if (blocking.length === 0) this.#removeFinalizer(owner.resource, owner.object, 'foregroundDeletion');
    }
    return undefined;
  }

  /** Deletes an object whose last owner is gone; with another owner left, only the reference goes. */
  #collect(resource: Resource, object: KubeObject, uid: string): void {
    const others = (object.metadata.ownerReferences ?? []).filter(
      (owner) => owner.uid !== uid && this.#registry.store.withUid(owner.uid) !== undefined,
    );
    if (others.length > 0) this.#release(resource, object, uid);
    else if (object.metadata.deletionTimestamp === undefined) this.#delete(resource, object, 'Background');
  }

  #delete(resource: Resource, object: KubeObject, propagationPolicy: 'Background' | 'Foreground'): void {
    const { namespace = '', name, uid } = object.metadata;
    if (this.#registry.store.get(resource, namespace, name)?.metadata.uid !== uid) return;
    deleteObject(this.#registry, resource, namespace, name, { propagationPolicy });
  }

  #release(resource: Resource, object: KubeObject, uid: string): void {
    const { namespace = '', name } = object.metadata;
    this.#registry.update(resource, namespace, name, { manager: MANAGER }, (live) => {
      const left = (live.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid);
      if (left.length === 0) delete live.metadata.ownerReferences;
      else live.metadata.ownerReferences = left;
      return live;
    });
  }

  #removeFinalizer(resource: Resource, object: KubeObject, finalizer: string): void {
    const { namespace = '', name } = object.metadata;
    this.#registry.update(resource, namespace, name, { manager: MANAGER }, (live) => {
      live.metadata.finalizers = (live.metadata.finalizers ?? []).filter((item) => item !== finalizer);
      return live;
    });
  }
}
