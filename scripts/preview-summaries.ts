/**
 * Shows the golden job summaries as GitHub would, on one HTML page: each beside itself at the width of a phone. All of them, or
 * those that are named: `npm run preview`, `npm run preview -- all-deployed planned`.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { marked } from 'marked';

const GOLDEN = new URL('../test/golden/', import.meta.url);
const PAGE = new URL('../build/summaries.html', import.meta.url);

/** Near enough to GitHub's own look to judge widths, emphasis and folding. */
const STYLE = `
  body { margin: 0; background: #f6f8fa; color: #1f2328; font: 16px/1.5 "Liberation Sans", Arial, sans-serif; }
  main { margin: 24px; }
  .widths { display: flex; gap: 24px; align-items: flex-start; }
  .wide { width: 1012px; flex: none; box-sizing: border-box; } .phone { width: 500px; flex: none; box-sizing: border-box; padding: 16px; }
  .name { margin: 32px 0 8px; color: #59636e; font-size: 14px; }
  article { background: #fff; border: 1px solid #d1d9e0; border-radius: 6px; padding: 24px 32px; overflow-x: auto; }
  h2 { font-size: 1.5em; padding-bottom: .3em; border-bottom: 1px solid #d1d9e0b3; margin: 0 0 16px; }
  h3 { font-size: 1.25em; margin: 24px 0 16px; } h4 { font-size: 1em; margin: 24px 0 16px; }
  p, ul, table, pre, details { margin: 0 0 16px; }
  ul { padding-left: 2em; } li + li { margin-top: .25em; }
  code { font: 85% "Liberation Mono", monospace; background: #818b981f; padding: .2em .4em; border-radius: 6px; }
  pre { background: #f6f8fa; padding: 16px; border-radius: 6px; overflow: auto; font-size: 85%; line-height: 1.45; }
  pre code { background: none; padding: 0; font-size: 100%; }
  table { border-collapse: collapse; display: block; width: max-content; max-width: 100%; overflow: auto; }
  th, td { border: 1px solid #d1d9e0; padding: 6px 13px; } tr:nth-child(2n) { background: #f6f8fa; }
  summary { cursor: pointer; }
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
  const head = `<meta charset="utf-8"><title>Job summaries</title><style>${STYLE}</style>`;
  await writeFile(
    PAGE,
    `<!doctype html><html lang="en"><head>${head}</head><body><main>${pages.join('\n')}</main></body></html>\n`,
  );
  return `Open ${fileURLToPath(PAGE)}`;
}

console.log(await preview(process.argv.slice(2)));
