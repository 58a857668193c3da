/**
 * Shows the golden job summaries as GitHub would, on one HTML page: each beside itself at the width of a phone. All of them, or
 * those that are named: `npm run preview`, `npm run preview -- all-deployed planned`.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { marked } from 'marked';
import { githubStyle } from './docs/github-look.ts';

const GOLDEN = new URL('../test/golden/', import.meta.url);
const PAGE = new URL('../build/summaries.html', import.meta.url);

/** The page around the summaries: each at two widths. */
const STYLE = `
  main { margin: 24px; }
  .widths { display: flex; gap: 24px; align-items: flex-start; }
  .wide { width: 1012px; flex: none; box-sizing: border-box; } .phone { width: 500px; flex: none; box-sizing: border-box; padding: 16px; }
  .name { margin: 32px 0 8px; color: var(--muted); font-size: 14px; }
`;

/** Writes the page and returns what to tell. */
async function preview(names: readonly string[]): Promise<string> {
  const all = (await readdir(GOLDEN)).filter((file) => file.endsWith('.md')).sort();
  const unknown = names.filter((name) => !all.includes(`${name}.md`));
  if (unknown.length > 0) {
    process.exitCode = 1;
    const known = all.map((file) => `  ${path.parse(file).name}`).join('\n');
    return `No such summary in test/golden: ${unknown.join(', ')}. There are:\n${known}`;
  }
  const files = names.length === 0 ? all : all.filter((file) => names.includes(path.parse(file).name));
  const pages = await Promise.all(
    files.map(async (file) => {
      const html = await marked.parse(await readFile(new URL(file, GOLDEN), 'utf8'), { gfm: true });
      const widths = ['wide', 'phone'].map((width) => `<article class="${width}">${html}</article>`);
      const { name } = path.parse(file);
      return `<div class="name" id="${name}"><a href="#${name}">${file}</a></div>\n<div class="widths">${widths.join('\n')}</div>`;
    }),
  );
  await mkdir(new URL('.', PAGE), { recursive: true });
  const head = `<meta charset="utf-8"><title>Job summaries</title><style>${githubStyle('light')}${STYLE}</style>`;
  await writeFile(
    PAGE,
    `<!doctype html><html lang="en"><head>${head}</head><body><main>${pages.join('\n')}</main></body></html>\n`,
  );
  return `Open ${fileURLToPath(PAGE)}`;
}

console.log(await preview(process.argv.slice(2)));
