/**
 * Puts Binaryen's wasm-opt beside the bundle, as the file that npm delivers, with its licence. It is not a part of
 * dist/index.js: it is twice as large, and only `shrink: optimize` starts it, as a program of its own.
 */
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

const dist = resolve(import.meta.dirname, '../dist');
const binaryen = dirname(createRequire(import.meta.url).resolve('binaryen/package.json'));

// The bundle is an ES module, this program is not.
await writeFile(join(dist, 'wasm-opt.cjs'), await readFile(join(binaryen, 'bin/wasm-opt')));
const licence = await readFile(join(binaryen, 'LICENSE'), 'utf8');
await appendFile(join(dist, 'licenses.txt'), `\n\nbinaryen (wasm-opt.cjs)\nApache-2.0\n${licence}`);
