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
