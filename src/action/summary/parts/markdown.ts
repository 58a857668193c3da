import { someOf, withoutTrailing } from '../../../base/text.ts';
import { visible } from '../../../base/visible.ts';
import { plain } from '../../verdict/text.ts';

/**
 * Builds GitHub-flavoured Markdown in which nothing that comes from outside (names, messages, configurations) can act as
 * markup. Outside text goes through `text`, `code` or `fence`; everything else here expects Markdown that is safe already.
 */

/** A name is at most 253 characters in Kubernetes; only a hostile or broken one is longer. */
const MAX_NAME_CHARACTERS = 260;

/**
 * Characters with a meaning in Markdown or HTML, wherever in a line they stand, and those that have one only at its start
 * (https://github.github.com/gfm/#backslash-escapes, #list-items, #setext-headings). `:` and `www` begin autolinks and
 * emoji codes.
 */
const IN_CODE = /[&<>`*_~[\]\\|@#$]|:(?=\S)|www(?=\.)|^[-+=]|^\d(?=\d*[.)])/gi;
/** Also what GitHub turns into links to issues and commits after rendering, except inside of code. */
const IN_TEXT = /[&<>`*_~[\]\\|@#$]|:(?=\S)|www(?=\.)|^[-+=]|^\d(?=\d*[.)])|\bGH-(?=\d)|\b[0-9a-f]{7,40}\b/gi;

/** The entities that the runner's secret masker knows too, so that an escaped secret stays masked. */
const NAMED_ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/**
 * GitHub looks for mentions, issues and emoji in the rendered text, where an entity is a plain character again. An element
 * that shows nothing (`<wbr>`) after these ends the text node, and does not get into what a reader copies.
 */
const BREAK_AFTER = new Set(['@', '#', '$', ':']);

/** One line of outside text: no markup, no link, no mention. Line ends become spaces. */
export function text(value: string, max = Number.POSITIVE_INFINITY): string {
  return plain(value, max).replace(IN_TEXT, escapeMatch);
}

/** What remedies write between backticks: something to run, or a field to set. Backticks around anything else are text. */
const COMMAND = /(`(?:kubectl |base64 |appProtocol: )[^`]+`)/;

/** Outside text as `text`, in which a command between backticks is inline code. */
export function textWithCode(value: string, max = Number.POSITIVE_INFINITY): string {
  return plain(value, max)
    .split(COMMAND)
    .map((part, index) =>
      index % 2 === 1 ? code(part.slice(1, -1), Number.POSITIVE_INFINITY) : part.replace(IN_TEXT, escapeMatch),
    )
    .join('');
}

/** Outside text as inline code, for names and identifiers. */
export function code(value: string, max = MAX_NAME_CHARACTERS): string {
  return `<code>${plain(value, max).replace(IN_CODE, escapeMatch)}</code>`;
}

function escapeMatch(match: string): string {
  if (match.length === 1) {
    const entity = NAMED_ENTITIES[match] ?? `&#${match.charCodeAt(0)};`;
    return BREAK_AFTER.has(match) ? `${entity}<wbr>` : entity;
  }
  // A word that could be linked (www, GH-, a commit's hash) is broken into pieces that could not.
  return match.length <= 3 ? `${match}<wbr>` : match.replace(/.{6}(?=.)/g, '$&<wbr>');
}

/** The first `most` of some names as inline code, and how many more there are. */
export function codes(names: readonly string[], max: number, maxCharacters = MAX_NAME_CHARACTERS): string {
  const shown = names.slice(0, max).map((name) => code(name, maxCharacters));
  return someOf([...shown, ...names.slice(max)], max);
}

/** Outside text of many lines, shown as it is; `language` is ours. The fence is longer than any run of backticks inside. */
export function fence(content: string, language: string): string {
  const lines = visible(content.replace(/\r\n?/g, '\n'));
  const longest = (lines.match(/`+/g) ?? []).reduce((max, run) => Math.max(max, run.length), 2);
  const mark = '`'.repeat(longest + 1);
  return `${mark}${language}\n${withoutTrailing(lines, '\n')}\n${mark}`;
}

/** A part that folds. `title` is HTML (what `text` gives, `<b>`), for Markdown is not read in it; `body` is Markdown. */
export function details(title: string, body: string, open = false): string {
  return `<details${open ? ' open' : ''}>\n<summary>${title}</summary>\n\n${body}\n\n</details>`;
}

/** A table; cells are Markdown of one line. */
export function table(header: readonly string[], rows: readonly string[]): string {
  return [tableRow(header), tableRow(header.map(() => ':--')), ...rows].join('\n');
}

/** One row of a table. */
export function tableRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** Puts parts, or lists of them, under each other, each its own block; empty ones are left out. */
export function blocks(...parts: readonly (string | undefined | readonly string[])[]): string {
  return parts
    .flat()
    .filter((part) => part !== undefined && part !== '')
    .join('\n\n');
}
