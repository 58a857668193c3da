/** An answer of a server, while it comes. */
export interface Answer {
  readonly statusCode: number;
  readonly body: AsyncIterable<Uint8Array>;
}

/** By name, in lower case. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** One header's first value. */
export function headerOf({ headers }: { readonly headers: AnswerHeaders }, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The most bytes of an answer that is a success, and of one that says why it is none. */
export interface MaxBytes {
  readonly success: number;
  readonly words: number;
}

/**
 * Reads an answer. What was asked for comes whole or not at all: of more bytes than that, throws what `tooLong` makes. Of what is no
 * success the start tells enough, so it is cut instead. Leaving off ends the connection.
 */
export async function readAnswer(
  { statusCode, body }: Answer,
  { success, words }: MaxBytes,
  tooLong: (max: number) => Error,
): Promise<Uint8Array> {
  const succeeded = statusCode >= 200 && statusCode < 300;
  const max = succeeded ? success : words;
  const read = new Bytes();
  for await (const chunk of body) {
    read.append(chunk);
    if (read.length <= max) continue;
    if (succeeded) throw tooLong(max);
    break;
  }
  return read.join(max);
}

const BLOCK_BYTES = 64 * 1024;

/** Bytes that come in pieces of any size; kept in blocks, as a million pieces of a byte each would take a hundred times their size. */
export class Bytes {
  readonly #full: Uint8Array[] = [];
  #block: Uint8Array | undefined;
  #used = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(piece: Uint8Array): void {
    this.#length += piece.length;
    if (piece.length >= BLOCK_BYTES) {
      this.#finish();
      this.#full.push(piece);
      return;
    }
    if (this.#block !== undefined && this.#used + piece.length > this.#block.length) this.#finish();
    this.#block ??= new Uint8Array(this.#full.length === 0 ? Math.max(piece.length, 1024) : BLOCK_BYTES);
    this.#block.set(piece, this.#used);
    this.#used += piece.length;
  }

  /** The first `most` of them, in one piece. */
  join(max = this.#length): Uint8Array {
    this.#finish();
    return Buffer.concat(this.#full, Math.min(this.#length, max));
  }

  #finish(): void {
    if (this.#block !== undefined) this.#full.push(this.#block.subarray(0, this.#used));
    this.#block = undefined;
    this.#used = 0;
  }
}
