import { Status } from './status.ts';

/** Values that all VMs of one id share; in a trial run there is one VM. */
export class SharedData {
  readonly #entries = new Map<string, { readonly value: Uint8Array; readonly version: number }>();
  #versions = 0;

  get(key: string): { readonly value: Uint8Array; readonly version: number } | undefined {
    return this.#entries.get(key);
  }

  /** Sets a value if `expected` is 0 or still its version; answers a status. */
  set(key: string, value: Uint8Array, expected: number): number {
    const known = this.#entries.get(key);
    if (known !== undefined && expected !== 0 && expected !== known.version) return Status.casMismatch;
    this.#versions += 1;
    this.#entries.set(key, { value, version: this.#versions });
    return Status.ok;
  }
}

/** Queues between VMs; in a trial run only the filter's own exist. */
export class SharedQueues {
  readonly #vmId: string;
  readonly #ids = new Map<string, number>();
  readonly #items = new Map<number, Uint8Array[]>();

  constructor(vmId: string) {
    this.#vmId = vmId;
  }

  /** The id of the filter's queue of that name, which is made if need be. */
  register(name: string): number {
    const id = this.#ids.get(name) ?? this.#ids.size + 1;
    this.#ids.set(name, id);
    if (!this.#items.has(id)) this.#items.set(id, []);
    return id;
  }

  /** The id of a queue; the empty VM id means the filter's own. */
  resolve(vmId: string, name: string): number | undefined {
    return vmId === '' || vmId === this.#vmId ? this.#ids.get(name) : undefined;
  }

  /** The items of a queue, first in first out, to be changed in place. */
  items(id: number): Uint8Array[] | undefined {
    return this.#items.get(id);
  }
}
