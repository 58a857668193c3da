import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeProblem } from '../../src/base/problem.ts';
import { warningTexts } from '../../src/base/warning.ts';
import type { KubernetesObject } from '../../src/cluster/objects.ts';
import { resourcePath } from '../../src/cluster/resources.ts';
import { USER_VOLUME_ANNOTATION } from '../../src/mesh/identity/names.ts';
import { revisionOn } from '../../src/mesh/template/template.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { WORKLOADS } from '../harness/kinds.ts';
import { awaitReady, makeWorkload, pathOf } from '../harness/workloads.ts';
import { onlyTarget, puts, REVISION_LABEL, revisionOf, Scene } from './scene.ts';
import { Site } from './site.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

test.concurrent('an owner that puts the pod template back is named, before and after', async () => {
  const scene = await Scene.open(cluster);
  const { api } = cluster;
  const made = { metadata: { name: 'hello-00001' } };
  const owner = await api.create(`/api/v1/namespaces/${scene.namespace}/configmaps`, made as KubernetesObject);
  const workload = makeWorkload(scene.namespace, 'hello', { podAnnotations: { 'sim/ready-after-ms': '3000' } });
  const ownerReferences = [
    { apiVersion: 'v1', kind: 'ConfigMap', name: 'hello-00001', uid: owner.metadata.uid, controller: true },
  ];
  await api.create(resourcePath(WORKLOADS.Deployment, scene.namespace), {
    ...workload,
    metadata: { ...workload.metadata, ownerReferences },
  } as never);
  await awaitReady(api, workload);
  const run = scene.deploy({ targets: '- deployment/hello' });
  const { body = '' } = await scene.seen('the patch', ({ method, path, status }) => {
    return method === 'PATCH' && path.startsWith(`${pathOf(workload)}?`) && status === 200;
  });
  expect(body).toContain(REVISION_LABEL);
  await api.patch(pathOf(workload), {
    spec: { template: { metadata: { labels: { [REVISION_LABEL]: null, rolledBack: 'yes' } } } },
  });
  const report = await run;
  expect(warningTexts(report.warnings).join('\n')).toMatch(
    /belongs to ConfigMap hello-00001.*may put the pod template back/,
  );
  const { outcome, problem, rollback } = onlyTarget(report);
  expect(outcome).toBe('failed');
  expect(rollback).toBeUndefined();
  const text = problem && describeProblem(problem);
  expect(text).toMatch(
    /its pod template was put back by the field manager "tester" \(its owner is ConfigMap hello-00001, whose controller may have done it\) while this run waited/,
  );
  expect(text).toMatch(/into the template that ConfigMap hello-00001 has/);
  expect(text).not.toContain('concurrency');
  expect(scene.writes.filter(puts(workload, revisionOf(onlyTarget(report))))).toHaveLength(1);
  const { status } = (await new Site(cluster, scene.namespace).run('status', '')).report;
  expect(status?.workloads.flatMap(({ filters }) => filters)).toEqual([
    expect.objectContaining({ changed: true, owner: 'ConfigMap hello-00001' }),
  ]);
});

test.concurrent('who rolls back by hand is named, and no run that did nothing: the state of then comes back, too', async () => {
  const scene = await Scene.open(cluster);
  const workload = await scene.workload('reviews', { podAnnotations: { 'sim/ready-after-ms': '2000' } });
  const first = revisionOf(onlyTarget(await scene.deploy({ configuration: 'x-test: 1' })));
  const { metadata, spec } = await scene.now(workload);
  scene.forget();
  const running = scene.run({ configuration: 'x-test: 2' });
  await scene.seen('the patch', ({ method, path, status }) => {
    return method === 'PATCH' && path.startsWith(`${pathOf(workload)}?`) && status === 200;
  });
  const { labels, annotations } = spec?.template?.metadata ?? {};
  await cluster.api.patch(
    pathOf(workload),
    { metadata: { annotations: metadata.annotations }, spec: { template: { metadata: { labels, annotations } } } },
    'kubectl-rollout',
  );
  const { report, log } = await running;
  expect(onlyTarget(report)).toMatchObject({
    outcome: 'failed',
    phase: 'overwritten',
    problem: {
      message: expect.stringContaining('its pod template was put back by the field manager "kubectl-rollout"'),
      remedy: expect.stringContaining('by hand'),
    },
  });
  expect(log.join('\n')).not.toMatch(/run \d+|another run|takes the workload over/);
  expect(revisionOn(await scene.now(workload), 'add-header')).toBe(first);
});

test.concurrent('who takes the mount alone out of the template is named, and the workload is rolled back', async () => {
  const scene = await Scene.open(cluster);
  const { api } = cluster;
  const volumes = { [USER_VOLUME_ANNOTATION]: '[{"name":"theirs","emptyDir":{}}]' };
  const made = makeWorkload(scene.namespace, 'reviews', {
    podAnnotations: { ...volumes, 'sim/ready-after-ms': '3000' },
  });
  const tracked = { 'argocd.argoproj.io/tracking-id': `shop:apps/Deployment:${scene.namespace}/reviews` };
  const workload = { ...made, metadata: { ...made.metadata, annotations: tracked } };
  await api.apply(pathOf(workload), workload, 'argocd-controller');
  await awaitReady(api, workload);
  const run = scene.deploy({ targets: '- deployment/reviews' });
  await scene.seen('the patch', ({ method, path, status }) => {
    return method === 'PATCH' && path.startsWith(`${pathOf(workload)}?`) && status === 200;
  });
  await api.apply(pathOf(workload), workload, 'argocd-controller');
  const report = await run;
  expect(warningTexts(report.warnings).join('\n')).toMatch(
    /so the next sync, at once with self-heal, puts its own value back/,
  );
  const { outcome, problem, rollback } = onlyTarget(report);
  expect(outcome).toBe('failed');
  expect(rollback).toBeDefined();
  expect(problem && describeProblem(problem)).toMatch(
    /cannot become ready: the mount of the filter "add-header" was taken out of its pod template by Argo CD, application shop \(field manager "argocd-controller"\)/,
  );
  expect(problem?.remedy).toMatch(/into Git, where Argo CD takes them from/);
  const { labels = {}, annotations = {} } = (await scene.now(workload)).spec?.template?.metadata ?? {};
  expect(labels).not.toHaveProperty([REVISION_LABEL]);
  expect(annotations[USER_VOLUME_ANNOTATION]).toBe(volumes[USER_VOLUME_ANNOTATION]);
});
