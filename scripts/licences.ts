import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface PackageFile {
  readonly name: string;
  readonly license?: string;
}

/** The folder of the package that a file belongs to: the innermost, as packages may bring packages of their own. */
function packageFolder(file: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file.replaceAll('\\', '/'))?.[0];
}

/** The text of a package's licence; the empty string for one that brings none. */
function licenceText(folder: string): string {
  const file = readdirSync(folder).find((name) => /^(?:licen[cs]e|copying)(?:[.-].*)?$/i.test(name));
  return file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim();
}

/**
 * Returns the licences of the packages that files are of, each once, in the order of their names. `files` are paths below `root`; those
 * of the project itself have none. Throws for a package without the name of a licence.
 */
export function licencesOf(root: string, files: readonly string[]): string {
  const folders = [...new Set(files.flatMap((file) => packageFolder(file) ?? []))];
  const texts = new Map<string, string>();
  for (const folder of folders) {
    const file = join(root, folder, 'package.json');
    if (!existsSync(file)) throw new Error(`${folder} has no package.json`);
    const { name, license } = JSON.parse(readFileSync(file, 'utf8')) as PackageFile;
    if (typeof license !== 'string') throw new Error(`${name} does not say which licence it has`);
    texts.set(name, [name, license, licenceText(join(root, folder))].filter((text) => text !== '').join('\n'));
  }
  return `${[...texts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, text]) => text)
    .join('\n\n')}\n`;
}
