import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import { lexer, type Token, type Tokens, walkTokens } from 'marked';

export const ROOT = join(import.meta.dirname, '..', '..');

/** Folders that have pages for users or for contributors. */
const FOLDERS = ['docs', 'examples', 'test/cluster'];

/** The text of a file of the package. */
export const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** Every page of the repository that somebody reads, from its root. */
export const PAGES: readonly string[] = [
  ...namesIn('.').filter((name) => name.endsWith('.md')),
  ...FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
      .map(({ parentPath, name }) => relative(ROOT, join(parentPath, name)).replaceAll('\\', '/'))
      // The page of a run, of which a picture is made.
      .filter((page) => page !== 'docs/images/summary.md'),
  ),
].sort();

function namesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder));
}

function tokensOf(page: string): Token[] {
  const found: Token[] = [];
  void walkTokens(lexer(read(page)), (token) => {
    found.push(token);
  });
  return found;
}

/** What a page leads to, as it is written: links, images, and what stands in HTML. */
export function linksOf(page: string): string[] {
  return tokensOf(page).flatMap((token) => {
    if (token.type === 'link' || token.type === 'image') return [(token as Tokens.Link | Tokens.Image).href];
    if (token.type !== 'html') return [];
    return [...token.raw.matchAll(/\s(?:href|src|srcset)="([^"]+)"/g)].map(([, address = '']) => address);
  });
}

/** The anchors of a page's headings, as GitHub makes them: the second of the same words gets "-1". */
export function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const token of tokensOf(page)) {
    if (token.type !== 'heading') continue;
    const slug = (token as Tokens.Heading).text
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let more = 1; anchors.has(anchor); more += 1) anchor = `${slug}-${more}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** Where a link of a page leads in the repository: a file from its root, and an anchor there; both may be empty. */
export function placeOf(page: string, link: string): { readonly file: string; readonly anchor: string } {
  const [path = '', anchor = ''] = link.split('#');
  return { file: path === '' ? page : posix.normalize(posix.join(posix.dirname(page), path)), anchor };
}

/** A piece of code on a page: its language and its text. */
export interface Block {
  readonly language: string;
  readonly text: string;
}

/** The pieces of code of a page. */
export function blocksOf(page: string): Block[] {
  return tokensOf(page).flatMap((token) =>
    token.type === 'code' && token.codeBlockStyle !== 'indented'
      ? [{ language: (token as Tokens.Code).lang ?? '', text: `${(token as Tokens.Code).text}\n` }]
      : [],
  );
}
