import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadAll } from 'js-yaml';
import { renderSummary } from '../../src/action/summary/summary.ts';
import { grant } from '../harness/api.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { type PermissionFile, type Rule, rulesOf, without } from '../harness/permission-files.ts';
import { onlyTarget, Scene } from './scene.ts';

// Each command as a user who may do just what a file of docs/permissions says.

const IMAGE = 'oci://registry.example/filters/add-header:v1';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

/** What a run says that it lacks or could not do, and what the Role that it offers has beside that of the files: nothing of either. */
const complaints = (report: Awaited<ReturnType<Scene['deploy']>>, ...files: readonly PermissionFile[]): unknown => ({
  problems: report.problems.map(({ message }) => message),
  warnings: report.warnings.map(({ text }) => text).filter((text) => !/^The inputs? |still has the filter/.test(text)),
  offered: (report.permissions ?? [])
    .filter(({ verb, resource }) => !granted(...files).includes(`${verb} ${resource}`))
    .map(({ verb, resource }) => `${verb} ${resource}`),
});
const NONE = { problems: [], warnings: [], offered: [] };

/** What the Roles of files grant, as words. */
const granted = (...files: readonly PermissionFile[]): string[] =>
  rulesOf(...files).flatMap(({ resources, verbs }) =>
    resources.flatMap((one) => verbs.map((verb) => `${verb} ${one}`)),
  );

async function open(...files: readonly PermissionFile[]): Promise<{ scene: Scene; kubeconfig: string }> {
  const scene = await Scene.open(cluster);
  return { scene, kubeconfig: await scene.user(...rulesOf(...files)) };
}

describe('deploy.yaml', () => {
  test('is enough to deploy, verify in every proxy with a probe, replace, and remove', async () => {
    const { scene, kubeconfig } = await open('deploy');
    await scene.workload('reviews', { replicas: 2 });
    await scene.workload('ratings', { kind: 'StatefulSet' });
    const probe = '{ path: /, port: 9080, expect: { status: 200 } }';
    const report = await scene.deploy({ kubeconfig, probe, verify: 'required', 'max-parallel': '100%' });
    expect(complaints(report, 'deploy')).toEqual(NONE);
    expect(report.targets.map(({ outcome, verification }) => [outcome, verification?.level])).toEqual([
      ['deployed', 'listener'],
      ['deployed', 'listener'],
    ]);
    for (const command of ['plan', 'status']) {
      const { outcome, ...rest } = await scene.deploy({ kubeconfig, command, configuration: 'two' });
      expect([outcome, complaints({ outcome, ...rest }, 'deploy')]).toEqual([
        command === 'plan' ? 'planned' : 'reported',
        NONE,
      ]);
    }
    expect(await scene.deploy({ kubeconfig, configuration: 'two', 'keep-revisions': '0' })).toMatchObject({
      outcome: 'deployed',
      problems: [],
      warnings: [],
    });
    // A filter may have come by an image before, so a removal offers what that takes, too.
    expect(complaints(await scene.deploy({ kubeconfig, command: 'remove' }), 'deploy', 'image')).toEqual(NONE);
    expect(await scene.objects()).toEqual({ configMaps: [], envoyFilters: [] });
  });
});

describe('deploy.yaml, when pods crash', () => {
  test.each(['Deployment', 'StatefulSet'] as const)('is enough to say why, and to roll back a %s', async (kind) => {
    const { scene, kubeconfig } = await open('deploy');
    await scene.workload('reviews', { kind, podAnnotations: { 'sim/behaviour-with-filter': 'crash-loop' } });
    const report = await scene.deploy({ kubeconfig, timeout: '15s' });
    expect(onlyTarget(report)).toMatchObject({ outcome: 'failed', rollback: { state: 'rolled-back' } });
    expect(onlyTarget(report).diagnosis?.join('\n')).toContain('keeps crashing');
    expect(await scene.objects()).toEqual({ configMaps: [], envoyFilters: [] });
  });
});

describe('plan.yaml', () => {
  test('is enough for status, and for a plan that asks for no permission to write', async () => {
    const { scene, kubeconfig } = await open('plan');
    await scene.workload('reviews');
    await scene.deploy();
    scene.forget();
    expect(complaints(await scene.deploy({ kubeconfig, command: 'status' }), 'plan')).toEqual(NONE);
    const plan = await scene.deploy({ kubeconfig, command: 'plan', configuration: 'two' });
    expect(plan.outcome).toBe('planned');
    expect(plan).toMatchObject({
      problems: [],
      plan: {
        missingPermissions: [],
        uncheckedPermissions: expect.arrayContaining([expect.objectContaining({ verb: 'patch' })]),
      },
    });
    expect(plan.permissions).not.toEqual([]);
    expect(scene.writes).toEqual([]);
    const verbs = rulesOf('plan').flatMap(({ verbs, resources }) => (resources.join() === 'pods/exec' ? [] : verbs));
    expect([...new Set(verbs)].sort()).toEqual(['get', 'list', 'watch']);
  });
});

