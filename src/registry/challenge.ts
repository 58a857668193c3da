/** One way to log in that a server names in WWW-Authenticate; scheme and keys are in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Characters that are read of one header. */
const MAX_HEADER_LENGTH = 16_384;

const BLANKS = /\s*/y;
/** A scheme, or the key of one of its parameters: `key=token` or `key="quoted \"text\""`. */
const WORD = /[\w-]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const TOKEN = /[^\s,"]*/y;

/** Reads WWW-Authenticate headers (RFC 9110, 11.6.1), of which one may name several ways. */
export function parseChallenges(header: string | string[] | undefined): Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  for (const value of header === undefined ? [] : [header].flat()) readHeader(value.slice(0, MAX_HEADER_LENGTH));
  return challenges;

  /** Goes through the text once, from word to word. */
  function readHeader(text: string): void {
    let at = 0;
    const take = (expression: RegExp): RegExpExecArray | null => {
      expression.lastIndex = at;
      const match = expression.exec(text);
      at += match?.[0].length ?? 0;
      return match;
    };
    while (at < text.length) {
      const word = take(WORD)?.[0];
      if (word === undefined) {
        at += 1;
        continue;
      }
      const end = text[at] ?? ',';
      take(BLANKS);
      if (text[at] === '=') {
        at += 1;
        take(BLANKS);
        const [, quoted] = take(QUOTED) ?? [];
        const content = quoted?.replace(/\\(.)/g, '$1') ?? take(TOKEN)?.[0] ?? '';
        const last = challenges.at(-1);
        if (last !== undefined) last.parameters[word.toLowerCase()] = content;
      } else if (/^[a-z]/i.test(word) && /[\s,]/.test(end)) {
        challenges.push({ scheme: word.toLowerCase(), parameters: {} });
      }
    }
  }
}
