import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const root = resolve(import.meta.dirname, '..');

/**
 * Compiles an AssemblyScript filter to `output`, as its author would with `asc`. `source` is the entry file, `optimize` the
 * flags that say for what. Rejects with the compiler's messages.
 */
export async function buildFilter(
  source: string,
  output: string,
  optimize: readonly string[] = ['--optimize'],
): Promise<void> {
  const asc = join(dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')), 'bin', 'asc.js');
  // asc resolves the libraries of a configuration from its own working directory.
  const shim = 'node_modules/@assemblyscript/wasi-shim/asconfig.json';
  const flags = ['--config', shim, '--use', 'abort=abort_proc_exit', ...optimize, '--outFile', output];
  await promisify(execFile)(process.execPath, [asc, source, ...flags], { cwd: root });
}

/** The example filter's entry file. */
export const EXAMPLE_FILTER = join(root, 'examples/add-header/assembly/index.ts');

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const output = process.argv[2] ?? 'build/add-header.wasm';
  await buildFilter(EXAMPLE_FILTER, output);
  console.log(output);
}
