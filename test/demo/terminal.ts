/** Shows a job summary on a terminal: its Markdown and the few HTML elements in it, as text with colours. */
import { stripVTControlCharacters, styleText } from 'node:util';
import { lexer, type Token, type Tokens } from 'marked';

export interface Terminal {
  /** Columns. */
  readonly width: number;
  readonly colours: boolean;
}

type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

const NBSP = '\u{a0}';
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: NBSP };
/** Colours of a difference, by the first character of its lines. */
const DIFF: Readonly<Record<string, Style>> = { '+': 'green', '-': 'red', '@': 'cyan' };

/** The lines of a page. What is folded there is one line here. */
export function renderTerminal(markdown: string, { width, colours }: Terminal): string {
  const paint: Paint = (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text);
  return `${blockLines(withoutDiagrams(unfolded(lexer(markdown, { gfm: true }), paint)), width, paint)
    .join('\n')
    .trim()}\n`;
}

/** What a terminal is: its width, and whether it wants colours (https://no-color.org). */
export function terminalOf(
  { isTTY, columns }: { readonly isTTY?: boolean; readonly columns?: number },
  { NO_COLOR }: Readonly<Record<string, string | undefined>>,
): Terminal {
  return { width: Math.max(20, Math.min(columns ?? 80, 120)), colours: isTTY === true && !NO_COLOR };
}

/** A block, or the title of a part that is folded. */
type Block = Token | { readonly type: 'folded'; readonly title: string };

/** Leaves out what is inside of a closed `<details>`. */
function unfolded(tokens: readonly Token[], paint: Paint): Block[] {
  const blocks: Block[] = [];
  let hidden = 0;
  for (const token of tokens) {
    const html = token.type === 'html' ? token.raw : '';
    const [, open, title] = /<details( open)?>\s*<summary>([\s\S]*?)<\/summary>/.exec(html) ?? [];
    if (title !== undefined && (hidden > 0 || open === undefined)) {
      if (hidden === 0) blocks.push({ type: 'folded', title: inline(lexer(title), paint).join(' ') });
      hidden += 1;
    } else if (title !== undefined) blocks.push({ type: 'folded', title: inline(lexer(title), paint).join(' ') });
    else if (html.includes('</details>')) hidden = Math.max(0, hidden - 1);
    else if (hidden === 0) blocks.push(token);
  }
  return blocks;
}

/** Leaves out what a terminal cannot draw: a diagram, with its heading and what is said of it. */
function withoutDiagrams(blocks: readonly Block[]): Block[] {
  const sections: Block[][] = [[]];
  for (const block of blocks) {
    if (block.type === 'heading') sections.push([block]);
    else sections.at(-1)?.push(block);
  }
  return sections.filter((section) => !section.some(isDiagram)).flat();
}

function isDiagram(block: Block): boolean {
  return block.type === 'code' && (block as Tokens.Code).lang === 'mermaid';
}

/** Outputs for a line, without those that have no value. */
export function outputWords(outputs: Readonly<Record<string, string | undefined>>): string {
  const set = Object.entries(outputs).filter(([, value]) => value !== undefined && value !== '');
  return set.map(([name, value]) => `${name}=${value}`).join(' ');
}

function blockLines(blocks: readonly Block[], width: number, paint: Paint): string[] {
  return blocks.flatMap((block): string[] => {
    switch (block.type) {
      case 'folded':
        return [...wrap(`▸ ${'title' in block ? block.title : ''}`, width, '  ').map((line) => paint('dim', line)), ''];
      case 'heading': {
        const { depth, tokens } = block as Tokens.Heading;
        const lines = inline(tokens, paint).flatMap((line) => wrap(line, width));
        return [
          ...(depth > 2 ? [] : ['']),
          ...lines.map((line) => paint(depth > 2 ? 'bold' : ['bold', 'cyan'], line)),
          '',
        ];
      }
      case 'paragraph':
        return [...inline((block as Tokens.Paragraph).tokens, paint).flatMap((line) => wrap(line, width)), ''];
      case 'list':
        return [...listLines(block as Tokens.List, width, paint), ''];
      case 'table':
        return [...tableLines(block as Tokens.Table, width, paint), ''];
      case 'code':
        return [...codeLines(block as Tokens.Code, width, paint), ''];
      default:
        return [];
    }
  });
}

function listLines({ items, ordered, start }: Tokens.List, width: number, paint: Paint): string[] {
  return items.flatMap(({ tokens }, index) => {
    const mark = ordered ? `${Number(start) + index}. ` : '- ';
    const text = tokens.flatMap((token) => inline('tokens' in token ? (token.tokens ?? []) : [token], paint));
    return wrap(`${mark}${text.join(' ')}`, width, ' '.repeat(mark.length));
  });
}

