import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { jobOf } from '../harness/act.ts';
import { startEmbeddedRegistry } from '../harness/registry/embedded.ts';
import { outputsOf, PUSH, pullRequest, type Repository, startRepository, workflowOf } from './repository.ts';
import { onEmbeddedCluster, openShop, type Shop } from './shop.ts';

// The workflows that build a filter, with each toolchain. Go and AssemblyScript are those of this machine; Rust has no target for WASI
// on every machine, and TinyGo and Emscripten are not on it, so what they are called by leaves a module of AssemblyScript.

const ROOT = resolve(import.meta.dirname, '../..');
const EXAMPLE = join(ROOT, 'examples/add-header');

let shop: Shop;
let repository: Repository;
beforeAll(async () => {
  shop = await openShop();
}, 180_000);
afterAll(() => shop?.stop());
beforeEach(async () => {
  repository = await startRepository();
}, 600_000); // act may have to be built
afterEach(() => repository.stop());

/** Programs that leave a module where the workflow expects that of a build; the module is a file of the repository. */
const STAND_INS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'build-rust.yml': {
    cargo: 'mkdir -p target/wasm32-wasip1/release && cp module.wasm target/wasm32-wasip1/release/add_header.wasm',
  },
  'check-filter.yml': {
    cargo: 'mkdir -p target/wasm32-wasip1/release && cp module.wasm target/wasm32-wasip1/release/add_header.wasm',
  },
  'build-tinygo.yml': {
    curl: 'touch tinygo.deb',
    sha256sum: 'cat > /dev/null',
    sudo: '',
    go: 'echo go',
    tinygo: 'cp module.wasm filter.wasm',
  },
  'build-cpp.yml': { sudo: '', 'em++': 'test -f sdk/proxy_wasm_intrinsics.js && cp module.wasm filter.wasm' },
};

const namesIn = (namespace: string): Record<string, string> => ({
  'bookshop/deployment': `${namespace}/deployment`,
  'bookshop/statefulset': `${namespace}/deployment`,
});

async function prepare(file: string): Promise<void> {
  const { runner } = repository;
  await runner.commit('module.wasm', await readFile(shop.filters.abi021));
  await runner.commit('tests.yaml', await readFile(join(EXAMPLE, 'tests.yaml')));
  await runner.remote('proxy-wasm/proxy-wasm-cpp-sdk', { 'proxy_wasm_intrinsics.js': '' });
  for (const [name, script] of Object.entries(STAND_INS[file] ?? {})) await runner.install(name, script);
  if (file === 'build-assemblyscript.yml') {
    await runner.commit('assembly/index.ts', await readFile(join(EXAMPLE, 'assembly/index.ts')));
    await runner.install('npm', `ln -s ${join(ROOT, 'node_modules')} node_modules`);
  }
}

test.each(['build-rust.yml', 'build-tinygo.yml', 'build-assemblyscript.yml', 'build-cpp.yml'])(
  '%s: what it builds is checked for a pull request, and deployed after a push',
  async (file) => {
    const namespace = await shop.namespace();
    const apps = [await shop.start(namespace, 'frontpage'), await shop.start(namespace, 'ratings')];
    const workflow = await workflowOf(file, namesIn(namespace));
    await prepare(file);
    const { runner } = repository;
    const asked = await runner.run(workflow, pullRequest('opened', { fork: 'eve/filters' }));
    expect([...asked.jobs.keys()]).toEqual(['build']);
    const { result, headline } = outputsOf(jobOf(asked, 'build'));
    expect([result, headline]).toEqual(['passed', expect.stringMatching(/^✅ add-header passed the check/)]);

    const pushed = await runner.run(workflow, PUSH, { secrets: { KUBECONFIG: shop.kubeconfig } });
    expect(outputsOf(jobOf(pushed, 'deploy'))).toMatchObject({ result: 'deployed', deployed: '2' });
    for (const app of apps) expect(await shop.headers(app, 'x-shop')).toEqual(['open']);
  },
);

test('check-filter.yml: a pull request is told whether the filter does its job, without any secret', async () => {
  const { runner } = repository;
  await prepare('check-filter.yml');
  const workflow = await workflowOf('check-filter.yml');
  const asked = await runner.run(workflow, pullRequest('opened', { fork: 'eve/filters' }));
  const { result, tests = '' } = outputsOf(jobOf(asked, 'check'));
  expect(result).toBe('passed');
  expect(JSON.parse(tests)).toMatchObject({ 'add-header': { result: 'passed', tests: 6, passed: 6 } });

  const text = await readFile(join(EXAMPLE, 'tests.yaml'), 'utf8');
  await runner.commit('tests.yaml', text.replaceAll('x-hours:', 'x-days:'));
  const broken = await runner.run(workflow, pullRequest('synchronize', { fork: 'eve/filters' }));
  expect(outputsOf(jobOf(broken, 'check'))).toMatchObject({
    result: 'failed',
    headline: expect.stringContaining('1 of 6 tests failed'),
  });
});

test('build-go.yml: what it builds is checked, and after a push delivered as an image', async () => {
  const { runner } = repository;
  for (const file of ['go.mod', 'main.go']) await runner.commit(file, await readFile(join(EXAMPLE, 'go', file)));
  await runner.commit('tests.yaml', await readFile(join(EXAMPLE, 'tests.yaml')));
  // What Go has compiled before stays; the home of the run is empty.
  const { stdout } = await promisify(execFile)('go', ['env', 'GOROOT', 'GOCACHE']);
  const [root, cache] = stdout.trim().split('\n');
  await runner.install('go', `GOCACHE=${cache} exec ${root}/bin/go "$@"`);
  // The proxies of a mesh cannot reach this registry; the embedded cluster's have no need to.
  const [cluster, registry] = await Promise.all([onEmbeddedCluster(shop.filters), startEmbeddedRegistry()]);
  try {
    const namespace = await cluster.namespace();
    for (const name of ['frontpage', 'ratings']) await cluster.start(namespace, name);
    const workflow = await workflowOf('build-go.yml', { ...namesIn(namespace), 'ghcr.io/': `${registry.host}/` });
    const run = await runner.run(workflow, PUSH, { secrets: { KUBECONFIG: cluster.kubeconfig } });
    expect(outputsOf(jobOf(run, 'build')).headline).toMatch(/^✅ add-header passed the check/);
    expect(jobOf(run, 'deploy').annotations).toEqual([]);
    expect(outputsOf(jobOf(run, 'deploy'))).toMatchObject({
      result: 'deployed',
      image: expect.stringContaining(`${registry.host}/shop/filters/add-header@sha256:`),
    });
  } finally {
    await Promise.all([cluster.stop(), registry.stop()]);
  }
});
