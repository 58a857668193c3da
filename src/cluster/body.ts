import { type Answer, Bytes, readAnswer } from '../base/answer.ts';
import { formatBytes } from '../base/text.ts';
import { MAX_BYTES } from './limits.ts';

/** An answer, or a line of one, that is longer than what was asked for can be; nothing of it is used. `what`: the request. */
export class TooLongError extends Error {
  constructor(what: string, maxBytes: number) {
    super(`the answer to ${what} is larger than the limit of ${formatBytes(maxBytes)}`);
    this.name = 'TooLongError';
  }
}

/**
 * Reads the text of an answer, at most `maxBytes` of what was asked for: more of it is a `TooLongError`. Of what is no success the
 * start tells enough, so it is cut instead. Leaving off ends the connection.
 */
export async function readText(answer: Answer, maxBytes: number, what: string): Promise<string> {
  const tooLong = (max: number): Error => new TooLongError(what, max);
  const bytes = await readAnswer(answer, { success: maxBytes, words: MAX_BYTES.words }, tooLong);
  return new TextDecoder().decode(bytes);
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
      yield new TextDecoder().decode(rest.join());
      rest = new Bytes();
      start = end + 1;
    }
    rest.append(chunk.subarray(start));
    if (rest.length > maxLine) throw new TooLongError(what, maxLine);
  }
}

const NEWLINE = 10;
