import { sameJson } from '../json.ts';
import { mapLeaves } from './named-leaves.ts';
import { namedLines } from './named-lines.ts';
import { REDACTED } from './secret-forms.ts';
import { isSecretName } from './secret-names.ts';
import { readStructured } from './structured-text.ts';

/** A pair within a line, as in JSON, whose quotation marks may be escaped; a value in them ends where they do. */
const INNER = /(["'\\]{0,4})\b([\w.-]{1,100})(["'\\]{0,4}[ \t]?[:=][ \t]?)(?:(["'\\]{1,4})[^"'\\]*|[^\s"'\\,;}\]{[]+)/g;
/** The same with an object or a list behind it. */
const INNER_OPEN = /\b([\w.-]{1,100})["'\\]{0,4}[ \t]?[:=][ \t]?(?=[[{])/g;

function hideInner(all: string, before: string, name: string, sign: string, quote = ''): string {
  return isSecretName(name) ? `${before}${name}${sign}${quote}${REDACTED}` : all;
}

/**
 * Returns the text of a configuration with `***` for each value that has a secret's name, however short it is: a PIN of four digits,
 * too, which could stand in any text and is therefore not taken out everywhere. What is JSON or YAML is read, and written anew.
 */
export function withoutNamedSecrets(text: string): string {
  return hideIn(text, 0);
}

/** Returns the same of one line of a difference whose values of JSON and YAML are hidden already. */
export function withoutNamedInLine(line: string): string {
  const isPart = line.includes(REDACTED) || /[[{|>:]$/.test(line);
  return isPart ? line : hideInLines(line);
}

/** Returns a value of JSON with `***` in place of each scalar that is a secret by where it stands. */
export function hideNamed(value: unknown): unknown {
  return hideAt(value, 0);
}

/** Texts in texts in texts. */
const MAX_LEVELS = 3;

function hideAt(value: unknown, level: number): unknown {
  return mapLeaves(value, (scalar, { secretName }) => {
    if (secretName !== undefined) return REDACTED;
    return typeof scalar === 'string' && /[[{:=\n]/.test(scalar) ? hideIn(scalar, level + 1) : scalar;
  });
}

function hideIn(text: string, level: number): string {
  const lines = hideInLines(text);
  const structured = level < MAX_LEVELS ? readStructured(text) : undefined;
  if (structured === undefined) return lines;
  const clean = structured.values.map((value) => hideAt(value, level));
  // A comment, or the first of two equal keys, may have what the values do not.
  return lines === text && sameJson(clean, structured.values) ? text : structured.print(clean);
}

function hideInLines(text: string): string {
  return namedLines(text)
    .map(({ line, from }) => (from === undefined ? hideInLine(line) : `${line.slice(0, from)}${REDACTED}`))
    .join('\n');
}

/** Where an object or a list that is a secret ends cannot be told in a text that is no JSON: the rest of the line goes. */
function hideInLine(line: string): string {
  const open = [...line.matchAll(INNER_OPEN)].find(([, name = '']) => isSecretName(name));
  if (open === undefined) return line.replace(INNER, hideInner);
  return `${line.slice(0, open.index).replace(INNER, hideInner)}${open[0]}${REDACTED}`;
}
