import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withFigures } from './page.ts';
import { pictures } from './pictures.ts';

/** Writes the page and its pictures anew of what is kept. */
export async function writePage(): Promise<void> {
  const folder = join(import.meta.dirname, '..');
  const page = join(folder, 'README.md');
  await writeFile(page, withFigures(await readFile(page, 'utf8')));
  await mkdir(join(folder, 'images'), { recursive: true });
  for (const { name, draw } of pictures()) await writeFile(join(folder, 'images', name), draw());
}
