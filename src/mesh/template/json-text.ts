/**
 * Edits of a JSON text that leave every other character as it is: a list that people wrote keeps their spaces, their line
 * breaks and their order, and what was added and is cut out again leaves the text that was there. All functions take the text
 * of one JSON array or object that `JSON.parse` has accepted.
 */

/** A member of an array or object, by where it stands in the text. */
export interface Member {
  /** Its place in the array, or its key. */
  readonly key: string | number;
  /** Where it begins: in an object, at its key. */
  readonly start: number;
  readonly valueStart: number;
  readonly end: number;
}

const SPACE = /[ \t\n\r]/;

/** The members in the order of the text; a key that stands there twice has two. */
export function membersOf(text: string): Member[] {
  const open = skipSpace(text, 0);
  const isArray = text[open] === '[';
  const members: Member[] = [];
  let at = skipSpace(text, open + 1);
  while (text[at] !== ']' && text[at] !== '}') {
    const start = at;
    const keyEnd = isArray ? start : endOfString(text, start);
    const valueStart = isArray ? start : skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = endOfValue(text, valueStart);
    const key = isArray ? members.length : (JSON.parse(text.slice(start, keyEnd)) as string);
    members.push({ key, start, valueStart, end });
    at = skipSpace(text, end);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return members;
}

/** The text with a member behind the last one; `key` counts in an object only. */
export function withMember(text: string, key: string, value: unknown): string {
  const open = skipSpace(text, 0);
  const member = `${text[open] === '[' ? '' : `${JSON.stringify(key)}:`}${JSON.stringify(value)}`;
  const last = membersOf(text).at(-1);
  return last === undefined ? splice(text, open + 1, open + 1, member) : splice(text, last.end, last.end, `,${member}`);
}

/** The text without the members of this key, and without the comma that only they needed. */
export function withoutMember(text: string, key: string | number): string {
  const members = membersOf(text);
  const at = members.findLastIndex((member) => member.key === key);
  const [before, member, after] = [members[at - 1], members[at], members[at + 1]];
  if (member === undefined) return text;
  // An array's places move up, so its key may be cut once only.
  const cut =
    before !== undefined
      ? splice(text, before.end, member.end, '')
      : splice(text, member.start, after?.start ?? member.end, '');
  return typeof key === 'number' ? cut : withoutMember(cut, key);
}

/** The text with an edit of the text of a member's value; of two members of the key, the last one counts. */
export function withValue(text: string, key: string | number, edit: (value: string) => string): string {
  const member = membersOf(text).findLast((one) => one.key === key);
  if (member === undefined) return text;
  return splice(text, member.valueStart, member.end, edit(text.slice(member.valueStart, member.end)));
}

function splice(text: string, start: number, end: number, by: string): string {
  return `${text.slice(0, start)}${by}${text.slice(end)}`;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (SPACE.test(text.charAt(at))) at++;
  return at;
}

function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function endOfValue(text: string, from: number): number {
  const first = text.charAt(from);
  if (first === '"') return endOfString(text, from);
  let at = from + 1;
  // Numbers and the words true, false and null end before what cannot be part of them.
  if (first !== '[' && first !== '{') {
    while (/[^\s,\]}]/.test(text.charAt(at))) at++;
    return at;
  }
  for (let depth = 1; depth > 0; ) {
    const character = text.charAt(at);
    if (character === '[' || character === '{') depth++;
    if (character === ']' || character === '}') depth--;
    at = character === '"' ? endOfString(text, at) : at + 1;
  }
  return at;
}
