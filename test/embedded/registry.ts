/** The write path: create, update, apply and delete with the life cycle every object has (apiserver: pkg/registry/generic/registry/store.go). */
import { asStatusError } from './apply-conflict.ts';
import { rootType } from './fields/field-types.ts';
import { applyFields, decodeManagers, type Managers, recordUpdate, type Writer } from './fields/managed.ts';
import { equalJson, type Json, type JsonObject } from './json.ts';
import { checkIdentity, newObject, nextObject } from './lifecycle.ts';
import { copy, type KubeObject, timestamp, toJson, toObject } from './objects.ts';
import { isReset, setManagers, unmanaged, withManagers, withoutTimes } from './ownership.ts';
import { groupVersion, type Resource, type ResourceTable } from './resources.ts';
import { alreadyExists, badRequest, forbidden, notFound } from './status-error.ts';
import type { Store } from './store.ts';
import { emptyObject, normalised, ownableFields } from './strategy.ts';
import { refuseUnknown, withoutUnknown } from './validation/shape.ts';

export interface WriteOptions {
  /** The field manager. */
  readonly manager: string;
  readonly dryRun?: boolean;
  /** `status`, or empty for the object itself. */
  readonly subresource?: string;
}

export interface ApplyOptions extends WriteOptions {
  readonly force: boolean;
}

/** True when the object was created. */
export interface Applied {
  readonly object: KubeObject;
  readonly created: boolean;
}

export class Registry {
  readonly store: Store;
  readonly table: ResourceTable;

  constructor(store: Store, table: ResourceTable) {
    this.store = store;
    this.table = table;
  }

  /** @throws StatusError 404 when the object is not there */
  get(resource: Resource, namespace: string, name: string): KubeObject {
    const found = this.store.get(resource, namespace, name);
    if (found === undefined) throw notFound(resource, name);
    return found;
  }

  /** Creates an object. The body is not changed. */
  create(resource: Resource, namespace: string, body: KubeObject, options: WriteOptions): KubeObject {
    const object = withoutUnknown(resource, normalised(resource, copy(body)));
    checkIdentity(resource, namespace, undefined, object);
    const prepared = this.#new(resource, namespace, object);
    const writer = this.#writer(resource, options);
    const tracked = withManagers(
      prepared,
      recordUpdate(
        emptyObject(resource),
        unmanaged(prepared),
        decodeManagers(prepared.metadata.managedFields),
        writer,
        rootType(resource.custom),
      ),
    );
    return this.#insert(resource, namespace, tracked, options);
  }

  /**
   * Replaces an object by what `change` makes of a copy of it.
   * @throws StatusError 404, 409 when the resource version or uid does not fit, 422 when the result is not valid
   */
  update(
    resource: Resource,
    namespace: string,
    name: string,
    options: WriteOptions,
    change: (object: KubeObject) => KubeObject,
  ): KubeObject {
    const live = this.get(resource, namespace, name);
    const changed = withoutUnknown(resource, normalised(resource, change(copy(live))));
    checkIdentity(resource, namespace, name, changed);
    const next = nextObject(resource, changed, live, options.subresource ?? '');
    const given = changed.metadata.managedFields;
    const writer = this.#writer(resource, options);
    if (given !== undefined && isReset(given)) {
      delete next.metadata.managedFields;
    } else {
      const source =
        options.subresource === 'status' || given === undefined || given.length === 0
          ? live.metadata.managedFields
          : given;
      const managers = decodeManagers(source);
      const recorded =
        managers.size === 0
          ? managers
          : recordUpdate(unmanaged(live), unmanaged(next), managers, writer, rootType(resource.custom));
      setManagers(next, recorded);
    }
    return this.#replace(resource, next, live, options);
  }

