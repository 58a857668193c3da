/** Words between quotation marks that stand alone: what is to be typed or found as it is. Those that are part of code keep their marks. */
const QUOTED = /(?<=^|[\s(])(?<!= |from |…, )"([^"`]+)"(?=$|[\s).,;:?!])/g;
/** Addresses that are only examples, which nobody can open. */
const EXAMPLE_ADDRESS = /(?<=^|[\s(])https?:\/\/(?:USER|[\w.]+\.example)\b[^\s),;]*(?<![.:])/g;
const CODE = /(`[^`]+`)/;

/** A message or remedy of the action as Markdown: what it quotes is code, and nothing else in it is markup. */
export function prose(text: string): string {
  return outsideCode(outsideCode(outsideCode(text, quotedAsCode), addressesAsCode), escapeMarkup);
}

function quotedAsCode(text: string): string {
  return text.replace(QUOTED, '`$1`');
}

function addressesAsCode(text: string): string {
  return text.replace(EXAMPLE_ADDRESS, '`$&`');
}

function escapeMarkup(text: string): string {
  return text.replace(/[\\*_[\]|#]/g, '\\$&').replace(/</g, '&lt;');
}

/** Changes what of a text is no inline code. */
function outsideCode(text: string, change: (part: string) => string): string {
  return text
    .split(CODE)
    .map((part, index) => (index % 2 === 1 ? part : change(part)))
    .join('');
}

/** A message as inline code, as a reader searches for it. */
export function literal(text: string): string {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}

/** What is shown as it is, such as a command; lines are not wrapped. */
export function fence(text: string, language = ''): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

/** Each its own block, with an empty line between them; empty ones are left out. */
export function blocks(...parts: readonly (string | undefined | readonly string[])[]): string {
  return parts
    .flat()
    .filter((part) => part !== undefined && part !== '')
    .join('\n\n');
}

/** A table; cells are Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
}

/** What a heading is linked by (https://github.com/gjtorikian/html-pipeline, toc_filter). */
export function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}