interface RbacObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
  readonly subjects?: readonly { readonly name: string }[];
}

/** The objects that the page of a run offers. */
const offeredBy = ({ whole }: Awaited<ReturnType<Scene['deploy']>>): readonly RbacObject[] =>
  loadAll(/^```yaml\n(apiVersion: rbac.*?)^```$/ms.exec(renderSummary(whole))?.[1] ?? '') as RbacObject[];
const verbsOf = (objects: readonly RbacObject[]): string[] =>
  [...new Set(objects.flatMap(({ rules = [] }) => rules.flatMap(({ verbs }) => verbs)))].sort();

/** A user of two namespaces with what a file says, in the second without one resource. */
async function openTwo(
  file: PermissionFile,
): Promise<{ first: Scene; second: Scene; user: string; kubeconfig: string }> {
  const [first, second] = [await Scene.open(cluster), await Scene.open(cluster)];
  const user = `${first.namespace}-both`;
  await grant(cluster.api, first.namespace, user, rulesOf(file));
  await grant(cluster.api, second.namespace, user, without('configmaps', rulesOf(file)));
  await first.workload('reviews');
  await second.workload('ratings');
  return { first, second, user, kubeconfig: cluster.recorder.kubeconfig(user) };
}
const both = (first: Scene, second: Scene): string =>
  `- ${first.namespace}/deployment/reviews\n- ${second.namespace}/deployment/ratings`;

describe('an account that lacks something in one of two namespaces', () => {
  test.each(['plan', 'status'] as const)('that only reads gets nothing to write from %s', async (command) => {
    const { first, second, user, kubeconfig } = await openTwo('plan');
    const report = await first.deploy({ kubeconfig, command, targets: both(first, second) });
    expect(report.problems.map(({ message }) => message)).toEqual([
      `The kubeconfig user cannot list configmaps in namespace "${second.namespace}".`,
    ]);
    const objects = offeredBy(report);
    const name = `deploy-wasm-filter-${command}:${user}`;
    expect(objects.map(({ kind, metadata }) => [kind, metadata.name, metadata.namespace])).toEqual([
      ['Role', name, second.namespace],
      ['RoleBinding', name, second.namespace],
    ]);
    expect(objects.flatMap(({ subjects = [] }) => subjects.map((subject) => subject.name))).toEqual([user]);
    expect(verbsOf(objects)).toEqual(['get', 'list', 'watch'].filter((verb) => command === 'plan' || verb !== 'watch'));
    expect(new Set((report.permissions ?? []).map(({ verb }) => verb))).not.toContain('patch');
    expect(renderSummary(report.whole)).not.toContain('"deploy" would stop');
  });

  test('that may write gets what it lacks from a plan, and only there', async () => {
    const { first, second, user, kubeconfig } = await openTwo('deploy');
    const report = await first.deploy({ kubeconfig, command: 'plan', targets: both(first, second) });
    const objects = offeredBy(report);
    expect(objects.map(({ metadata }) => [metadata.name, metadata.namespace])).toEqual(
      Array(2).fill([`deploy-wasm-filter:${user}`, second.namespace]),
    );
    expect(verbsOf(objects)).toContain('patch');
    expect(renderSummary(report.whole)).toContain('"deploy" would stop for the same reason.');
  });

  test('may have nothing to change: its plan offers nothing to write either', async () => {
    const { scene, kubeconfig } = await open('plan');
    await scene.workload('reviews');
    await scene.deploy();
    const blind = await scene.user(...without('statefulsets', rulesOf('plan')));
    const targets = '- deployment/reviews';
    expect((await scene.deploy({ kubeconfig, command: 'plan', targets })).problems).toEqual([]);
    const report = await scene.deploy({ kubeconfig: blind, command: 'plan', targets });
    expect(verbsOf(offeredBy(report)).filter((verb) => !['get', 'list', 'watch'].includes(verb))).toEqual([]);
  });

  test('may not list namespaces to choose from: nothing to write is offered for those that nobody knows', async () => {
    const { scene, kubeconfig } = await open('plan');
    const targets = '- { namespace-selector: team=shop, name: "front-*" }';
    const report = await scene.deploy({ kubeconfig, command: 'plan', targets });
    const objects = offeredBy(report);
    expect(objects.map(({ metadata }) => metadata.namespace)).toEqual([undefined, undefined, 'NAMESPACE', 'NAMESPACE']);
    expect(verbsOf(objects)).toEqual(['get', 'list', 'watch']);
  });
});

