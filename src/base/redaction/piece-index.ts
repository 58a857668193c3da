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
/** Characters in a row that are looked up at once, to see which parts of a text can have no piece. */
const GRAM = 3;
/** How many bits tell which of them there are. */
const GRAM_BITS = 2 ** 19;

/**
 * Finds in a text whatever stands in any of the texts that were added, for at least `PIECE` characters, however many were added. The two
 * alphabets of base64 are one: `-` is `+`, and `_` is `/`.
 *
 * A page is looked at before the loop over it would be compiled, so most of its characters are not looked at: three in a row that are in no
 * text are in no piece, and what would have them is passed over at once (Wu and Manber, 1994).
 */
export class PieceIndex {
  /** All that was added, one text after the other, as folded UTF-16 units. */
  #units = new Uint16Array(1024);
  #length = 0;
  /** Where pieces start in it, by their hash; open addressing. Its size is a power of two, and at most half of it is taken. */
  #table = new Int32Array(1024).fill(EMPTY);
  #count = 0;
  /** Which runs of `GRAM` characters there are, a bit for each by its hash. */
  readonly #grams = new Uint32Array(GRAM_BITS / 32);

  /** Adds a text. Gives whether all of its pieces count: some may have too little variety to be told from other texts. */
  add(text: string): boolean {
    const start = this.#length;
    this.#reserve(text.length);
    const units = this.#units;
    for (let index = 0; index < text.length; index++) units[start + index] = fold(text.charCodeAt(index));
    this.#length += text.length;
    for (let index = start; index <= this.#length - GRAM; index++) {
      const gram = gramOf(units[index] as number, units[index + 1] as number, units[index + 2] as number);
      this.#grams[gram >>> 5] = (this.#grams[gram >>> 5] as number) | (1 << (gram & 31));
    }
    let hash = 0;
    let isWhole = true;
    for (let index = start; index < this.#length; index++) {
      const at = index - PIECE + 1;
      if (at > start) hash -= imul(units[at - 1] as number, LEADING);
      hash = (imul(hash, BASE) + (units[index] as number)) | 0;
      if (at < start) continue;
      if (this.#isVaried(at)) this.#insert(at, hash);
      else isWhole = false;
    }
    return isWhole;
  }

  /** Tells of each run of characters in which every piece was added. */
  find(text: string, found: (start: number, end: number) => void): void {
    if (this.#count === 0) return;
    let start = 0;
    let end = EMPTY;
    /** All grams that begin before it, and not before the piece that is looked at, are in some text. */
    let known = 0;
    for (let at = 0; at <= text.length - PIECE; ) {
      const last = at + PIECE - GRAM;
      let gram = last;
      while (gram >= known && this.#hasGram(text, gram)) gram--;
      const isMissing = gram >= known;
      known = last + 1;
      if (isMissing) {
        at = gram + 1;
        continue;
      }
      if (this.#has(hashIn(text, at), text, at)) {
        if (at > end) {
          if (end !== EMPTY) found(start, end);
          start = at;
        }
        end = at + PIECE;
      }
      at++;
    }
    if (end !== EMPTY) found(start, end);
  }

  #hasGram(text: string, at: number): boolean {
    const gram = gramOf(fold(text.charCodeAt(at)), fold(text.charCodeAt(at + 1)), fold(text.charCodeAt(at + 2)));
    return ((this.#grams[gram >>> 5] as number) & (1 << (gram & 31))) !== 0;
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

  #insert(at: number, hash: number): void {
    const table = this.#table;
    let slot = this.#slotOf(hash);
    for (; table[slot] !== EMPTY; slot = (slot + 1) & (table.length - 1)) {
      if (this.#isSame(table[slot] as number, at)) return;
    }
    table[slot] = at;
    this.#count++;
  }

  /** Makes room for a text of so many characters, each of which may begin a piece. */
  #reserve(more: number): void {
    const length = this.#length + more;
    if (length > this.#units.length) {
      const units = new Uint16Array(Math.max(length, 2 * this.#units.length));
      units.set(this.#units);
      this.#units = units;
    }
    let size = this.#table.length;
    while (size < 2 * (this.#count + more)) size *= 2;
    if (size === this.#table.length) return;
    const pieces = this.#table;
    this.#table = new Int32Array(size).fill(EMPTY);
    this.#count = 0;
    for (const piece of pieces) if (piece !== EMPTY) this.#insert(piece, this.#hashAt(piece));
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

  #isVaried(at: number): boolean {
    let variety = 0;
    for (let index = at; index < at + PIECE && variety < MIN_VARIETY; index++) {
      if (this.#units.indexOf(this.#units[index] as number, at) === index) variety++;
    }
    return variety === MIN_VARIETY;
  }
}

function hashIn(text: string, at: number): number {
  let hash = 0;
  for (let index = at; index < at + PIECE; index++) hash = (imul(hash, BASE) + fold(text.charCodeAt(index))) | 0;
  return hash;
}

function gramOf(first: number, second: number, third: number): number {
  return ((first << 12) ^ (second << 6) ^ third) & (GRAM_BITS - 1);
}

function fold(unit: number): number {
  if (unit === 0x2d) return 0x2b;
  return unit === 0x5f ? 0x2f : unit;
}
