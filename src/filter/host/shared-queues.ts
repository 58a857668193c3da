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
