import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { outputWords, renderTerminal, terminalOf } from '../../demo/terminal.ts';

const GOLDEN = join(import.meta.dirname, '../../golden');
// What looks like markup in the names of hostile pages is to be seen.
const PAGES = readdirSync(GOLDEN).filter((file) => file.endsWith('.md') && !file.includes('hostile'));
const plain = (markdown: string, width = 80): string => renderTerminal(markdown, { width, colours: false });

describe.each(PAGES)('%s on a terminal', (file) => {
  const page = readFileSync(join(GOLDEN, file), 'utf8');

  test.each([80, 50])('of %i columns shows no markup, and no line that could be broken is longer', (width) => {
    const shown = plain(page, width);
    expect(shown).not.toMatch(/^ *gantt$|leftPadding|Rollout over time/m);
    expect(shown).not.toMatch(/<\/?(wbr|br|code|details|summary)>|&(nbsp|amp|lt|gt|#\d+);|^#{1,6} |^\|/im);
    const long = shown.split('\n').filter((line) => line.length > width && line.trim().includes(' '));
    expect(
      long.filter((line) =>
        line
          .trim()
          .split(' ')
          .every((word) => word.length < width - 10),
      ),
    ).toEqual([]);
  });

  test('is the same with colours, but for them', () => {
    expect(stripVTControlCharacters(renderTerminal(page, { width: 80, colours: true }))).toBe(plain(page));
  });
});

describe('renderTerminal', () => {
  test('puts a table into columns where it fits, and under each other where it does not', () => {
    const table =
      '| Namespace | Workload | Rollout |\n| :-- | :-- | :-- |\n| shop | Deployment/<wbr>web | ✅&nbsp;1/1 |';
    expect(plain(table)).toBe('Namespace  Workload        Rollout\nshop       Deployment/web  ✅ 1/1\n');
    expect(plain(table, 30)).toBe('shop Deployment/web\n  Rollout ✅ 1/1\n');
  });

  test('folds what is folded, and shows what is open', () => {
    const folded = '<details>\n<summary>More of <code>a&#95;b</code></summary>\n\ninside\n\n</details>\n\nafter';
    expect(plain(folded)).toBe('▸ More of a_b\n\nafter\n');
    expect(plain(folded.replace('<details>', '<details open>'))).toContain('inside');
  });

  test('leaves out a diagram with its section, and nothing else', () => {
    const page =
      '# Done\n\n### Over time\n\nSince it began.\n\n```mermaid\ngantt\n```\n\n### More\n\n```yaml\na: 1\n```';
    expect(plain(page)).toBe('Done\n\nMore\n\n  a: 1\n');
  });

  test('decodes entities once, and colours differences', () => {
    expect(plain('a &amp;lt; b 10&#58;<wbr>00')).toBe('a &lt; b 10:00\n');
    expect(renderTerminal('```diff\n+new\n```', { width: 80, colours: true })).toContain('\u001b[32m');
  });
});

test('outputs without a value are not shown', () => {
  expect(outputWords({ result: 'reported', changed: '0', revision: '', other: undefined })).toBe(
    'result=reported changed=0',
  );
});

test('colours are for a terminal that wants them', () => {
  expect(terminalOf({ isTTY: true, columns: 50 }, {})).toEqual({ width: 50, colours: true });
  expect(terminalOf({ isTTY: true, columns: 500 }, { NO_COLOR: '1' })).toEqual({ width: 120, colours: false });
  expect(terminalOf({}, {})).toEqual({ width: 80, colours: false });
});
