import leven from 'leven';

/** The most names that a message lists; who has more to look at uses a table. */
export const MAX_LISTED = 20;
/** Characters of one of them. A workload with kind and namespace has at most some 330. */
const MAX_LISTED_CHARACTERS = 400;

/** Joins words as a person would: `a`, `a or b`, `a, b or c`; of more than `most`, `a, b or 4,998 more`. */
export function listWords(words: readonly string[], last = 'or', max = MAX_LISTED): string {
  const left = words.length - max;
  const named = (left > 0 ? words.slice(0, max) : words).map((word) => truncate(word, MAX_LISTED_CHARACTERS));
  const shown = left > 0 ? [...named, `${thousands(left)} more`] : named;
  if (shown.length < 2) return shown.join('');
  return `${shown.slice(0, -1).join(', ')} ${last} ${shown.at(-1)}`;
}

/** The first `most` of a list, which are short already, and how many more there are: `a, b, c`, `a, b and 3 more`. */
export function someOf(items: readonly string[], max = MAX_LISTED, between = ', '): string {
  if (items.length <= max) return items.join(between);
  const left = `${thousands(items.length - max)} more`;
  return max === 0 ? left : `${items.slice(0, max).join(between)} and ${left}`;
}

/** The same of names or clauses that may be long. */
export function nameSome(names: readonly string[], max = MAX_LISTED, between = ', '): string {
  const shown = names.length > max ? names.slice(0, max) : names;
  const cut = shown.map((name) => truncate(name, MAX_LISTED_CHARACTERS));
  return someOf([...cut, ...names.slice(max)], max, between);
}

/** A count with its thousands apart: `4,812`. Node would load the tables of all languages for that, which a short run would notice. */
export function thousands(n: number): string {
  const digits = String(n);
  const groups: string[] = [];
  for (let end = digits.length; end > 0; end -= 3) groups.unshift(digits.slice(Math.max(0, end - 3), end));
  return groups.join(',');
}

/** `1 pod`, `3 pods`. */
export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${n} ${n === 1 ? noun : plural}`;
}

/** A size in bytes for a reader: `512 B`, `31.2 KiB`, `1.40 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(2)} MiB`;
}

/** A time in milliseconds for a reader: `0.4 s`, `42 s`, `3 min 5 s`. */
export function formatDuration(ms: number): string {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/**
 * The names a mistyped one was probably meant to be: at most `max`, nearest first, none that differs in more than
 * `farthest` letters, about a third of them. None where one differs in numbers
 * alone, as the workloads of pull requests do: the letters are right then, and the other one is another's.
 */
export function nearestNames(
  wanted: string,
  known: Iterable<string>,
  max = 3,
  farthest = Math.max(2, Math.ceil(wanted.length / 3)),
): string[] {
  const limit = Math.min(farthest, wanted.length - 1);
  const names = [...new Set(known)];
  if (hasSibling(wanted, names)) return names.filter((name) => name === wanted);
  return names
    .map((name) => ({ name, distance: name.includes(wanted) ? 1 : leven(wanted, name, { maxDistance: limit + 1 }) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance || a.name.localeCompare(b.name))
    .slice(0, max)
    .map(({ name }) => name);
}

/** Whether one of the names differs from another only in its numbers: `shop-pr-12` from `shop-pr-13`. */
export function hasSibling(wanted: string, known: Iterable<string>): boolean {
  const unnumbered = withoutNumbers(wanted);
  return [...known].some((name) => name !== wanted && withoutNumbers(name) === unnumbered);
}

function withoutNumbers(name: string): string {
  return name.replaceAll(/\d+/g, '0');
}

/** Returns what to use instead of a word that is none of the legal ones: `Did you mean inbound? Use inbound, outbound or any.` */
export function useWords(given: string, legal: readonly string[]): string {
  // "destroy" is not "deploy", nor "all" "any".
  const [near] = nearestNames(given.toLowerCase(), legal, 1, Math.min(2, given.length - 2));
  return `${near === undefined ? '' : `Did you mean ${near}? `}Use ${listWords(legal)}.`;
}

/** Returns what to use instead, of the names that there are: `Use a.`, `Use one of: a, b or 4,998 more.` */
export function useOneOf(names: readonly string[], max: number): string {
  return `Use ${names.length === 1 ? '' : 'one of: '}${listWords(names, 'or', max)}.`;
}

/** Enough to recognise what is meant; what is longer may be the content of something else. */
const MAX_QUOTED = 60;

/** A value from a file or an input for a message: as JSON, of which the first 60 characters. */
export function quoted(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(truncate(value, MAX_QUOTED));
  return truncate(JSON.stringify(value) ?? String(value), MAX_QUOTED);
}

/** A name from a file for a message that quotes it in its own way: its first 60 characters. */
export function shownName(name: string): string {
  return truncate(name, MAX_QUOTED);
}

/** A text with its first letter as at the beginning of a sentence. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A text that ends as a sentence does: with a full stop where it has no mark of its own. */
export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** A text without the repetitions of a character at its end. (An expression such as `-+$` is tried at each of them.) */
export function withoutTrailing(text: string, character: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === character) end -= 1;
  return text.slice(0, end);
}

/** Cuts a text to `max` characters, never inside a character, and says that it was cut. */
export function truncate(text: string, max: number): string {
  if (text.length <= max || endOfCharacters(text, max) === text.length) return text;
  return `${text.slice(0, endOfCharacters(text, max - 1))}…`;
}

/** Where the first `count` characters of a text end; what lies beyond is not looked at, however long it is. */
function endOfCharacters(text: string, count: number): number {
  let end = 0;
  for (let n = 0; n < count && end < text.length; n++) end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  return end;
}
