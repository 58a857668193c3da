/** A text as a reader of some encoding understands it. */
export interface Reading {
  readonly text: string;
  /** Where in the source each of its units starts, and where the last one ends; absent for the source itself. */
  readonly starts?: Uint32Array;
}

/** What stands for something else at an index of a text; `undefined` if nothing does. */
type Decode = (text: string, at: number) => { readonly length: number; readonly value: string } | undefined;

/** Encodings of text in text, by the character that begins what is encoded. */
const ENCODINGS: readonly { readonly mark: string; readonly decode: Decode }[] = [
  { mark: '%', decode: percentEncoded },
  { mark: '\\', decode: escaped },
  { mark: '&', decode: entity },
  { mark: '<', decode: wordBreak },
];

/**
 * A text as it is, and as each of the encodings has it, also one inside of the other: percent-encoding, escapes of JSON and Go, entities
 * and word breaks of HTML. Whichever was used, the text that was meant is one of them.
 */
export function readingsOf(text: string): readonly Reading[] {
  const seen = new Set([text]);
  let last: readonly Reading[] = [{ text }];
  let readings = last;
  for (let depth = 0; depth < 2; depth++) {
    const next = last.flatMap((reading) => ENCODINGS.flatMap(({ mark, decode }) => read(reading, mark, decode) ?? []));
    last = next.filter(({ text }) => !seen.has(text) && seen.add(text));
    readings = [...readings, ...last];
  }
  return readings;
}

function read({ text, starts }: Reading, mark: string, decode: Decode): Reading | undefined {
  let next = text.indexOf(mark);
  if (next < 0) return undefined;
  const parts: string[] = [];
  const positions = new Uint32Array(text.length + 1);
  const source = (index: number): number => starts?.[index] ?? index;
  let written = 0;
  let done = 0;
  const copy = (until: number): void => {
    parts.push(text.slice(done, until));
    if (starts !== undefined) positions.set(starts.subarray(done, until), written);
    else for (let index = done; index < until; index++) positions[written + index - done] = index;
    written += until - done;
    done = until;
  };
  while (next >= 0) {
    const found = decode(text, next);
    if (found !== undefined) {
      copy(next);
      parts.push(found.value);
      for (let unit = 0; unit < found.value.length; unit++) positions[written++] = source(next);
      done = next + found.length;
    }
    next = text.indexOf(mark, Math.max(done, next + 1));
  }
  if (done === 0) return undefined;
  copy(text.length);
  positions[written] = source(text.length);
  return { text: parts.join(''), starts: positions.subarray(0, written + 1) };
}

/** A byte of ASCII; bytes of other characters stay as they are, in upper case (RFC 3986, 2.1). */
function percentEncoded(text: string, at: number): ReturnType<Decode> {
  const code = hexAt(text, at + 1, 2);
  if (code === undefined) return undefined;
  const value = code < 0x80 ? String.fromCharCode(code) : text.slice(at, at + 3).toUpperCase();
  return { length: 3, value };
}

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ '"': '"', "'": "'", '\\': '\\', '/': '/' },
  ...{ n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' },
};
const HEX_ESCAPES: Readonly<Record<string, number>> = { u: 4, x: 2 };

/** See RFC 8259, 7, and Go's `strconv.Quote`, which writes `\x` as well. */
function escaped(text: string, at: number): ReturnType<Decode> {
  const letter = text[at + 1] ?? '';
  const value = ESCAPES[letter];
  if (value !== undefined) return { length: 2, value };
  const digits = HEX_ESCAPES[letter] ?? 0;
  const code = digits === 0 ? undefined : hexAt(text, at + 2, digits);
  return code === undefined ? undefined : { length: 2 + digits, value: String.fromCharCode(code) };
}

const ENTITIES = new Map(Object.entries({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }));
/** Enough for many zeros before a number, which mean nothing. */
const MAX_ENTITY = 40;

function entity(text: string, at: number): ReturnType<Decode> {
  const end = text.slice(at, at + MAX_ENTITY).indexOf(';');
  const name = end < 0 ? '' : text.slice(at + 1, at + end);
  const [, hex, decimal] = /^#(?:x([0-9a-f]+)|([0-9]+))$/i.exec(name) ?? [];
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  const value = code <= 0x10ffff ? String.fromCodePoint(code) : ENTITIES.get(name);
  return value === undefined ? undefined : { length: end + 1, value };
}

/** What this action itself puts into long words of a page. */
function wordBreak(text: string, at: number): ReturnType<Decode> {
  return text.startsWith('<wbr>', at) ? { length: 5, value: '' } : undefined;
}

function hexAt(text: string, at: number, digits: number): number | undefined {
  const hex = text.slice(at, at + digits);
  return digits > 0 && hex.length === digits && /^[0-9a-f]+$/i.test(hex) ? Number.parseInt(hex, 16) : undefined;
}
