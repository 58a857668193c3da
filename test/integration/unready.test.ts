import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { verdictOf } from '../../src/action/verdict/verdict.ts';
import { describeProblem } from '../../src/base/problem.ts';
import { warningTexts } from '../../src/base/warning.ts';
import type { Workload } from '../../src/cluster/objects.ts';
import { troubledContainers } from '../../src/cluster/pods.ts';
import { resourcePath } from '../../src/cluster/resources.ts';
import { eventually } from '../harness/api.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { WORKLOADS, type WorkloadKind } from '../harness/kinds.ts';
import { makeWorkload, pathOf, type WorkloadOptions } from '../harness/workloads.ts';
import { onlyTarget, ownPart, REVISION_LABEL, Scene } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

const kinds: readonly WorkloadKind[] = ['Deployment', 'StatefulSet', 'DaemonSet'];
const STARTING = /ContainerCreating|PodInitializing/;
const BROKEN = { 'sim/behaviour': 'image-pull-back-off' };
const targetsOf = (...workloads: readonly Workload[]): string =>
  workloads.map(({ kind, metadata }) => `- ${kind}/${metadata.name}`).join('\n');

/** Makes a workload whose pods do not become ready, and waits until they show it. */
async function unready(scene: Scene, name: string, options: WorkloadOptions = {}): Promise<Workload> {
  const { kind = 'Deployment' } = options;
  const workload = makeWorkload(scene.namespace, name, { podAnnotations: BROKEN, ...options });
  await scene.cluster.api.create(resourcePath(WORKLOADS[kind], scene.namespace), workload);
  await eventually(`a pod of ${name} in trouble`, async () =>
    (await scene.pods()).find(
      (pod) => pod.metadata.labels?.app === name && troubledContainers(pod).some((cause) => !STARTING.test(cause)),
    ),
  );
  return workload;
}

describe('a workload that is not ready before the run', () => {
  test.concurrent('is left as it is, before anything is written, with its own cause', async () => {
    const scene = await Scene.open(cluster);
    const workload = await unready(scene, 'shop');
    const before = ownPart(await scene.now(workload));
    const report = await scene.deploy({ targets: targetsOf(workload), timeout: '4s' });
    const { outcome, steps, problem, rollback, diagnosis } = onlyTarget(report);
    expect(outcome).toBe('failed');
    expect(steps.template).toBe('skipped');
    expect(problem?.kind).toBe('workload');
    expect(problem && describeProblem(problem)).toMatch(
      /was not ready before this run, and its pods would restart, so it was not changed: .*shop-\S+: ImagePullBackOff \(app\)/,
    );
    expect(problem?.message.match(/ImagePullBackOff \(app\)/g)).toHaveLength(1);
    expect(diagnosis.join('\n')).toMatch(/pod shop-\S+: ImagePullBackOff \(app\)/);
    expect(rollback).toBeUndefined();
    expect(report.changed).toBe(false);
    expect(scene.writes).toEqual([]);
    expect(ownPart(await scene.now(workload))).toEqual(before);
  });

  test.concurrent('is named by plan, with its cause and what deploy makes of it', async () => {
    const scene = await Scene.open(cluster);
    const workload = await unready(scene, 'shop');
    const good = await scene.workload('good');
    const inputs = { command: 'plan', targets: targetsOf(workload, good), timeout: '4s' };
    const warned = [
      expect.stringMatching(
        /^Deployment \S+\/shop is not ready now \(shop-\S+: ImagePullBackOff \(app\).*\), and its pods would restart\. "deploy" waits up to 4\.0 s .*"unready: deploy"/,
      ),
    ];
    const { outcome, warnings } = await scene.deploy(inputs);
    expect([outcome, warningTexts(warnings)]).toEqual(['planned', warned]);
    expect(warningTexts((await scene.deploy({ ...inputs, unready: 'deploy' })).warnings)).toEqual([]);
  });

  test.concurrent('stops nobody else: the others get the filter, and nothing goes back', async () => {
    const scene = await Scene.open(cluster);
    const bad = await unready(scene, 'bad');
    const good = await scene.workload('good');
    const inputs = { targets: targetsOf(bad, good), 'max-parallel': '1', 'on-failure': 'rollback-all', timeout: '4s' };
    const { report, log } = await scene.run(inputs);
    expect(report.targets.map(({ ref, outcome }) => [ref.name, outcome])).toEqual([
      ['bad', 'failed'],
      ['good', 'deployed'],
    ]);
    const counts = log.flatMap((line) => /^\d+\/\d+ (?:ready|verified)/.exec(line) ?? []);
    expect(counts).toContain('0/2 ready');
    expect(counts.filter((text) => !text.includes('/2 '))).toEqual([]);
    expect(log.find((line) => line.includes('/2 verified'))).toMatch(/^1\/2 verified; the slowest ready after /);
    expect(scene.patchesOf(bad)).toEqual([]);
  });

  test.concurrent('as the canary, it has shown nothing for the others', async () => {
    const scene = await Scene.open(cluster);
    const bad = await unready(scene, 'bad');
    const good = await scene.workload('good');
    const { targets } = await scene.deploy({ targets: targetsOf(bad, good), canary: '1', timeout: '4s' });
    expect(targets.map(({ outcome }) => outcome)).toEqual(['failed', 'untouched']);
    expect(scene.patchesOf(good)).toEqual([]);
  });

  test.concurrent('because it was only just applied, is waited for', async () => {
    const scene = await Scene.open(cluster);
    const workload = makeWorkload(scene.namespace, 'fresh', { podAnnotations: { 'sim/ready-after-ms': '2500' } });
    await cluster.api.create(resourcePath(WORKLOADS.Deployment, scene.namespace), workload);
    const report = await scene.deploy({ targets: targetsOf(workload) });
    expect(onlyTarget(report)).toMatchObject({ outcome: 'deployed', verification: { level: 'listener' } });
  });
});

