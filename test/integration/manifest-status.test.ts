import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { renderSummary } from '../../src/action/summary/summary.ts';
import { judge } from '../../src/action/verdict/verdict.ts';
import type { KubernetesObject } from '../../src/cluster/objects.ts';
import { CONFIG_MAP, DEPLOYMENT, resourcePath } from '../../src/cluster/resources.ts';
import { type ActionRun, makeModule, runAction } from '../harness/action.ts';
import { eventually } from '../harness/api.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { Scene } from './scene.ts';

const MODULES = {
  'mesh/auth.wasm': makeModule('auth'),
  'mesh/limits.wasm': makeModule('limits'),
};
const MANIFEST = `version: 1
filters:
  - { filter: auth.wasm, targets: [ deployment/reviews, deployment/ratings ] }
  - { filter: limits.wasm, targets: [ deployment/reviews ], configuration: { max: 10 } }
`;
const CHANGED = MANIFEST.replace('max: 10', 'max: 20');

describe('the status of a manifest', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster.stop());

  const run = (
    { namespace }: Scene,
    text: string,
    inputs: Readonly<Record<string, string>> = {},
    modules: Readonly<Record<string, Uint8Array>> = MODULES,
  ): Promise<ActionRun> =>
    runAction(
      { manifest: 'mesh/*.yaml', namespace, kubeconfig: cluster.recorder.kubeconfig(), ...inputs },
      { files: { ...modules, 'mesh/filters.yaml': text } },
    );
  const status: typeof run = (scene, text, inputs, modules) =>
    run(scene, text, { command: 'status', ...inputs }, modules);
  const found = ({ report }: ActionRun): string[] =>
    (report.status?.workloads ?? []).flatMap(({ ref, filters }) =>
      filters.map(({ filter, health, compared }) => `${ref.name} ${filter} ${health} ${compared}`),
    );
  const sentenceOf = ({ report }: ActionRun): string => judge(report.whole).sentence;
  const open = async (): Promise<Scene> => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    await scene.workload('ratings');
    expect((await run(scene, MANIFEST)).report.outcome).toBe('deployed');
    return scene;
  };

  test('is good where each target runs what the file says', async () => {
    const seen = await status(await open(), MANIFEST);
    expect(found(seen)).toEqual([
      'reviews auth verified everything',
      'reviews limits verified everything',
      'ratings auth verified everything',
    ]);
    expect(sentenceOf(seen)).toContain('No action is needed.');
  });

  test('is outdated where the file says other settings, and names the revision that the deployment brings', async () => {
    const scene = await open();
    const seen = await status(scene, CHANGED);
    expect(found(seen)).toContain('reviews limits outdated everything');
    expect(found(seen)).toContain('reviews auth verified everything');
    expect(judge(seen.report.whole).headline).toContain('1 of 2 workloads does not run what the manifest says');
    const limits = seen.report.status?.workloads[0]?.filters.find(({ filter }) => filter === 'limits');
    const { report } = await run(scene, CHANGED);
    const deployed = report.targets[0]?.revisions.find(({ filter }) => filter === 'limits');
    expect([limits?.revision, limits?.wanted]).toEqual([deployed?.before, deployed?.revision]);
    expect(limits?.notes).toEqual([
      { text: `runs ${deployed?.before}, the manifest says ${deployed?.revision}; the next "deploy" updates it` },
    ]);
    expect(found(await status(scene, CHANGED))).toContain('reviews limits verified everything');
  });

  test('is outdated where the file has another module, or an input that the file leaves to it says something else', async () => {
    const scene = await open();
    const other = { ...MODULES, 'mesh/auth.wasm': makeModule('another') };
    expect(found(await status(scene, MANIFEST, {}, other)).filter((line) => line.includes('outdated'))).toEqual([
      'reviews auth outdated everything',
      'ratings auth outdated everything',
    ]);
    const seen = await status(scene, MANIFEST, { 'fail-policy': 'open' });
    expect(found(seen).every((line) => line.endsWith('outdated everything'))).toBe(true);
    expect(seen.report.warnings).toEqual([]);
  });

  test('tells with the settings alone where the job has no module, and says so', async () => {
    const scene = await open();
    const seen = await status(scene, MANIFEST, {}, {});
    expect(found(seen)).toEqual([
      'reviews auth verified settings',
      'reviews limits verified settings',
      'ratings auth verified settings',
    ]);
    expect(sentenceOf(seen)).not.toContain('No action is needed.');
    expect(sentenceOf(seen)).toContain(
      'Only the settings of auth and limits were compared with the manifest; "plan" compares the modules.',
    );
    expect(seen.report.warnings.map(({ topic }) => topic)).toEqual(['Not compared', 'Not compared']);
    expect(found(await status(scene, CHANGED, {}, {}))).toContain('reviews limits outdated settings');
  });

  test('says that nothing was compared where the file is faulty for a deployment', async () => {
    const scene = await open();
    const seen = await status(scene, MANIFEST.replace('configuration: { max: 10 }', 'direction: sideways'));
    expect(found(seen)).toContain('reviews limits verified nothing');
    expect(sentenceOf(seen)).toContain('limits was not compared with the manifest; "plan" does that.');
  });

  test('of one filter does not take the order that others give it for a difference', async () => {
    const scene = await open();
    expect(found(await status(scene, MANIFEST, { name: 'limits' }))).toContain('reviews limits verified everything');
    expect(found(await status(scene, CHANGED, { name: 'limits' }))).toContain('reviews limits outdated everything');
  });

  test('says of a rollout once that its pods are not ready, and waits for none that lacks an object of either filter', async () => {
    const scene = await open();
    const configMaps = resourcePath(CONFIG_MAP, scene.namespace);
    const { items } = await cluster.api.get<KubernetesObject & { items: KubernetesObject[] }>(configMaps);
    const auth = items.find(({ metadata }) => metadata.name.startsWith('auth-'));
    await cluster.api.delete(`${configMaps}/${auth?.metadata.name}`);
    await cluster.api.patch(`${resourcePath(DEPLOYMENT, scene.namespace)}/reviews`, {
      spec: { template: { metadata: { annotations: { 'sim/behaviour': 'never-ready' } } } },
    });
    // Until the ReplicaSet is there the pods are not ready for other reasons.
    const { seen, page } = await eventually('a rollout that keeps its old pod', async () => {
      const seen = await status(scene, MANIFEST);
      const page = renderSummary(seen.report.whole);
      return page.includes('old pod still there') ? { seen, page } : undefined;
    });
    expect(found(seen)).toContain('reviews limits not-ready everything');
    expect(found(seen)).toContain('reviews auth drifted everything');
    expect(page.match(/old pod still there/g)).toHaveLength(1);
    expect(page).not.toContain('rolling out');
  });
});
