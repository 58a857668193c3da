import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { releaseNotes } from '../../../scripts/release-notes.ts';

const ROOT = join(import.meta.dirname, '../../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const CHANGELOG =
  '# Changelog\n\nWords.\n\n## 0.2.0\n\n- b\n\n### More\n\n- c\n\n## 0.1.0 (2026-12-01)\n\n- a\n\n## 0.0.1\n';

test.each([
  ['0.2.0', '- b\n\n### More\n\n- c'],
  ['0.1.0', '- a'],
])('the notes of %s', (version, notes) => {
  expect(releaseNotes(CHANGELOG, version)).toBe(notes);
});

test.each(['0.0.1', '0.3.0', '0.1', ''])(
  'a version without a section, or with an empty one, has none: %j',
  (version) => {
    expect(() => releaseNotes(CHANGELOG, version)).toThrow('CHANGELOG.md');
  },
);

test('the version of package.json can be released', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  expect(releaseNotes(read('CHANGELOG.md'), version)).not.toBe('');
});
