import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { checkCompatibility } from '../../../../src/filter/compatibility/compatibility.ts';
import { type ModuleFacts, readFacts } from '../../../../src/filter/module/facts.ts';
import { buildMeshFilters, type MeshFilters } from '../../../mesh/filters.ts';
import { must, problemsIn } from '../../builders.ts';

/** The filters that the mesh suite proves on real sidecars. */
let folder: string;
let filters: MeshFilters;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'filters-'));
  filters = await buildMeshFilters(folder);
}, 300_000); // compiles, where nobody has

afterAll(() => rm(folder, { recursive: true }));

async function factsOf(name: keyof MeshFilters): Promise<ModuleFacts> {
  return must(readFacts(await readFile(filters[name])));
}

const proxy = (minor: number) => ({ istio: `1.${minor - 8}.0`, envoy: { major: 1, minor } });

describe('filters that run in Envoy 1.40', () => {
  test.each<[keyof MeshFilters, Partial<ModuleFacts>]>([
    ['abi021', { abi: '0.2.1', start: 'command', startFunction: false }],
    ['abi020', { abi: '0.2.0', start: 'none', startFunction: true }],
  ])('%s', async (name, expected) => {
    const facts = await factsOf(name);
    expect(facts).toMatchObject({ ...expected, toolchain: 'AssemblyScript', debugBytes: 0 });
    for (const proxies of [[proxy(40)], [proxy(36), proxy(40)], [proxy(99)], []]) {
      expect(checkCompatibility(facts, proxies)).toEqual({ problems: [], warnings: [] });
    }
  });
});

test('a damaged filter is refused', async () => {
  expect(problemsIn(readFacts(await readFile(filters.corrupt)))).toHaveLength(1);
});

test('a filter with an import that nobody has is refused', async () => {
  expect(checkCompatibility(await factsOf('missingImport'), [proxy(40)]).problems).toMatchObject([
    { message: 'imports 1 function that no Envoy has: env.proxy_does_not_exist.' },
  ]);
});
