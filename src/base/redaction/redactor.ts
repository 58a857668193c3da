import { PIECE, PieceIndex, type Span } from './piece-index.ts';
import { readingsOf } from './readings.ts';
import { base64Forms, hexForms, linesOf, REDACTED, writtenForms } from './secret-forms.ts';

/**
 * Makes a value known as a secret. `whole`: only the whole value is taken out of texts, and none of its pieces; for values of which a
 * part is no secret, and may stand in any text.
 */
export type Mask = (secret: string, how?: 'whole') => void;

/** Takes every known secret out of a text. */
export type Redact = (text: string) => string;

/** What knows secrets, as others see it. */
export interface SecretKeeper {
  readonly mask: Mask;
  readonly redact: Redact;
}

/** A text that was cut ends with one of these: by `truncate`, and by programs. */
const CUTS = ['…', '...'];
/** Of a secret that was cut to less than a piece, so much tells it from a word. */
const MIN_START = 6;

/**
 * The secrets that this process knows, and the one place that takes them out of texts. Nothing has to be known of a text: a secret is
 * found as it is, in base64 (also inside of longer base64, and twice), in hex, percent-encoded, escaped for JSON or HTML, twice over, and in part: each
 * run of 12 characters of it counts, and what is left of it before the mark of a cut. So it does not matter whether a text was cut
 * or wrapped before it came here, or whether the secret was known then.
 *
 * A value of fewer than 8 characters is no secret: it could stand in any text, and would turn a page to stars. (As part of a login it
 * is: that is longer in all its forms.)
 */
export class Redactor implements SecretKeeper {
  readonly #announce: (secret: string) => void;
  readonly #known = new Set<string>();
  readonly #pieces = new PieceIndex();
  /** What is too short for pieces, or counts only as a whole. */
  readonly #whole = new Set<string>();
  readonly #starts = new Set<string>();

  /** @param announce tells the runner of a value, which it keeps out of the log by itself, too */
  constructor(announce: (secret: string) => void = () => undefined) {
    this.#announce = announce;
  }

  readonly mask: Mask = (secret, how) => {
    const key = `${how} ${secret}`;
    const lines = linesOf(secret);
    if (lines.length === 0 || this.#known.has(key)) return;
    this.#known.add(key);
    for (const value of new Set([secret, ...writtenForms(secret)])) this.#announce(value);
    const forms = [
      ...lines,
      ...base64Forms(secret),
      ...hexForms(secret),
      ...base64Forms(writtenForms(secret)[0] ?? ''),
    ];
    for (const form of forms) {
      if (how === 'whole' || form.length < PIECE) this.#whole.add(form);
      else if (!this.#pieces.add(form)) this.#whole.add(form);
      for (let length = MIN_START; length < Math.min(PIECE, form.length); length++) {
        if (how !== 'whole') this.#starts.add(form.slice(0, length));
      }
    }
  };

  /**
   * Gives a text with `***` in place of every known secret. Takes time that grows with the text's length, and with the number of those
   * that are shorter than a piece or count only as a whole; not with that of the others.
   */
  readonly redact: Redact = (text) => {
    if (this.#known.size === 0 || text.length < MIN_START) return text;
    const spans: Span[] = [];
    for (const { text: reading, starts } of readingsOf(text)) {
      const source = (index: number): number => starts?.[index] ?? index;
      this.#find(reading, (start, end) => spans.push([source(start), source(end)]));
    }
    return spans.length === 0 ? text : replaceSpans(text, spans).toWellFormed();
  };

  #find(text: string, found: (start: number, end: number) => void): void {
    this.#pieces.find(text, found);
    for (const value of this.#whole) {
      for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + value.length)) {
        found(at, at + value.length);
      }
    }
    for (const mark of CUTS) {
      for (let cut = text.indexOf(mark); cut >= 0; cut = text.indexOf(mark, cut + 1)) {
        for (let length = Math.min(PIECE - 1, cut); length >= MIN_START; length--) {
          if (this.#starts.has(text.slice(cut - length, cut))) found(cut - length, cut);
        }
      }
    }
  }
}

/** Makes a user name with its password known, as it is written (`user:password`) and sent. */
export function maskLogin(mask: Mask, username: string, password: string): void {
  if (password === '') return;
  const login = `${username}:${password}`;
  mask(password);
  // The name alone may stand in any text: that of a repository often begins with it.
  mask(login, 'whole');
  mask(Buffer.from(login).toString('base64'));
}

/** Puts the mark in place of spans that may overlap. */
function replaceSpans(text: string, spans: Span[]): string {
  spans.sort(([a], [b]) => a - b);
  const parts: string[] = [];
  let end = -1;
  for (const [start, until] of spans) {
    if (start > end) parts.push(text.slice(Math.max(end, 0), start), REDACTED);
    end = Math.max(end, until);
  }
  return `${parts.join('')}${text.slice(end)}`;
}
