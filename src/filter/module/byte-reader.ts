/** The bytes are not what the binary format says. Thrown and caught inside this room only. */
export class Malformed extends Error {}

/** Reads a WebAssembly binary from front to back; throws `Malformed` where the bytes end too early or a number is too long. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get position(): number {
    return this.#position;
  }

  get done(): boolean {
    return this.#position >= this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.#position];
    if (byte === undefined) throw new Malformed('the bytes end too early');
    this.#position += 1;
    return byte;
  }

  /** An unsigned LEB128 number of at most `bits` bits; above 2^53 it is not exact. */
  unsigned(bits = 32): number {
    let value = 0;
    for (let shift = 0; shift < bits; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new Malformed('a number is too long');
  }

  /** The next `length` bytes; a view, not a copy. */
  take(length: number): Uint8Array {
    const end = this.#position + length;
    if (end > this.#bytes.length) throw new Malformed('the bytes end too early');
    const taken = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return taken;
  }

  name(): string {
    return new TextDecoder().decode(this.take(this.unsigned()));
  }

  /** As many items as the number in front says. */
  vector<T>(item: () => T): T[] {
    const items: T[] = [];
    for (let left = this.unsigned(); left > 0; left -= 1) items.push(item());
    return items;
  }

  rest(): Uint8Array {
    return this.take(this.#bytes.length - this.#position);
  }
}
