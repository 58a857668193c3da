import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../src/base/problem.ts';
import type { Workload } from '../../src/cluster/objects.ts';
import { type ActionRun, makeModule, runAction } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { Scene } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

const REFUSES = { 'sim/refuses': 'bad' };
const FILES = {
  'mesh/auth.wasm': makeModule('auth'),
  'mesh/limits.wasm': makeModule('limits'),
  'mesh/header.wasm': makeModule('header'),
};
const MANIFEST = `version: 1
defaults: { fail-policy: open }
filters:
  - { filter: auth.wasm, targets: [ deployment/reviews, deployment/ratings ] }
  - { filter: limits.wasm, targets: [ deployment/reviews ], configuration: { max: 10 } }
  - { filter: header.wasm, targets: [ { kind: deployment, name: reviews }, deployment/ratings ] }
`;

const run = (scene: Scene, text: string, inputs: Readonly<Record<string, string>> = {}): Promise<ActionRun> =>
  runAction(
    { manifest: 'mesh/*.yaml', namespace: scene.namespace, kubeconfig: cluster.recorder.kubeconfig(), ...inputs },
    { files: { ...FILES, 'mesh/filters.yaml': text } },
  );
const open = async (options: object = {}): Promise<{ scene: Scene; reviews: Workload; ratings: Workload }> => {
  const scene = await Scene.open(cluster);
  return { scene, reviews: await scene.workload('reviews', options), ratings: await scene.workload('ratings') };
};
const generationOf = async (scene: Scene, workload: Workload): Promise<unknown> =>
  ((await scene.now(workload)).metadata as { generation?: number }).generation;
const filtersOn = ({ spec }: Workload): string[] =>
  Object.keys(spec?.template?.metadata?.labels ?? {})
    .filter((label) => label.endsWith('.deploy-wasm-filter') || label.startsWith('deploy-wasm-filter'))
    .sort();

describe('a manifest', () => {
  test.concurrent('brings all filters of a workload in one patch, and a second run writes nothing', async () => {
    const { scene, reviews, ratings } = await open();
    const before = await generationOf(scene, reviews);
    const plan = await run(scene, MANIFEST, { command: 'plan' });
    const { report } = await run(scene, MANIFEST);
    expect(report.problems.map(describeProblem)).toEqual([]);
    expect(
      report.targets.map(({ ref, outcome, revisions }) => [ref.name, outcome, revisions.map(({ filter }) => filter)]),
    ).toEqual([
      ['reviews', 'deployed', ['auth', 'limits', 'header']],
      ['ratings', 'deployed', ['auth', 'header']],
    ]);
    expect(await generationOf(scene, reviews)).toBe(Number(before) + 1);
    expect((await scene.objects()).configMaps).toHaveLength(
      plan.report.plan?.changes.filter(({ kind }) => kind === 'ConfigMap').length ?? 0,
    );
    const again = await run(scene, MANIFEST);
    expect([again.report.outcome, again.report.requests.writes]).toEqual(['unchanged', 0]);
    expect(filtersOn(await scene.now(ratings)).length).toBeGreaterThan(0);
  });

  test.concurrent('puts a filter between others without a rollout of workloads that do not get it', async () => {
    const { scene, reviews, ratings } = await open();
    await run(scene, MANIFEST.replace(/^ {2}- \{ filter: limits.*\n/m, ''));
    const before = [await generationOf(scene, reviews), await generationOf(scene, ratings)].map(Number);
    const { report } = await run(scene, MANIFEST);
    expect(report.targets.map(({ outcome }) => outcome)).toEqual(['deployed', 'unchanged']);
    expect([await generationOf(scene, reviews), await generationOf(scene, ratings)]).toEqual([
      (before[0] ?? 0) + 1,
      before[1],
    ]);
  });

  test.concurrent('rolls a workload back as a whole where one of its filters fails, and says which', async () => {
    const { scene } = await open({ podAnnotations: REFUSES });
    const bad = MANIFEST.replace('{ max: 10 }', 'bad');
    const { report } = await run(scene, bad);
    expect(report.targets.map(({ outcome, rollback }) => [outcome, rollback?.to])).toEqual([
      ['failed', { auth: null, limits: null, header: null }],
      ['deployed', undefined],
    ]);
    const [failed] = report.targets;
    expect([failed?.problem?.message, ...(failed?.diagnosis ?? [])].join('\n')).toContain('limits');
    // Where that filter is written down, for an annotation on its line.
    expect(failed?.problem?.at).toMatchObject({ file: 'mesh/filters.yaml', line: 5 });
  });

  test.concurrent('is what status and remove are about', async () => {
    const { scene } = await open();
    await run(scene, MANIFEST);
    const { report } = await run(scene, MANIFEST, { command: 'status' });
    expect(report.problems.map(describeProblem)).toEqual([]);
    const one = await run(scene, MANIFEST, { command: 'remove', name: 'limits' });
    expect(one.report.targets.map(({ ref, outcome }) => [ref.name, outcome])).toEqual([['reviews', 'removed']]);
    const all = await run(scene, MANIFEST, { command: 'remove', missing: 'ok' });
    expect(all.report.targets.map(({ outcome }) => outcome)).toEqual(['removed', 'removed']);
    expect(await scene.objects()).toMatchObject({ configMaps: [], envoyFilters: [] });
  });

  test.concurrent('with several faults is told of all of them, with their places, and writes nothing', async () => {
    const { scene } = await open();
    const faulty = MANIFEST.replace('fail-policy: open', 'fail-policy: opne').replace(
      'deployment/reviews ]',
      'deployment/reviewz ]',
    );
    const { report } = await run(scene, faulty);
    expect(report.problems.map(({ at, subject }) => [at?.line, subject?.split(': ')[1]])).toEqual(
      expect.arrayContaining([
        [2, 'defaults.fail-policy'],
        [5, 'filters[1].targets[0]'],
      ]),
    );
    expect(report.requests.writes).toBe(0);
  });

  test.concurrent('two filters that are mounted at one path are a problem', async () => {
    const { scene } = await open();
    const { report } = await run(scene, MANIFEST.replace('fail-policy: open', 'mount-path: /var/lib/filters/all'));
    expect(report.problems.map(describeProblem)).toEqual(
      expect.arrayContaining([expect.stringContaining('/var/lib/filters/all')]),
    );
    expect(report.requests.writes).toBe(0);
  });

  test.concurrent('one workload with two settings of a filter is a problem', async () => {
    const { scene } = await open();
    const twice = MANIFEST.replace(
      'targets: [ deployment/reviews ],',
      'targets: [ deployment/reviews, { kind: deployment, name: reviews, port: 80 } ],',
    );
    const { report } = await run(scene, twice);
    expect(report.problems.map(describeProblem)).toEqual([expect.stringContaining('with different settings')]);
  });
});
