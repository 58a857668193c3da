import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { bundleProgram, ROOT } from './bundle-program.ts';
import { licencesOf } from './licences.ts';

// npm run bundle
// Makes dist of the sources: the action, and beside it the programs that it starts as processes of their own: the one that tries a
// filter, bundled by itself so that it is there at once; the one that watches over the action; and Binaryen's wasm-opt, as the file
// that npm delivers, which only `shrink: optimize` starts.
const DIST = join(ROOT, 'dist');

rmSync(DIST, { recursive: true, force: true });
mkdirSync(DIST);
const made = [
  await bundleProgram('src/main.ts', 'index', DIST),
  await bundleProgram('src/trial.ts', 'trial', DIST),
  await bundleProgram('src/watchdog.ts', 'watchdog', DIST),
];
const binaryen = dirname(createRequire(import.meta.url).resolve('binaryen/package.json'));
// The bundle is an ES module, this program is not.
writeFileSync(join(DIST, 'wasm-opt.cjs'), readFileSync(join(binaryen, 'bin/wasm-opt')));
writeFileSync(join(DIST, 'package.json'), `${JSON.stringify({ type: 'module' }, null, 2)}\n`);
/** What is in the files, not all that was looked at. */
const packages = made.flatMap(({ outputs }) => Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs)));
writeFileSync(join(DIST, 'licenses.txt'), licencesOf(ROOT, [...packages, join('node_modules/binaryen/package.json')]));
for (const { outputs } of made) {
  for (const [file, { bytes }] of Object.entries(outputs)) console.log(`${file}: ${bytes} bytes`);
}
