import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GENERATED, ROOT } from './pages.ts';

/** Writes every generated page anew. */
for (const { path, make } of GENERATED) {
  const file = join(ROOT, path);
  writeFileSync(file, await make(existsSync(file) ? readFileSync(file, 'utf8') : ''));
}
