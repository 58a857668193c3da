/** The namespace controller: empties a namespace that is being deleted, then removes it. */
import { deleteObject } from '../deletion.ts';
import type { Registry } from '../registry.ts';
import type { StoreEvent } from '../store.ts';
import type { Controller, Key } from './runner.ts';

export class NamespaceController implements Controller {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  keysFor(event: StoreEvent): readonly Key[] {
    if (event.resource.kind === 'Namespace') return [{ namespace: '', name: event.object.metadata.name }];
    const namespace = event.object.metadata.namespace;
    return event.type === 'DELETED' && namespace !== undefined ? [{ namespace: '', name: namespace }] : [];
  }

  reconcile(key: Key): undefined {
    const namespaces = this.#registry.table.get('namespaces');
    const namespace = this.#registry.store.get(namespaces, '', key.name);
    if (namespace?.metadata.deletionTimestamp === undefined) return undefined;
    let left = 0;
    for (const resource of this.#registry.table.all.filter((item) => item.namespaced)) {
      for (const object of this.#registry.store.list(resource, key.name)) {
        if (object.metadata.deletionTimestamp === undefined)
          deleteObject(this.#registry, resource, key.name, object.metadata.name, {});
      }
      left += this.#registry.store.list(resource, key.name).length;
    }
    if (left === 0) this.#registry.store.remove(namespaces, namespace);
    return undefined;
  }
}