describe('a namespace that is not there', () => {
  test.each([
    ['plan', 'plan'],
    ['deploy', 'deploy'],
    ['status', 'plan'],
    ['remove', 'remove'],
  ] as const)('is doubted by %s before a Role is offered', async (command, file) => {
    const { scene, kubeconfig } = await open(file);
    await scene.workload('reviews');
    const mistyped = `${scene.namespace}x`;
    const targets = `- deployment/reviews\n- ${mistyped}/deployment/reviews`;
    const report = await scene.deploy({ kubeconfig, command, targets });
    const page = renderSummary(report.whole);
    expect(page).toMatch(/\*\*What to do:\*\* Does namespace .+ exist\?.+ Apply the Role below\./);
    expect(page).toContain(`<code>kubectl get namespace ${mistyped}</code>`);
    expect(report.problems.flatMap(({ permissionDoubt }) => permissionDoubt ?? [])[0]).toContain(
      `Did you mean "${scene.namespace}"?`,
    );
  });

  test('may be the default one, which nobody has named', async () => {
    const { scene, kubeconfig } = await open('deploy');
    await scene.workload('reviews');
    const report = await scene.deploy({ kubeconfig, targets: '- default/deployment/reviews' });
    expect(report.problems[0]?.remedy).toMatch(/^Does namespace "default" exist\? .+ names none,/);
  });
});

describe('remove.yaml', () => {
  test('is enough to remove from one workload and from all, and to sweep, but not to deploy', async () => {
    const { scene, kubeconfig } = await open('remove');
    await scene.workload('reviews');
    await scene.workload('ratings', { kind: 'StatefulSet' });
    await scene.deploy();
    const one = await scene.deploy({ kubeconfig, command: 'remove', targets: '- deployment/reviews' });
    expect([one.outcome, complaints(one, 'remove')]).toEqual(['removed', NONE]);
    const all = await scene.deploy({ kubeconfig, command: 'remove', targets: '' });
    expect([all.outcome, complaints(all, 'remove')]).toEqual(['removed', NONE]);
    expect(await scene.objects()).toEqual({ configMaps: [], envoyFilters: [] });
    const sweep = await scene.deploy({ kubeconfig, command: 'sweep', filter: '', name: '', targets: '' });
    expect(complaints(sweep, 'remove')).toEqual(NONE);
    scene.forget();
    expect((await scene.deploy({ kubeconfig })).problems.map(({ kind }) => kind)).toContain('permission');
    expect(scene.writes).toEqual([]);
  });
});

describe('image.yaml and gateway.yaml', () => {
  test('are what deploy.yaml lacks for an image', async () => {
    const { scene, kubeconfig } = await open('deploy', 'image');
    await scene.workload('reviews');
    const inputs = { kubeconfig, filter: IMAGE, delivery: 'image', configuration: '{}', verify: 'required' };
    const report = await scene.deploy(inputs);
    expect(complaints(report, 'deploy', 'image')).toEqual(NONE);
    expect(onlyTarget(report)).toMatchObject({ outcome: 'deployed', verification: { level: 'listener' } });
    const removed = await scene.deploy({ ...inputs, command: 'remove', filter: '', name: 'add-header' });
    expect(complaints(removed, 'deploy', 'image')).toEqual(NONE);
    const without = await scene.user(...rulesOf('deploy'));
    const denied = await scene.deploy({ ...inputs, kubeconfig: without });
    expect(denied.problems.map(({ kind }) => kind)).toContain('permission');
  });

  test('are what it lacks for a Gateway', async () => {
    const { scene, kubeconfig } = await open('deploy', 'image', 'gateway');
    await scene.gateway('web');
    const inputs = { kubeconfig, filter: IMAGE, configuration: '{}', targets: '- gateway/web', verify: 'required' };
    const report = await scene.deploy(inputs);
    expect(complaints(report, 'deploy', 'image', 'gateway')).toEqual(NONE);
    expect(onlyTarget(report)).toMatchObject({ outcome: 'deployed', verification: { level: 'listener' } });
    const removal = await scene.user(...rulesOf('remove'));
    const removed = await scene.deploy({ ...inputs, kubeconfig: removal, command: 'remove' });
    expect([removed.outcome, complaints(removed, 'remove')]).toEqual(['removed', NONE]);
  });
});

describe('the files', () => {
  test('grant nothing that another file is for', () => {
    const deploy = granted('deploy');
    const extra = granted('remove').filter(
      (one) => !deploy.includes(one) && !/^(create|patch|delete) (wasmplugins|trafficextensions)$|gateways/.test(one),
    );
    expect(extra).toEqual([]);
    expect([...granted('image'), ...granted('gateway')].filter((one) => deploy.includes(one))).toEqual([]);
  });
});