function codeLines({ text, lang }: Tokens.Code, width: number, paint: Paint): string[] {
  return text.split('\n').flatMap((line) => {
    const style = lang === 'diff' ? DIFF[line.charAt(0)] : undefined;
    const pieces = line.match(new RegExp(`.{1,${width - 2}}`, 'gu')) ?? [''];
    return pieces.map((piece) => (style === undefined ? `  ${piece}` : `  ${paint(style, piece)}`));
  });
}

/** In columns where they fit, else a few lines for each row. */
function tableLines({ header, rows }: Tokens.Table, width: number, paint: Paint): string[] {
  const titles = header.map(({ tokens }) => inline(tokens, paint).join(' '));
  const cells = rows.map((row) => row.map(({ tokens }) => inline(tokens, paint)));
  const widths = titles.map((title, column) =>
    Math.max(columnsOf(title), ...cells.map((row) => Math.max(0, ...(row[column] ?? []).map(columnsOf)))),
  );
  const fits = widths.reduce((sum, one) => sum + one + 2, -2) <= width;
  if (!fits) return cells.flatMap((row) => stacked(titles, row, width, paint));
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, column) => text + ' '.repeat(Math.max(0, (widths[column] ?? 0) - columnsOf(text))))
      .join('  ')
      .trimEnd();
  return [
    paint('dim', line(titles)),
    ...cells.flatMap((row) => {
      const height = Math.max(1, ...row.map((lines) => lines.length));
      return Array.from({ length: height }, (_, at) => line(row.map((lines) => lines[at] ?? ''))).map((text) =>
        text.replaceAll(NBSP, ' '),
      );
    }),
  ];
}

/** A row that is too wide: what it is about, by its first two cells, and below it the others. */
function stacked(
  titles: readonly string[],
  row: readonly (readonly string[])[],
  width: number,
  paint: Paint,
): string[] {
  const [first, second, ...more] = row.map((lines) => lines.join(', '));
  const rest = more.flatMap((text, at) =>
    text === ''
      ? []
      : [`${paint('dim', (titles[at + 2] ?? '').replaceAll(' ', NBSP))}${NBSP}${text.replaceAll(NBSP, ' ')}`],
  );
  const lines = wrap(rest.join(' · '), width - 2).map((line) => `  ${line}`);
  return [...wrap([first, second].join(' '), width, '  '), ...(rest.length === 0 ? [] : lines)];
}

/** Text of one or more lines; `<br>` ends one, and what only helps a browser is left out. */
function inline(tokens: readonly Token[], paint: Paint): string[] {
  return flat(tokens, paint).split('\n');
}

function flat(tokens: readonly Token[], paint: Paint): string {
  let style: Style | undefined;
  return tokens
    .map((token): string => {
      const inner = 'tokens' in token && token.tokens !== undefined ? flat(token.tokens, paint) : undefined;
      if (token.type === 'html' || token.type === 'br') {
        if (/^<br/i.test(token.raw)) return '\n';
        if (/^<(code|b|strong)>/i.test(token.raw)) style = /^<code/i.test(token.raw) ? 'cyan' : 'bold';
        if (token.raw.startsWith('</')) style = undefined;
        return '';
      }
      if (token.type === 'strong') return paint('bold', inner ?? '');
      if (token.type === 'codespan') return paint('cyan', decode((token as Tokens.Codespan).text));
      const text = inner ?? decode('text' in token ? String(token.text) : token.raw);
      return style === undefined ? text : paint(style, text);
    })
    .join('');
}

function decode(text: string): string {
  return text.replace(/&(?:#(\d+)|(\w+));/g, (entity, number: string | undefined, name: string | undefined) =>
    number === undefined ? (ENTITIES[name ?? ''] ?? entity) : String.fromCodePoint(Number(number)),
  );
}

/** Breaks a line at blanks. A word that is longer than a line is broken where the line ends. */
function wrap(text: string, width: number, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line.trim() !== '' && columnsOf(longer) > width) {
      lines.push(line);
      line = indent + word;
    } else line = longer;
  }
  return [...lines, line].map((one) => one.replaceAll(NBSP, ' '));
}

const GRAPHEMES = new Intl.Segmenter();

/** How many columns a text takes: pictures take two. */
function columnsOf(text: string): number {
  return [...GRAPHEMES.segment(stripVTControlCharacters(text))].reduce(
    (sum, { segment }) => sum + (/\p{Emoji_Presentation}|\u{fe0f}/u.test(segment) ? 2 : 1),
    0,
  );
}
