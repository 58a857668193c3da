const LENGTH_BYTES = 4;

/** A frame is the length of its content in 4 bytes, little-endian, and the content. */
export function frame(content: Uint8Array | string): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Takes frames out of a stream of bytes, however it is cut into pieces. */
export class FrameReader {
  #left: number;
  readonly #take: (content: Buffer) => void;
  #pieces: Buffer[] = [];
  #waiting = 0;

  /** `take` gets the content of each frame; all frames together may have `mostBytes`. */
  constructor(maxBytes: number, take: (content: Buffer) => void) {
    this.#left = maxBytes;
    this.#take = take;
  }

  /** False when it was too much; what comes after that is not looked at. */
  push(piece: Buffer): boolean {
    if (this.#left < 0) return false;
    this.#left -= piece.length;
    if (this.#left < 0) {
      this.#pieces = [];
      return false;
    }
    this.#pieces.push(piece);
    this.#waiting += piece.length;
    for (let length = this.#nextLength(); length !== undefined; length = this.#nextLength()) {
      const bytes = this.#joined();
      const end = LENGTH_BYTES + length;
      this.#pieces = [bytes.subarray(end)];
      this.#waiting = bytes.length - end;
      this.#take(bytes.subarray(LENGTH_BYTES, end));
    }
    return true;
  }

  /** The length of the first frame, once all of it is here. */
  #nextLength(): number | undefined {
    if (this.#waiting < LENGTH_BYTES) return undefined;
    if ((this.#pieces[0]?.length ?? 0) < LENGTH_BYTES) this.#joined();
    const length = this.#pieces[0]?.readUInt32LE() ?? 0;
    return this.#waiting < LENGTH_BYTES + length ? undefined : length;
  }

  #joined(): Buffer {
    const bytes =
      this.#pieces.length === 1 && this.#pieces[0] !== undefined ? this.#pieces[0] : Buffer.concat(this.#pieces);
    this.#pieces = [bytes];
    return bytes;
  }
}
