import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A file that is made of what is in other files, whole or in part. */
export interface GeneratedFile {
  /** From the root of the package. */
  readonly path: string;
  /** Returns its text. One that is made only in part gets what stands there and returns that with its own part written anew. */
  readonly make: (present: string) => string | Promise<string>;
}

export const ROOT = join(import.meta.dirname, '..', '..');

/** Writes generated files anew. */
export async function writeFiles(files: readonly GeneratedFile[]): Promise<void> {
  for (const { path, make } of files) {
    const file = join(ROOT, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, await make(existsSync(file) ? readFileSync(file, 'utf8') : ''));
  }
}
