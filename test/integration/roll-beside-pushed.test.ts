import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KubernetesObject, Workload } from '../../src/cluster/objects.ts';
import type { EnvoyFilter } from '../../src/mesh/objects/envoy-filter.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { onlyTarget, revisionOf, Scene } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

const LABEL = 'deploy-wasm-filter/add-header';
const PUSHED = 'deploy-wasm-filter/pushed';
const NEW = { configuration: 'x-test: 2', settings: 'push' };
const on = (name: string, value: string): Record<string, string> => ({
  targets: `- deployment/${name}`,
  // Each pod must answer with the header that its proxy's configuration is.
  probe: JSON.stringify({ port: 9080, path: '/', expect: { headers: { 'x-test': value } } }),
});
const labelOf = async (scene: Scene, workload: Workload): Promise<string | undefined> =>
  (await scene.now(workload)).spec?.template?.metadata?.labels?.[LABEL];
const envoyFilterOf = (scene: Scene, revision: string): Promise<EnvoyFilter & KubernetesObject> =>
  cluster.api.get(
    `/apis/networking.istio.io/v1alpha3/namespaces/${scene.namespace}/envoyfilters/add-header-${revision}`,
  );
/** Two workloads of one revision, into which other settings were pushed. */
async function pushedScene(): Promise<{
  scene: Scene;
  reviews: Workload;
  ratings: Workload;
  first: string;
  pushed: string;
}> {
  const scene = await Scene.open(cluster);
  const reviews = await scene.workload('reviews');
  const ratings = await scene.workload('ratings');
  const [first = ''] = (await scene.deploy()).targets.map(revisionOf);
  const [pushed = ''] = (await scene.deploy(NEW)).targets.map(revisionOf);
  scene.forget();
  return { scene, reviews, ratings, first, pushed };
}

describe('the settings of a revision into which others were pushed', () => {
  test.concurrent('are rolled out beside it: the other workloads keep what was pushed', async () => {
    const { scene, reviews, ratings, first, pushed } = await pushedScene();
    const { spec } = await envoyFilterOf(scene, first);

    expect(onlyTarget(await scene.deploy(on('reviews', '1')))).toMatchObject({
      outcome: 'deployed',
      revisions: [{ revision: first, before: pushed }],
      steps: { template: 'done' },
    });
    expect(await labelOf(scene, ratings)).toBe(first);
    expect((await envoyFilterOf(scene, first)).spec).toEqual(spec);
    expect((await scene.deploy({ ...NEW, ...on('ratings', '2') })).outcome).toBe('unchanged');
    const beside = (await labelOf(scene, reviews)) ?? '';
    expect([first, pushed]).not.toContain(beside);
    expect((await envoyFilterOf(scene, beside)).metadata.annotations?.[PUSHED]).toBe(first);

    // The same again is nothing, also when the id of these settings is free again.
    scene.forget();
    expect((await scene.deploy(on('reviews', '1'))).outcome).toBe('unchanged');
    expect(scene.writes).toEqual([]);
    await scene.deploy({ ...on('ratings', '3'), configuration: 'x-test: 3', 'keep-revisions': '0' });
    await expect(envoyFilterOf(scene, first)).rejects.toThrow();
    expect((await scene.deploy(on('reviews', '1'))).outcome).toBe('unchanged');
    expect(await labelOf(scene, reviews)).toBe(beside);
  });

  test.concurrent.each(['roll', 'push'])(
    'reach a workload that is new, with "settings: %s", and nobody else',
    async (settings) => {
      const { scene, first, ratings } = await pushedScene();
      const { spec } = await envoyFilterOf(scene, first);
      const details = await scene.workload('details');
      expect(onlyTarget(await scene.deploy({ settings, ...on('details', '1') })).outcome).toBe('deployed');
      expect((await envoyFilterOf(scene, first)).spec).toEqual(spec);
      expect(await labelOf(scene, ratings)).toBe(first);
      expect(await labelOf(scene, details)).not.toBe(first);
    },
  );

  test.concurrent('replace the pods where every workload gets them', async () => {
    const { scene, reviews, ratings, first, pushed } = await pushedScene();
    const report = await scene.deploy();
    expect(report.targets.map(({ steps, revisions }) => [steps.template, revisions])).toEqual(
      [1, 2].map(() => ['done', [{ filter: 'add-header', revision: first, before: pushed }]]),
    );
    const label = await labelOf(scene, reviews);
    expect(label).not.toBe(first);
    expect(await labelOf(scene, ratings)).toBe(label);
  });

  test.concurrent('that fail are rolled back to what was pushed', async () => {
    const { scene, reviews, first, pushed } = await pushedScene();
    const wrong = { ...on('reviews', 'other') };
    expect(onlyTarget(await scene.deploy(wrong))).toMatchObject({
      outcome: 'failed',
      rollback: { state: 'rolled-back', to: { 'add-header': pushed } },
    });
    expect(await labelOf(scene, reviews)).toBe(first);
    expect((await scene.deploy({ ...NEW, ...on('reviews', '2') })).outcome).toBe('unchanged');
  });
});
