import { formatBytes } from '../base/text.ts';
import { MAX_BYTES } from './limits.ts';

/** An answer, or a line of one, that is longer than what was asked for can be; nothing of it is used. `what`: the request. */
export class TooLongError extends Error {
  constructor(what: string, maxBytes: number) {
    super(`the answer to ${what} has more than the ${formatBytes(maxBytes)} that are read of it`);
    this.name = 'TooLongError';
  }
}

interface Answer {
  readonly statusCode: number;
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Reads the text of an answer, at most `maxBytes` of what was asked for: more of it is a `TooLongError`. Of what is no success the
 * start tells enough, so it is cut instead. Leaving off ends the connection.
 */
export async function readText({ statusCode, body }: Answer, maxBytes: number, what: string): Promise<string> {
  const succeeded = statusCode >= 200 && statusCode < 300;
  const most = succeeded ? maxBytes : MAX_BYTES.words;
  const read = new Bytes();
  for await (const chunk of body) {
    read.append(chunk);
    if (read.length <= most) continue;
    if (succeeded) throw new TooLongError(what, most);
    break;
  }
  return read.text(most);
}

/** The lines of an answer as they come, whole; throws `TooLongError` where a line or all of them are longer than they may be. */
export async function* readLines(
  body: AsyncIterable<Uint8Array>,
  { line: maxLine, all: maxAll }: { readonly line: number; readonly all: number },
  what: string,
): AsyncGenerator<string, void, undefined> {
  let all = 0;
  let rest = new Bytes();
  for await (const chunk of body) {
    all += chunk.length;
    if (all > maxAll) throw new TooLongError(what, maxAll);
    let start = 0;
    // A chunk is looked through once, whatever came before it.
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      rest.append(chunk.subarray(start, end));
      yield rest.text();
      rest = new Bytes();
      start = end + 1;
    }
    rest.append(chunk.subarray(start));
    if (rest.length > maxLine) throw new TooLongError(what, maxLine);
  }
}

const NEWLINE = 10;
const BLOCK_BYTES = 64 * 1024;

/** Bytes that come in pieces of any size; kept in blocks, as a million pieces of a byte each would take a hundred times their size. */
class Bytes {
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

  text(most = this.#length): string {
    this.#finish();
    return new TextDecoder().decode(Buffer.concat(this.#full, Math.min(this.#length, most)));
  }

  #finish(): void {
    if (this.#block !== undefined) this.#full.push(this.#block.subarray(0, this.#used));
    this.#block = undefined;
    this.#used = 0;
  }
}
