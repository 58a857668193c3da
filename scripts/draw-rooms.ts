import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSources } from './rooms.ts';
import { withPicture } from './rooms-diagram.ts';

/** Draws the rooms of `src` into CONTRIBUTING.md. */
const ROOT = join(import.meta.dirname, '..');
const DOCUMENT = join(ROOT, 'CONTRIBUTING.md');

writeFileSync(DOCUMENT, withPicture(readFileSync(DOCUMENT, 'utf8'), readSources(ROOT)));
