/** How many characters of a secret count as one. */
export const PIECE = 12;

/** Where a text has something: from the first index to before the second. */
export type Span = readonly [start: number, end: number];

const { imul } = Math;
/** A piece of fewer different characters than this is filling, such as the zeros of a digest. */
const MIN_VARIETY = 4;
/** Multiplies a rolling hash: that of FNV. */
const BASE = 0x01000193;
/** Spreads a hash over a table (Knuth's multiplicative hashing). */
const SPREAD = 0x9e3779b1;
/** What the first character of a piece is worth in its hash. */
const LEADING = Array.from({ length: PIECE - 1 }).reduce<number>((power) => imul(power, BASE), 1);
const EMPTY = -1;

/**
 * Finds in a text whatever stands in any of the texts that were added, for at least `PIECE` characters. Reads the text once, with a
 * hash that rolls over it (Karp and Rabin), however many were added. The two alphabets of base64 are one: `-` is `+`, and `_` is `/`.
 */
export class PieceIndex {
  /** All that was added, one text after the other, as folded UTF-16 units. */
  #units = new Uint16Array(1024);
  #length = 0;
  /** Where pieces start in it, by their hash; open addressing. Its size is a power of two, and at most half of it is taken. */
  #table = new Int32Array(1024).fill(EMPTY);
  #count = 0;

  /** Adds a text. Gives whether all of its pieces count: some may have too little variety to be told from other texts. */
  add(text: string): boolean {
    const start = this.#length;
    this.#reserve(start + text.length);
    for (let index = 0; index < text.length; index++) this.#units[start + index] = fold(text.charCodeAt(index));
    this.#length += text.length;
    let isWhole = true;
    for (let at = start; at + PIECE <= this.#length; at++) {
      if (this.#variety(at) < MIN_VARIETY) isWhole = false;
      else this.#insert(at);
    }
    return isWhole;
  }

  /** Tells of each run of characters in which every piece was added. */
  find(text: string, found: (start: number, end: number) => void): void {
    if (this.#count === 0 || text.length < PIECE) return;
    let hash = 0;
    let start = 0;
    let end = EMPTY;
    for (let index = 0; index < text.length; index++) {
      if (index >= PIECE) hash -= imul(fold(text.charCodeAt(index - PIECE)), LEADING);
      hash = (imul(hash, BASE) + fold(text.charCodeAt(index))) | 0;
      const at = index - PIECE + 1;
      if (at < 0 || !this.#has(hash, text, at)) continue;
      if (at > end) {
        if (end !== EMPTY) found(start, end);
        start = at;
      }
      end = index + 1;
    }
    if (end !== EMPTY) found(start, end);
  }

  #has(hash: number, text: string, at: number): boolean {
    const table = this.#table;
    for (let slot = this.#slotOf(hash); table[slot] !== EMPTY; slot = (slot + 1) & (table.length - 1)) {
      const piece = table[slot] as number;
      let length = 0;
      while (length < PIECE && this.#units[piece + length] === fold(text.charCodeAt(at + length))) length++;
      if (length === PIECE) return true;
    }
    return false;
  }

  #insert(at: number): void {
    if (2 * (this.#count + 1) > this.#table.length) this.#grow();
    let slot = this.#slotOf(this.#hashAt(at));
    for (; this.#table[slot] !== EMPTY; slot = (slot + 1) & (this.#table.length - 1)) {
      if (this.#isSame(this.#table[slot] as number, at)) return;
    }
    this.#table[slot] = at;
    this.#count++;
  }

  #grow(): void {
    const pieces = this.#table.filter((piece) => piece !== EMPTY);
    this.#table = new Int32Array(2 * this.#table.length).fill(EMPTY);
    this.#count = 0;
    for (const piece of pieces) this.#insert(piece);
  }

  #reserve(length: number): void {
    if (length <= this.#units.length) return;
    const units = new Uint16Array(Math.max(length, 2 * this.#units.length));
    units.set(this.#units);
    this.#units = units;
  }

  #slotOf(hash: number): number {
    return (imul(hash, SPREAD) >>> 7) & (this.#table.length - 1);
  }

  #hashAt(at: number): number {
    let hash = 0;
    for (let index = at; index < at + PIECE; index++) hash = (imul(hash, BASE) + (this.#units[index] as number)) | 0;
    return hash;
  }

  #isSame(one: number, other: number): boolean {
    for (let index = 0; index < PIECE; index++) {
      if (this.#units[one + index] !== this.#units[other + index]) return false;
    }
    return true;
  }

  #variety(at: number): number {
    let variety = 0;
    for (let index = at; index < at + PIECE; index++) {
      if (this.#units.indexOf(this.#units[index] as number, at) === index) variety++;
    }
    return variety;
  }
}

function fold(unit: number): number {
  if (unit === 0x2d) return 0x2b;
  return unit === 0x5f ? 0x2f : unit;
}
