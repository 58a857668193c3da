/**
 * Puts the programs beside the bundle that it starts as processes of their own: the one that tries a filter, bundled by
 * itself so that it is there at once; the one that watches over the action; and Binaryen's wasm-opt, as the file that npm delivers, with its licence. That is
 * twice as large as dist/index.js, and only `shrink: optimize` starts it.
 */
import { appendFile, copyFile, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

const dist = resolve(import.meta.dirname, '../dist');
const binaryen = dirname(createRequire(import.meta.url).resolve('binaryen/package.json'));

for (const program of ['trial', 'watchdog'])
  await copyFile(resolve(dist, `../build/${program}/index.js`), join(dist, `${program}.js`));

// The bundle is an ES module, this program is not.
await writeFile(join(dist, 'wasm-opt.cjs'), await readFile(join(binaryen, 'bin/wasm-opt')));
const licence = await readFile(join(binaryen, 'LICENSE'), 'utf8');
await appendFile(join(dist, 'licenses.txt'), `\n\nbinaryen (wasm-opt.cjs)\nApache-2.0\n${licence}`);
