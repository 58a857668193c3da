import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { marked } from 'marked';
import { ROOT } from './generated-file.ts';
import { githubStyle, SCHEMES, type Scheme } from './github-look.ts';

// npm run screenshots
// Draws the picture of the README, light and dark, of the job summary in docs/images/summary.md: the page of a real run. Needs
// Chromium (CHROMIUM says which; default "chromium") and a font with the emoji.
const FOLDER = join(ROOT, 'docs/images');
/** Of the picture, in pixels. */
const SIZE = { width: 900, height: 770 };
/** What is further down the page is left out: a picture is looked at, not read to its end. */
const LEFT_OUT = '\n### Workloads\n';

function pageOf(scheme: Scheme): string {
  const [shown = ''] = readFileSync(join(FOLDER, 'summary.md'), 'utf8').split(LEFT_OUT);
  const html = marked.parse(shown, { gfm: true, async: false });
  const style = `${githubStyle(scheme)} body { background: var(--paper); } article { border: 0; }`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><style>${style}</style></head><body><article>${html}</article></body></html>`;
}

const folder = mkdtempSync(join(tmpdir(), 'screenshots-'));
try {
  for (const scheme of SCHEMES) {
    const page = join(folder, `${scheme}.html`);
    writeFileSync(page, pageOf(scheme));
    const picture = join(FOLDER, `summary-${scheme}.png`);
    execFileSync(
      process.env.CHROMIUM ?? 'chromium',
      [
        ...['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--force-device-scale-factor=2'],
        ...[`--user-data-dir=${join(folder, scheme)}`, `--window-size=${SIZE.width},${SIZE.height}`],
        ...[`--screenshot=${picture}`, pathToFileURL(page).href],
      ],
      { stdio: 'ignore' },
    );
    console.log(picture);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
