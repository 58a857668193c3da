import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The size of a program of `dist` in bytes, with all that it loads at once: what it imports, and not what it asks for later. */
export function loadedBytes(program: string): number {
  const seen = new Set([program]);
  let bytes = 0;
  for (const file of seen) {
    const text = readFileSync(file);
    bytes += text.length;
    for (const [, name = ''] of text.toString().matchAll(/\b(?:from|import)"\.\/([^"]+)"/g))
      seen.add(join(dirname(file), name));
  }
  return bytes;
}
