import { messageOf } from '../../base/problem.ts';
import type { EngineMemory } from './engine.ts';
import { Status } from './status.ts';

/** What an entry of a list or map costs beside its bytes. */
const ENTRY_BYTES = 100;

const TEXT = new TextDecoder('utf-8', { ignoreBOM: true });

/** What can go wrong with a filter's memory. */
export interface MemoryTrouble {
  /** The filter wants the host to keep or read more than it does; gives the error that ends the call. */
  readonly tooMuch: () => Error;
  /** There is no memory, and Envoy does not look before it uses one; gives the error that ends the call. */
  readonly missing: () => Error;
  /** The allocator trapped. */
  readonly lost: (reason: string) => void;
}

/**
 * The filter's linear memory as the host sees it. Every access is checked: outside of the memory a read gives `undefined` and a
 * write false, and the host function then answers `invalidMemoryAccess`, as Envoy's do.
 */
export class GuestMemory {
  readonly #trouble: MemoryTrouble;
  #left: number;
  #memory: EngineMemory | undefined;
  #allocate: ((size: number) => number) | undefined;

  /** The host keeps copies of at most `mostCopied` bytes. */
  constructor(maxCopied: number, trouble: MemoryTrouble) {
    this.#left = maxCopied;
    this.#trouble = trouble;
  }

  /** Names the memory and the filter's allocator once the module is instantiated. */
  attach(memory: EngineMemory | undefined, allocate?: (size: number) => number): void {
    this.#memory = memory;
    this.#allocate = allocate;
  }

  /** A view, valid until the filter runs again. Pointers and sizes may be signed as they come from the engine. */
  view(pointer: number, size: number): Uint8Array | undefined {
    const [start, length] = [pointer >>> 0, size >>> 0];
    if (this.#memory === undefined) throw this.#trouble.missing();
    const { buffer } = this.#memory;
    return start + length > buffer.byteLength ? undefined : new Uint8Array(buffer, start, length);
  }

  /** Counts what the host is about to keep: so many entries, and bytes beside them. */
  keep(entries: number, bytes = 0): void {
    this.#left -= entries * ENTRY_BYTES + bytes;
    if (this.#left < 0) throw this.#trouble.tooMuch();
  }

  /** A copy that may be kept. */
  bytes(pointer: number, size: number): Uint8Array | undefined {
    const bytes = this.view(pointer, size);
    if (bytes !== undefined) this.keep(1, bytes.length);
    return bytes?.slice();
  }

  /** At most `most` bytes of UTF-8 text, not to be kept; what is no UTF-8 is replaced. */
  text(pointer: number, size: number, max = Number.POSITIVE_INFINITY): string | undefined {
    const bytes = this.view(pointer, size);
    if (bytes === undefined) return undefined;
    const length = Math.min(bytes.length, max);
    if (length > this.#left) throw this.#trouble.tooMuch();
    // Copied, because a decoder does not take memory that can be shared.
    return TEXT.decode(bytes.slice(0, length));
  }

  /** A text that may be kept. */
  keptText(pointer: number, size: number): string | undefined {
    const text = this.text(pointer, size);
    if (text !== undefined) this.keep(1, size >>> 0);
    return text;
  }

  write(pointer: number, bytes: Uint8Array): boolean {
    const target = this.view(pointer, bytes.length);
    target?.set(bytes);
    return target !== undefined;
  }

  setUint32(pointer: number, value: number): boolean {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    return this.write(pointer, bytes);
  }

  setUint64(pointer: number, value: bigint): boolean {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value, true);
    return this.write(pointer, bytes);
  }

  /**
   * Hands bytes to the filter in memory that its own allocator gives, and writes where they are and how many.
   * Nothing is allocated for none.
   */
  give(bytes: Uint8Array, pointerTo: number, sizeTo: number): number {
    let pointer = 0;
    if (bytes.length > 0) {
      pointer = this.#allocated(bytes.length);
      if (pointer === 0 || !this.write(pointer, bytes)) return Status.invalidMemoryAccess;
    }
    const written = this.setUint32(pointerTo, pointer) && this.setUint32(sizeTo, bytes.length);
    return written ? Status.ok : Status.invalidMemoryAccess;
  }

  /** 0 when the allocator gives nothing, or traps: then Envoy's host function goes on and only the VM is lost. */
  #allocated(size: number): number {
    try {
      return this.#allocate?.(size) ?? 0;
    } catch (error) {
      this.#trouble.lost(`its allocator ended in "${messageOf(error)}"`);
      return 0;
    }
  }
}
