import { marked, type Token, type Tokens } from 'marked';

/**
 * What a page consists of as a Markdown parser sees it, without its words: types, levels, languages and HTML tags.
 * `<wbr>` is left out, for it shows nothing, and so is whether a part is folded.
 */
export function skeletonOf(markdown: string): unknown[] {
  return marked.lexer(markdown, { gfm: true }).flatMap(skeleton);
}

function skeleton(token: Token): unknown[] {
  switch (token.type) {
    case 'space':
    case 'escape':
      return [];
    case 'text':
      return (token.tokens ?? []).flatMap(skeleton);
    case 'html':
      return (token.raw.match(/<[^>]*>/g) ?? [])
        .filter((tag) => tag !== '<wbr>')
        .map((tag) => tag.replace(' open', ''));
    case 'code':
      return [`code ${token.lang ?? ''}`];
    case 'heading':
      return [[`heading ${token.depth}`, ...(token.tokens ?? []).flatMap(skeleton)]];
    case 'list':
      return [['list', ...(token as Tokens.List).items.map(({ tokens }) => tokens.flatMap(skeleton))]];
    case 'table': {
      const { header, rows } = token as Tokens.Table;
      return [['table', ...[header, ...rows].map((row) => row.map(({ tokens }) => tokens.flatMap(skeleton)))]];
    }
    default:
      return [[token.type, ...('tokens' in token ? (token.tokens ?? []) : []).flatMap(skeleton)]];
  }
}

/** The texts that a reader sees, one for each text node of the rendered page, apart from those in code. */
export function textNodesOf(markdown: string): string[] {
  return htmlOf(markdown)
    .replace(/<pre>.*?<\/pre>|<code[^>]*>.*?<\/code>/gs, '<i>')
    .split(/<[^>]*>/)
    .map(decode);
}

/** All that a reader sees, in one line. */
export function visibleText(markdown: string): string {
  return decode(
    htmlOf(markdown)
      .replaceAll('<wbr>', '')
      .replace(/<[^>]*>/g, ' '),
  ).replace(/\s+/g, ' ');
}

function htmlOf(markdown: string): string {
  return marked.parse(markdown, { gfm: true, async: false });
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: '\u{a0}' };

function decode(html: string): string {
  return html.replace(/&(?:#(\d+)|(\w+));/g, (all, number?: string, name?: string) =>
    number !== undefined ? String.fromCodePoint(Number(number)) : (NAMED[name ?? ''] ?? all),
  );
}