  /**
   * Server-side apply.
   * @throws StatusError 409 when another manager owns a field that would change and `force` is false
   */
  apply(resource: Resource, namespace: string, name: string, config: JsonObject, options: ApplyOptions): Applied {
    const expected = groupVersion(resource);
    if (config.apiVersion !== expected) {
      const given = typeof config.apiVersion === 'string' ? config.apiVersion : '/';
      throw badRequest(
        `Incorrect version specified in apply patch. Specified patch version: ${given}, expected: ${expected}`,
      );
    }
    const patch = normalised(resource, copy(toObject({ ...config })));
    if (patch.metadata.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil');
    checkIdentity(resource, namespace, name, patch);
    refuseUnknown(resource, patch, namespace);
    const live = this.store.get(resource, namespace, name);
    const writer = this.#writer(resource, options);
    const type = rootType(resource.custom);
    const before = live === undefined ? {} : unmanaged(live);
    let managers: Managers = decodeManagers(live?.metadata.managedFields);
    if (live !== undefined && managers.size === 0) {
      managers = recordUpdate(emptyObject(resource), before, managers, { ...writer, name: 'before-first-apply' }, type);
    }
    const applied = asStatusError(() => applyFields(before, toJson(patch), managers, writer, options.force, type));
    const merged = toObject({ ...(applied.object as JsonObject) });
    merged.metadata = { ...merged.metadata, name };
    if (live === undefined) {
      const prepared = this.#new(resource, namespace, merged);
      return {
        object: this.#insert(resource, namespace, withManagers(prepared, applied.managers), options),
        created: true,
      };
    }
    checkIdentity(resource, namespace, name, merged);
    const next = nextObject(resource, merged, live, options.subresource ?? '');
    setManagers(next, applied.managers);
    return { object: this.#replace(resource, next, live, options), created: false };
  }

  #writer(resource: Resource, options: WriteOptions): Writer {
    const subresource = options.subresource ?? '';
    return {
      name: options.manager,
      apiVersion: groupVersion(resource),
      subresource,
      time: timestamp(),
      ignored: ownableFields(resource, subresource),
    };
  }

  #new(resource: Resource, namespace: string, object: KubeObject): KubeObject {
    if (resource.namespaced) this.#checkNamespace(resource, namespace, object.metadata.name ?? '');
    return newObject(resource, namespace, object);
  }

  #insert(resource: Resource, namespace: string, object: KubeObject, options: WriteOptions): KubeObject {
    if (this.store.get(resource, resource.namespaced ? namespace : '', object.metadata.name) !== undefined) {
      throw alreadyExists(resource, object.metadata.name);
    }
    return options.dryRun === true ? object : this.store.put(resource, object);
  }

  /** NamespaceLifecycle admission. */
  #checkNamespace(resource: Resource, namespace: string, name: string): void {
    const namespaces = this.table.get('namespaces');
    const found = this.store.get(namespaces, '', namespace);
    if (found === undefined) throw notFound(namespaces, namespace);
    if (found.metadata.deletionTimestamp === undefined) return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    const error = forbidden(resource, name, why);
    const cause: Json = {
      reason: 'NamespaceTerminating',
      message: `namespace ${namespace} is being terminated`,
      field: 'metadata.namespace',
    };
    if (error.details !== undefined) error.details.causes = [cause];
    throw error;
  }

  /** Stores the object unless nothing changed; an object that waits for deletion goes with its last finalizer. */
  #replace(resource: Resource, next: KubeObject, live: KubeObject, options: WriteOptions): KubeObject {
    if (equalJson(withoutTimes(next), withoutTimes(live))) return live;
    if (options.dryRun === true) return next;
    const waits = next.metadata.deletionTimestamp !== undefined;
    if (
      waits &&
      (next.metadata.finalizers ?? []).length === 0 &&
      (next.metadata.deletionGracePeriodSeconds ?? 0) === 0
    ) {
      if (resource.kind !== 'Namespace') return this.store.remove(resource, next);
    }
    return this.store.put(resource, next);
  }
}
