/** What happened to EnvoyFilters, in the order of their versions, told by watches and lists that may overtake one another. */
import type { ApiObject } from '../../kubelet/client.ts';

export interface FilterChange {
  readonly name: string;
  /** The resource version, which grows over all objects of a cluster. */
  readonly version: number;
  /** The clock's time at which it was learned, in milliseconds. */
  readonly seenAt: number;
  /** Undefined when it was deleted. */
  readonly object: ApiObject | undefined;
}

/** The history of one kind of objects in one namespace. */
export class FilterHistory {
  readonly #prefix: string;
  readonly #changes: FilterChange[] = [];
  readonly #latest = new Map<string, FilterChange>();

  /** @param prefix goes before the names in the changes, to tell kinds apart */
  constructor(prefix = '') {
    this.#prefix = prefix;
  }

  get changes(): readonly FilterChange[] {
    return this.#changes;
  }

  /** A state of an object; one that is known or older is passed over. */
  put(object: ApiObject, now: number): void {
    const version = versionOf(object);
    const known = this.#latest.get(object.metadata.name);
    if (known === undefined || version > known.version) this.#add(object.metadata.name, version, now, object);
  }

  /** @param version of the deletion or, when that is not known, of the last state */
  remove(name: string, version: number, now: number): void {
    const known = this.#latest.get(name);
    if (known?.object !== undefined && version >= known.version) this.#add(name, version, now, undefined);
  }

  /** A whole list as of a version: what it lacks was deleted. */
  list(objects: readonly ApiObject[], version: number, now: number): void {
    for (const object of objects) this.put(object, now);
    const listed = new Set(objects.map(({ metadata }) => metadata.name));
    for (const name of [...this.#latest.keys()]) if (!listed.has(name)) this.remove(name, version, now);
  }

  #add(name: string, version: number, seenAt: number, object: ApiObject | undefined): void {
    const change = { name: `${this.#prefix}${name}`, version, seenAt, object };
    this.#latest.set(name, change);
    this.#changes.push(change);
  }
}

/** @returns 0 for an object without one */
export function versionOf({ metadata }: ApiObject): number {
  return Number(metadata.resourceVersion ?? 0);
}
