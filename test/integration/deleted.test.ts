import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { outputsOf } from '../../src/action/outputs/outputs.ts';
import { renderSummary } from '../../src/action/summary/summary.ts';
import { describeProblem } from '../../src/base/problem.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { pathOf } from '../harness/workloads.ts';
import { onlyTarget, puts, Scene } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

/** At which patch of the workload others delete it, before or after that. */
test.concurrent.each([
  ['between the plan and its patch', 'change', 'before', /was deleted after this run read it/],
  ['while its pods start', 'change', 'after', /was deleted while this run waited for it/],
  ['before it is rolled back', 'rollback', 'before', /was deleted after this run read it/],
] as const)('a workload that is deleted %s', async (_, of, when, said) => {
  const scene = await Scene.open(cluster);
  const workload = await scene.workload('reviews', {
    podAnnotations: { 'sim/behaviour-with-filter': of === 'change' ? 'proxy-not-ready' : 'crash-loop' },
  });
  const remove = (): Promise<void> => cluster.api.delete(pathOf(workload));
  const isPatch = ({ method, path }: { method: string; path: string }): boolean =>
    method === 'PATCH' && path.startsWith(`${pathOf(workload)}?`);
  const isRollback = puts(workload, null);
  let isDeleted = false;
  scene.inject((request) => {
    if (isDeleted || when === 'after' || !isPatch(request) || isRollback(request) !== (of === 'rollback')) return;
    isDeleted = true;
    return { meanwhile: remove };
  });
  const run = scene.deploy({ timeout: '8s' });
  if (when === 'after') await scene.seen('its patch', isPatch).then(remove);
  const report = await run;
  const summary = renderSummary(report.whole);
  const { phase, problem, rollback, pods } = onlyTarget(report);
  expect(phase).toBe('deleted');
  expect([problem, rollback?.problem]).toContainEqual(
    expect.objectContaining({ kind: 'deleted', message: expect.stringMatching(said) }),
  );
  expect(pods.ready).toBe(0);
  expect(outputsOf(report.whole).revision).toBe('');
  expect(summary).toContain('deleted by another client during the run');
  expect(summary).not.toMatch(/modified by another client|not touched|as before/);
});

test('a namespace that is being deleted is told before the first write, with every target in it', async () => {
  const scene = await Scene.open(cluster);
  const namespace = `/api/v1/namespaces/${scene.namespace}`;
  const last = { metadata: { name: 'last', finalizers: ['example.com/stays'] } };
  await cluster.api.create(`${namespace}/configmaps`, last);
  await cluster.api.delete(namespace);
  try {
    scene.forget();
    const report = await scene.deploy({ targets: '- deployment/reviews\n- {selector: app=reviews}' });
    const said = expect.stringMatching(
      /: the namespace "\S+" is being deleted, so nothing can be created in it\. Wait/,
    );
    expect(report.problems.map(describeProblem)).toEqual([said, said]);
    expect(scene.writes).toEqual([]);
  } finally {
    await cluster.api.patch(`${namespace}/configmaps/last`, { metadata: { finalizers: null } });
  }
});
