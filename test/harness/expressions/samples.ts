/**
 * A regular expression taken apart: each alternative is a sequence of texts that its elements can match, a repeated element
 * with one round of it.
 */
export interface Parts {
  /** All sequences, those of groups, too, with what can stand before each. */
  readonly sequences: readonly { readonly before: string; readonly elements: readonly string[] }[];
}

/** What classes match, by their letter. */
const CLASSES: Readonly<Record<string, string>> = {
  d: '0',
  D: 'a',
  w: 'a',
  W: '-',
  s: ' ',
  S: 'a',
  n: '\n',
  t: '\t',
  r: '\r',
  f: '\f',
  v: '\v',
  0: '\0',
  b: '',
  B: '',
};
const PLAIN = ['a', '-', ' ', '0', '\u{1f600}', '\0'];

/** Takes apart what this project writes; what it does not know is a plain character. */
export function takeApart(source: string, flags: string): Parts {
  const sequences: { before: string; elements: string[] }[] = [];
  let at = 0;

  /** One text for alternatives up to the end of their group. */
  function alternatives(before: string): string {
    let first: string | undefined;
    do {
      const elements: string[] = [];
      sequences.push({ before, elements });
      while (at < source.length && source[at] !== '|' && source[at] !== ')') {
        const element = atom(before + elements.join(''));
        elements.push(element.repeat(quantifier()));
      }
      first ??= elements.join('');
    } while (source[at] === '|' && ++at > 0);
    return first ?? '';
  }

  /** How often an element has to be there; once where it may be missing. */
  function quantifier(): number {
    const [all = '', least] = /^(?:[*+?]|\{(\d+)(?:,\d*)?\})\??/.exec(source.slice(at)) ?? [];
    at += all.length;
    return Math.max(1, Number(least ?? 1));
  }

  function atom(before: string): string {
    const character = source[at] ?? '';
    at += 1;
    if (character === '(') {
      const kind = /^\?(?:<?[=!]|:|<[^>]*>)/.exec(source.slice(at))?.[0] ?? '';
      at += kind.length;
      const text = alternatives(before);
      at += 1;
      // What is only looked at takes no room.
      return /^\?<?[=!]/.test(kind) ? '' : text;
    }
    if (character === '[') return characterClass();
    if (character === '^' || character === '$') return '';
    if (character === '.') return 'a';
    return character === '\\' ? escaped() : character;
  }

  function escaped(): string {
    const unicode = /^(?:u\{([\da-f]+)\}|u([\da-f]{4})|x([\da-f]{2})|p\{[^}]*\}|P\{[^}]*\})/i.exec(source.slice(at));
    if (unicode !== null) {
      at += unicode[0].length;
      const code = unicode[1] ?? unicode[2] ?? unicode[3];
      return code === undefined ? 'a' : String.fromCodePoint(Number.parseInt(code, 16));
    }
    const letter = source[at] ?? '';
    at += 1;
    return CLASSES[letter] ?? letter;
  }

  function characterClass(): string {
    const start = at - 1;
    let first: string | undefined;
    if (source[at] === '^') at += 1;
    while (at < source.length && source[at] !== ']') {
      const character = source[at] ?? '';
      at += 1;
      const text = character === '\\' ? escaped() : character;
      first ??= text;
    }
    at += 1;
    const one = new RegExp(`^${source.slice(start, at)}$`, flags.replace(/[gy]/g, ''));
    return [first ?? '', ...PLAIN].find((sample) => one.test(sample)) ?? first ?? '';
  }

  alternatives('');
  return { sequences };
}

/** What stands behind the repeated part: nothing, and what most expressions do not match at the end. */
const MISSES = ['', '!\n\0'];
const ALWAYS = ['a', ' ', '\t', '\n', '-', '.', '"', '(', '[', '{', '<', '/', '\\', ',', '=', ':', '0', '&', '_', '`'];

/** A text that is made longer: `before`, then `pump` again and again, then `behind`. */
export interface Attack {
  readonly before: string;
  readonly pump: string;
  readonly behind: string;
}

/** What can make an expression slow: each run of its elements, repeated behind what comes before it, with a near miss at the end. */
export function attacks(source: string, flags: string): readonly Attack[] {
  const pumps = new Map<string, Set<string>>();
  const add = (pump: string, ...befores: readonly string[]): void => {
    if (pump === '') return;
    const known = pumps.get(pump) ?? new Set();
    for (const before of befores) known.add(before);
    pumps.set(pump, known);
  };
  for (const pump of ALWAYS) add(pump, '', '!');
  for (const { before, elements } of takeApart(source, flags).sequences) {
    for (let from = 0; from < elements.length; from += 1) {
      for (let to = from + 1; to <= elements.length; to += 1) {
        add(elements.slice(from, to).join(''), '', '!', before + elements.slice(0, from).join(''));
      }
    }
  }
  return [...pumps].flatMap(([pump, befores]) =>
    [...befores].flatMap((before) => MISSES.map((behind) => ({ before, pump, behind }))),
  );
}
