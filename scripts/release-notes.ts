/** Prints the section of a version in CHANGELOG.md, for the page of its release: `npm run release-notes -- 0.1.0`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Returns what `changelog` says of `version`, without its heading.
 *
 * @throws Error if it has no such section, or an empty one
 */
export function releaseNotes(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => text.split('\n', 1)[0]?.split(' ', 1)[0] === version);
  if (section === undefined)
    throw new Error(`CHANGELOG.md has no section "## ${version}". Write one before the release.`);
  const notes = section.slice(section.indexOf('\n')).trim();
  if (notes === '' || !section.includes('\n')) throw new Error(`The section "## ${version}" of CHANGELOG.md is empty.`);
  return notes;
}

if (import.meta.main) {
  const [version = ''] = process.argv.slice(2);
  const changelog = await readFile(join(import.meta.dirname, '../CHANGELOG.md'), 'utf8');
  process.stdout.write(`${releaseNotes(changelog, version)}\n`);
}