describe('unready: deploy', () => {
  test.concurrent.each(kinds)('%s: as little ready as before is done, and said', async (kind) => {
    const scene = await Scene.open(cluster);
    const workload = await unready(scene, 'shop', { kind });
    const report = await scene.deploy({ targets: targetsOf(workload), unready: 'deploy', timeout: '4s' });
    const target = onlyTarget(report);
    expect(target).toMatchObject({
      outcome: 'deployed',
      unready: expect.stringMatching(/^not ready before either: shop-\S+: ImagePullBackOff \(app\)/),
    });
    expect(target.rollback).toBeUndefined();
    expect(target.verification).toBeUndefined();
    const now = await scene.now(workload);
    expect(now.spec?.template?.metadata?.labels?.[REVISION_LABEL]).toMatch(/^[0-9a-f]{10}$/);
    // And what is there can be taken away again, whatever its pods do.
    const { report: removal, log } = await scene.run({
      command: 'remove',
      targets: targetsOf(workload),
      timeout: '4s',
    });
    expect(log).toContain('0/1 ready; 1 not ready, as before.');
    expect(onlyTarget(removal)).toMatchObject({ outcome: 'removed', unready: expect.any(String) });
    // A Deployment keeps the old pod while the new one is not ready, and what it mounts stays with it.
    const left = kind === 'Deployment' ? 2 : 0;
    expect(removal.collected.left).toHaveLength(left);
    const old = [expect.stringMatching(/^shop-/), expect.stringMatching(/^shop-/)];
    expect(removal.collected.left.map(({ runBy }) => runBy)).toEqual(kind === 'Deployment' ? old : []);
    expect(removal.collected.deleted).toHaveLength(2 - left);
    // As long as a pod runs it, it is not gone; asked again, the answer is the same.
    const still =
      /^Deployment \S+: the old pod shop-\S+ still runs the filter, as no new pod .*ImagePullBackOff \(app\)/;
    const told = kind === 'Deployment' ? [expect.stringMatching(still)] : [];
    expect(removal.problems.map(describeProblem)).toEqual(told);
    expect(removal.outcome).toBe(kind === 'Deployment' ? 'failed' : 'removed');
    if (kind !== 'Deployment') return;
    const again = await scene.deploy({ command: 'remove', targets: '', timeout: '4s' });
    expect([again.outcome, again.problems.map(describeProblem)]).toEqual(['failed', told]);
    expect(verdictOf(again.whole)).toMatch(/^❌ No pod template has the filter; the old pod shop-\S+ still runs it$/);
  });

  test.concurrent('another configuration has the same verdict, however often it is deployed', async () => {
    const scene = await Scene.open(cluster);
    const workload = await unready(scene, 'shop', { podAnnotations: { 'sim/behaviour': 'never-ready' } });
    for (const configuration of ['one', 'two', 'three']) {
      const inputs = { targets: targetsOf(workload), configuration, unready: 'deploy', timeout: '4s' };
      const target = onlyTarget(await scene.deploy(inputs));
      expect(target).toMatchObject({
        outcome: 'deployed',
        unready: expect.stringMatching(/^not ready before either: shop-/),
      });
    }
  });

  test.concurrent('what a rollout under way shows only now counts as before', async () => {
    const scene = await Scene.open(cluster);
    const workload = await scene.workload('shop');
    await cluster.api.patch(pathOf(workload), { spec: { template: { metadata: { annotations: BROKEN } } } });
    const report = await scene.deploy({ targets: targetsOf(workload), unready: 'deploy', timeout: '5s' });
    expect(onlyTarget(report)).toMatchObject({
      outcome: 'deployed',
      unready: expect.stringMatching(/ImagePullBackOff/),
    });
  });

  test.concurrent('a new cause is a failure, and its rollback waits for nothing', async () => {
    const scene = await Scene.open(cluster);
    const podAnnotations = { ...BROKEN, 'sim/behaviour-with-filter': 'crash-loop' };
    const workload = await unready(scene, 'shop', { podAnnotations });
    const before = ownPart(await scene.now(workload));
    const report = await scene.deploy({ targets: targetsOf(workload), unready: 'deploy', timeout: '4s' });
    const { outcome, problem, rollback } = onlyTarget(report);
    expect(outcome).toBe('failed');
    expect(problem && describeProblem(problem)).toMatch(
      /not ready before either, but for a different cause \(.*ImagePull/,
    );
    expect(rollback).toMatchObject({ state: 'rolled-back', unready: expect.stringMatching(/ImagePullBackOff/) });
    expect(ownPart(await scene.now(workload))).toEqual(before);
    // A Deployment that is not ready keeps the failed pod, and what it mounts stays with it; both are told.
    const { configMaps, envoyFilters } = await scene.objects();
    expect(report.collected.left).toHaveLength(configMaps.length + envoyFilters.length);
    expect(verdictOf(report.whole)).toMatch(
      /rolled back, but still not ready, as before this run; every pod template is as before$/,
    );
  });
});
