import { dump } from 'js-yaml';
import { readJson } from '../json.ts';
import { readYaml } from '../yaml.ts';

/** The objects and lists that a text is, and how it is written. */
export interface Structured {
  readonly values: readonly unknown[];
  readonly print: (values: readonly unknown[]) => string;
}

/**
 * Returns what a text is where it is nothing but objects and lists: JSON, also with comments, several lines of JSON, or documents of
 * YAML. `undefined` for any other text.
 */
export function readStructured(text: string): Structured | undefined {
  const json = jsonIn(text) ?? jsonIn(withoutComments(text));
  if (json !== undefined) {
    return { values: [json], print: ([value]) => JSON.stringify(value, null, text.includes('\n') ? 2 : 0) };
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const each = lines.map(jsonIn);
  if (each.length > 1 && each.every((value) => value !== undefined)) {
    return { values: each, print: (values) => values.map((value) => JSON.stringify(value)).join('\n') };
  }
  const documents = text.split(/^(?:---(?=\s|$)|\.\.\.$)/m).filter(hasContent);
  const read = documents.map((one) => readYaml(one));
  const values = read.map((one) => (one.ok && typeof one.value === 'object' ? (one.value ?? undefined) : undefined));
  return values.length === 0 || values.includes(undefined) ? undefined : { values, print: printYaml };
}

function hasContent(document: string): boolean {
  return document.split('\n').some((line) => !/^\s*(#|$)/.test(line));
}

function printYaml(values: readonly unknown[]): string {
  return values
    .map((value) => dump(value, { lineWidth: -1, noRefs: true }).trimEnd().replaceAll("'***'", '***'))
    .join('\n---\n');
}

function jsonIn(text: string): object | undefined {
  const value = readJson(Buffer.from(text));
  return typeof value === 'object' && value !== null ? value : undefined;
}

/** JSON as editors have it: without its comments, and without commas behind the last item. */
function withoutComments(text: string): string {
  const kept: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.startsWith('//', at)
      ? lineEnd(text, at)
      : text.startsWith('/*', at)
        ? behind(text, '*/', at + 2)
        : at;
    if (end === at) {
      const next = text.charAt(at) === '"' ? stringEnd(text, at) : at + 1;
      const part = text.slice(at, next);
      if ((part === '}' || part === ']') && kept.at(-1) === ',') kept.pop();
      if (part.trim() !== '') kept.push(part);
      at = next;
    } else at = end;
  }
  return kept.join('');
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

function behind(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  return at < 0 ? text.length : at + mark.length;
}

function stringEnd(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text.charAt(at) !== '"') at += text.charAt(at) === '\\' ? 2 : 1;
  return at + 1;
}
