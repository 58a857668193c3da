import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { run } from '../cluster/commands.ts';
import { buildMeshFilters } from '../mesh/filters.ts';
import type { Chapter, Fixture } from './fixture.ts';

const SOURCES = resolve(import.meta.dirname, '../../examples/add-header');

/** WASI preview 1, by the name that newer and older compilers have for it. */
const RUST_TARGETS = ['wasm32-wasip1', 'wasm32-wasi'];

/** Filters as their authors have them, from four compilers: with settings that they take, and with such that they reject. */
export async function realFilters(folder: string): Promise<Chapter> {
  const assemblyScript = await buildMeshFilters(folder);
  const [new021, old020, corrupt, rust, go] = await Promise.all([
    readFile(assemblyScript.abi021),
    readFile(assemblyScript.abi020),
    readFile(assemblyScript.corrupt),
    buildRust(join(folder, 'rust')),
    buildGo(join(folder, 'go')),
  ]);
  return {
    title: 'Filters as they come from their compilers',
    fixtures: [
      ...variants('AssemblyScript, ABI 0.2.1', new021),
      ...variants('Rust, ABI 0.2.1', rust),
      ...variants('Go, ABI 0.2.1', go),
      { name: 'AssemblyScript, ABI 0.2.0', module: old020, rootId: 'add_header', header: 'x-abi-0-2-0' },
      { name: 'AssemblyScript, ABI 0.2.0, another root id', module: old020, rootId: 'nobody' },
      { name: 'AssemblyScript, bytes overwritten in the middle of the code', module: corrupt },
    ],
  };
}

/** The example filter: its configuration is `name: value`. */
function variants(name: string, module: Uint8Array): Fixture[] {
  const good = { module, rootId: 'add_header', configuration: 'x-greeting: hello', header: 'x-greeting' };
  return [
    { ...good, name },
    { ...good, name: `${name}, another root id`, rootId: 'nobody' },
    { ...good, name: `${name}, not ASCII`, configuration: 'x-greeting: grüß dich' },
    { name: `${name}, a configuration that it rejects`, module, rootId: 'add_header', configuration: 'nonsense' },
    { name: `${name}, no configuration`, module, rootId: 'add_header', configuration: '' },
  ];
}

/** With Debian's own compiler, which can have WebAssembly beside it; one that rustup installs has it seldom. */
async function buildRust(folder: string): Promise<Uint8Array> {
  const rustc = '/usr/bin/rustc';
  const known = (await run(rustc, ['--print', 'target-list'])).split('\n');
  const target = RUST_TARGETS.find((name) => known.includes(name)) ?? 'wasm32-wasi';
  await run(
    '/usr/bin/cargo',
    ['build', '--release', '--locked', '--quiet', '--target', target, '--target-dir', folder],
    {
      cwd: join(SOURCES, 'rust'),
      // Cargo before 1.70 would fetch the whole index by git; this makes it ask for single crates, as newer ones do.
      env: { RUSTC: rustc, RUSTC_BOOTSTRAP: '1', CARGO_UNSTABLE_SPARSE_REGISTRY: 'true' },
    },
  );
  return readFile(join(folder, target, 'release', 'add_header.wasm'));
}

async function buildGo(folder: string): Promise<Uint8Array> {
  await mkdir(folder);
  const output = join(folder, 'filter.wasm');
  await run('go', ['build', '-buildmode=c-shared', '-trimpath', '-ldflags=-s -w', '-o', output, '.'], {
    cwd: join(SOURCES, 'go'),
    env: { GOOS: 'wasip1', GOARCH: 'wasm' },
  });
  return readFile(output);
}
