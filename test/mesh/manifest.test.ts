import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Workload } from '../../src/cluster/objects.ts';
import { underLoad } from './load.ts';
import { APP_PORT, connectMesh, createApps, headerOfPods, httpFiltersOf, type Mesh, makeApp } from './mesh.ts';

// Filters of two SDKs. Answers pass in reverse: of two that set one header, the first in the chain has the last word; of two that
// add to one, the last in the chain comes first.
const FILTERS = ['outer', 'outer-abi020', 'inner', 'inner-abi020', 'last'] as const;
/** What the second workload runs of them. */
const FEWER = ['outer', 'inner', 'last'];

let mesh: Mesh;
beforeAll(async () => {
  mesh = await connectMesh();
});
afterAll(() => mesh?.stop());

async function writeManifest(namespace: string): Promise<string> {
  const entry = (name: (typeof FILTERS)[number]): object => {
    const old = name.endsWith('abi020');
    const [word = ''] = name.split('-');
    return {
      name,
      filter: old ? 'abi-0-2-0.wasm' : 'add-header.wasm',
      configuration: old ? word : `${name === 'last' ? 'x-last' : 'x-wasm'}: ${word}`,
      targets: ['deployment/reviews', ...(FEWER.includes(name) ? ['deployment/ratings'] : [])],
    };
  };
  const file = join(dirname(mesh.filters.abi021), `${namespace}.yaml`);
  const defaults = { namespace, 'root-id': 'add_header' };
  await writeFile(file, JSON.stringify({ version: 1, defaults, filters: FILTERS.map(entry) }));
  return file;
}

/** How many ReplicaSets a Deployment has had. */
async function generationsOf({ metadata: { namespace, name } }: Workload): Promise<number> {
  const sets = await mesh.api.list(`/apis/apps/v1/namespaces/${namespace}/replicasets?labelSelector=app%3D${name}`);
  return sets.length;
}

/** Those of the filters that are in the chain of each pod, in its order. */
async function chainsOf(app: Workload): Promise<readonly string[]> {
  const chains = await httpFiltersOf(mesh, app, APP_PORT);
  return chains.map((names) => names.filter((name) => FILTERS.some((one) => name === one)).join(', '));
}

test('a manifest brings five filters to the pods with one restart, in the order of the list, without a failed request', async () => {
  const namespace = await mesh.namespace();
  const reviews = makeApp(namespace, 'reviews', { replicas: 2 });
  const ratings = makeApp(namespace, 'ratings');
  await createApps(mesh, reviews, ratings);
  const manifest = await writeManifest(namespace);
  const { value, load } = await underLoad(mesh, { workload: reviews, header: 'x-wasm' }, () =>
    mesh.deploy({ manifest }),
  );
  console.log(`five filters: ${load.requests} requests, ${load.failures.length} failed`);
  expect(value.outputs).toMatchObject({ result: 'deployed', deployed: '2' });
  expect(load.failures).toEqual([]);
  expect([...load.seen.keys()].sort()).toEqual(['-', 'outer']);

  expect([await generationsOf(reviews), await generationsOf(ratings)]).toEqual([2, 2]);
  expect(await chainsOf(reviews)).toEqual(Array(2).fill(FILTERS.join(', ')));
  expect(await chainsOf(ratings)).toEqual([FEWER.join(', ')]);
  expect(await headerOfPods(mesh, reviews, 'x-wasm')).toEqual(['outer', 'outer']);
  expect(await headerOfPods(mesh, reviews, 'x-abi-0-2-0')).toEqual(['inner, outer', 'inner, outer']);
  expect(await headerOfPods(mesh, reviews, 'x-last')).toEqual(['last', 'last']);

  const again = await mesh.deploy({ manifest });
  expect(again.outputs).toMatchObject({ result: 'unchanged', changed: 'false' });
});
