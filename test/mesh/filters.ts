import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import loadWabt from 'wabt';
import { buildFilter, EXAMPLE_FILTER } from '../../scripts/build-filter.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** Every filter of the mesh suite as a file in `folder`, by name. */
export interface MeshFilters {
  /** The example, ABI 0.2.1: its configuration is `name: value`. */
  readonly abi021: string;
  /** The older SDK, ABI 0.2.0: sets `x-abi-0-2-0` to its configuration. */
  readonly abi020: string;
  /** The example with one byte flipped inside its code. */
  readonly corrupt: string;
  /** A module that wants a host function that no Envoy has. */
  readonly missingImport: string;
}

/** Compiles the AssemblyScript filters and makes the bad modules. */
export async function buildMeshFilters(folder: string): Promise<MeshFilters> {
  const filters: MeshFilters = {
    abi021: join(folder, 'add-header.wasm'),
    abi020: join(folder, 'abi-0-2-0.wasm'),
    corrupt: join(folder, 'corrupt.wasm'),
    missingImport: join(folder, 'missing-import.wasm'),
  };
  await buildOnce(EXAMPLE_FILTER, filters.abi021, (output) => buildFilter(EXAMPLE_FILTER, output));
  await buildOnce(ABI_020, filters.abi020, buildAbi020);
  const good = await readFile(filters.abi021);
  await writeFile(filters.corrupt, corruptCode(good));
  await writeFile(filters.missingImport, await assemble(MISSING_IMPORT));
  return filters;
}

/** What compiled filters depend on, beside their sources: compilers, SDKs and flags. */
const MADE_WITH = ['package-lock.json', 'scripts/build-filter.ts', 'test/mesh/filters.ts'];

/**
 * Compiles a filter once for all suites, as a compiler needs ten seconds of a processor. What is made stays in a folder that Git ignores,
 * under the digest of all that it is made of; several processes may ask at once.
 */
async function buildOnce(source: string, output: string, build: (output: string) => Promise<void>): Promise<void> {
  const hash = createHash('sha256');
  for (const file of [resolve(ROOT, source), ...MADE_WITH.map((name) => join(ROOT, name))])
    hash.update(await readFile(file));
  const folder = join(ROOT, 'build/filters');
  const kept = join(folder, `${hash.digest('hex')}.wasm`);
  try {
    await copyFile(kept, output);
  } catch {
    await build(output);
    await mkdir(folder, { recursive: true });
    const unfinished = join(folder, randomUUID());
    await copyFile(output, unfinished);
    await rename(unfinished, kept);
  }
}

const ABI_020 = 'test/fixtures/filters/abi-0.2.0/assembly/index.ts';

async function buildAbi020(output: string): Promise<void> {
  const asc = join(dirname(createRequire(import.meta.url).resolve('assemblyscript-0.14/package.json')), 'bin', 'asc');
  await promisify(execFile)(
    process.execPath,
    [asc, ABI_020, '--use', 'abort=abort_proc_exit', '--optimize', '-b', output],
    { cwd: ROOT },
  );
}

/** Keeps magic and section headers, so that only the engine sees the damage. */
function corruptCode(module: Buffer): Buffer {
  const copy = Buffer.from(module);
  copy.fill(0xff, Math.floor(copy.length / 2), Math.floor(copy.length / 2) + 64);
  return copy;
}

/** Returns the bytes of a module in the text format. */
export async function assemble(text: string): Promise<Uint8Array> {
  const wabt = await loadWabt();
  const module = wabt.parseWat('module.wat', text);
  try {
    // With the names of functions, which Envoy shows in the stack of a trap.
    return module.toBinary({ write_debug_names: true }).buffer;
  } finally {
    module.destroy();
  }
}

const MISSING_IMPORT = `(module
  (import "env" "proxy_does_not_exist" (func (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 1024)
  (func (export "proxy_on_context_create") (param i32 i32)))`;
