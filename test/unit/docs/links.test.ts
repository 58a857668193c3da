import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { loadAll } from 'js-yaml';
import { anchorsOf, blocksOf, linksOf, PAGES, placeOf, ROOT, read } from '../../harness/pages.ts';

/** Addresses beyond the repository: only their form can be seen here. */
const OUTSIDE = /^(?:https:\/\/[\w.-]+\.[a-z]+(?:[/?#]\S*)?|mailto:\S+)$/;
/** Where a reader's own repository is meant, or this one's pages on GitHub that are no files. */
const isOutside = (link: string): boolean => OUTSIDE.test(link);

test('the pages are found', () => {
  expect(PAGES).toEqual(
    expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'docs/inputs.md', 'docs/permissions/README.md']),
  );
});

describe.each(PAGES)('%s', (page) => {
  test('leads to files and headings that are there', () => {
    const broken = linksOf(page)
      .filter((link) => !isOutside(link))
      .filter((link) => {
        const { file, anchor } = placeOf(page, link);
        if (file.startsWith('..') || !existsSync(join(ROOT, file))) return true;
        return anchor !== '' && !(file.endsWith('.md') && anchorsOf(file).has(anchor));
      });
    expect(broken).toEqual([]);
  });

  test('has code that can be read: YAML and JSON, each with its language', () => {
    for (const { language, text } of blocksOf(page)) {
      expect([text, language]).toEqual([text, expect.stringMatching(/^[a-z]+$/)]);
      if (language === 'yaml') expect(() => loadAll(text)).not.toThrow();
      if (language === 'json') expect(() => JSON.parse(text)).not.toThrow();
    }
  });

  test('has one title, and no line that is cut off', () => {
    expect(read(page).match(/^# /m)).not.toBeNull();
    expect(read(page)).not.toMatch(/TODO|FIXME/);
  });
});

test('every page of docs is named in its index', () => {
  const named = linksOf('docs/README.md').map((link) => placeOf('docs/README.md', link).file);
  const pages = PAGES.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md');
  expect(pages.filter((page) => !named.includes(page))).toEqual([]);
});

test('a page that is not there, or a heading, is found', () => {
  expect(placeOf('docs/a.md', '../README.md#quick-start')).toEqual({ file: 'README.md', anchor: 'quick-start' });
  expect(anchorsOf('README.md').has('quick-start')).toBe(true);
  expect(anchorsOf('README.md').has('nowhere')).toBe(false);
  expect(isOutside('http://example.com')).toBe(false);
});
