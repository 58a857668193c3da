import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../src/base/problem.ts';
import type { Workload } from '../../src/cluster/objects.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { awaitReady, pathOf } from '../harness/workloads.ts';
import { onlyTarget, ownPart, revisionOf, Scene } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

const VOLUME = 'wasm-filter-add-header';
const PATH = '/var/local/lib/wasm-filters/add-header';
const GATEWAY = { direction: 'gateway' };
const probe = (value: string): string =>
  JSON.stringify({ port: 9080, path: '/', expect: { headers: { 'x-test': value } } });

const mountsOf = ({ spec }: Workload): unknown => {
  const { volumes, containers = [] } = spec?.template?.spec ?? {};
  return { volumes, mounts: containers.flatMap(({ volumeMounts = [] }) => volumeMounts) };
};
const mounted = (revision: string): object => ({
  volumes: [{ name: VOLUME, configMap: expect.objectContaining({ name: `add-header-${revision}` }) }],
  mounts: [{ name: VOLUME, mountPath: PATH, readOnly: true }],
});

describe('a filter in a gateway', () => {
  test.concurrent('is mounted by the template, verified, changed, pushed and taken away without a trace', async () => {
    const scene = await Scene.open(cluster);
    const workload = await scene.workload('ingress', { gateway: true, replicas: 2 });
    const before = ownPart(await scene.now(workload));
    const report = await scene.deploy({ ...GATEWAY, probe: probe('1') });
    expect(report.outcome).toBe('deployed');
    expect(onlyTarget(report).verification).toEqual({ level: 'listener', pods: 2, wanted: 2, probed: true });
    const first = revisionOf(onlyTarget(report));
    expect(mountsOf(await scene.now(workload))).toEqual(mounted(first));
    expect(JSON.stringify(await scene.now(workload))).not.toContain('userVolume');

    scene.forget();
    expect((await scene.deploy(GATEWAY)).outcome).toBe('unchanged');
    expect(scene.writes).toEqual([]);

    const second = await scene.deploy({ ...GATEWAY, configuration: 'x-test: 2', probe: probe('2') });
    expect(second.outcome).toBe('deployed');
    expect(mountsOf(await scene.now(workload))).toEqual(mounted(revisionOf(onlyTarget(second))));

    const pushed = await scene.deploy({ ...GATEWAY, configuration: 'x-test: 3', settings: 'push', probe: probe('3') });
    expect(pushed.outcome).toBe('deployed');
    expect(onlyTarget(pushed).steps.template).toBe('unchanged');

    const { status } = await scene.deploy({ command: 'status' });
    expect(status?.workloads.flatMap(({ filters }) => filters.map(({ health, notes }) => [health, notes]))).toEqual([
      ['verified', []],
    ]);
    const removed = await scene.deploy({ command: 'remove' });
    expect(removed.outcome).toBe('removed');
    expect(ownPart(await scene.now(workload))).toEqual(before);
    expect(await scene.objects()).toEqual({ configMaps: [], envoyFilters: [] });
  });

  test.concurrent('keeps what others have there, and goes back to the revision before', async () => {
    const scene = await Scene.open(cluster);
    const workload = await scene.workload('ingress', { gateway: true });
    const [proxy] = workload.spec?.template?.spec?.containers ?? [];
    const volumeMounts = [{ name: 'theirs', mountPath: '/theirs' }];
    const theirs = { volumes: [{ name: 'theirs', emptyDir: {} }], containers: [{ ...proxy, volumeMounts }] };
    await cluster.api.patch(pathOf(workload), { spec: { template: { spec: theirs } } });
    await awaitReady(cluster.api, workload);
    await scene.deploy(GATEWAY);
    const good = ownPart(await scene.now(workload));
    expect(mountsOf(await scene.now(workload))).toMatchObject({
      volumes: [{ name: 'theirs' }, { name: VOLUME }],
      mounts: [{ name: 'theirs' }, { name: VOLUME }],
    });
    const report = await scene.deploy({ ...GATEWAY, configuration: 'x-test: 2', probe: probe('other') });
    expect(report.outcome).toBe('failed');
    expect(onlyTarget(report).rollback?.state).toBe('rolled-back');
    expect(ownPart(await scene.now(workload))).toEqual(good);
  });

  test.concurrent('does not undo what somebody else writes at the same moment', async () => {
    const scene = await Scene.open(cluster);
    const workload = await scene.workload('ingress', { gateway: true });
    const theirs = { spec: { template: { spec: { volumes: [{ name: 'theirs', emptyDir: {} }] } } } };
    let written = false;
    scene.inject(({ method, path }) => {
      if (written || method !== 'PATCH' || !path.startsWith(`${pathOf(workload)}?`)) return undefined;
      written = true;
      return { meanwhile: async () => void (await cluster.api.patch(pathOf(workload), theirs)) };
    });
    expect((await scene.deploy(GATEWAY)).outcome).toBe('deployed');
    expect(mountsOf(await scene.now(workload))).toMatchObject({ volumes: [{ name: 'theirs' }, { name: VOLUME }] });
  });

  test.concurrent('that fails at first leaves nothing behind', async () => {
    const scene = await Scene.open(cluster);
    const workload = await scene.workload('ingress', { gateway: true });
    const before = ownPart(await scene.now(workload));
    const report = await scene.deploy({ ...GATEWAY, probe: probe('other') });
    expect(report.outcome).toBe('failed');
    expect(ownPart(await scene.now(workload))).toEqual(before);
    expect(await scene.objects()).toEqual({ configMaps: [], envoyFilters: [] });
  });

  test.concurrent('whose mount somebody took out is repaired and named', async () => {
    const scene = await Scene.open(cluster);
    const workload = await scene.workload('ingress', { gateway: true });
    const first = revisionOf(onlyTarget(await scene.deploy(GATEWAY)));
    const [proxy] = (await scene.now(workload)).spec?.template?.spec?.containers ?? [];
    const { volumeMounts: _, ...bare } = proxy ?? { name: '' };
    await cluster.api.patch(pathOf(workload), { spec: { template: { spec: { volumes: null, containers: [bare] } } } });
    const report = await scene.deploy(GATEWAY);
    expect(report.outcome).toBe('deployed');
    expect(onlyTarget(report).drift).toEqual(['the mounts in its pod template were edited']);
    expect(mountsOf(await scene.now(workload))).toEqual(mounted(first));
  });

  test.concurrent('is planned with the lists that change', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('ingress', { gateway: true });
    scene.forget();
    const { plan } = await scene.deploy({ ...GATEWAY, command: 'plan' });
    const diff = plan?.changes.find(({ kind }) => kind === 'Deployment')?.diff.join('\n');
    expect(diff).toMatch(/spec\.template\.spec\.volumes:\n[\s\S]*\+- name: wasm-filter-add-header/);
    expect(diff).toMatch(
      /spec\.template\.spec\.containers\[istio-proxy\]\.volumeMounts:\n[\s\S]*\+- name: wasm-filter-add-header/,
    );
    // What else a container has, such as its variables, is nobody's business here.
    expect(diff).not.toContain('image');
    expect(scene.writes.filter(({ path }) => !path.includes('dryRun'))).toEqual([]);
  });
});

describe('a direction that does not fit is refused before the first write', () => {
  test.concurrent.each<[string, boolean, string, RegExp]>([
    [
      'a gateway that shall see what comes in',
      true,
      'inbound',
      /it is a gateway, where "direction: inbound" sees no traffic\. .*"direction: gateway"/,
    ],
    ['a gateway, in any direction', true, 'any', /it is a gateway, where "direction: any" sees no traffic/],
    ['a sidecar', false, 'gateway', /"direction: gateway" is for gateways, and its pod template is not one/],
  ])('%s', async (_case, gateway, direction, words) => {
    const scene = await Scene.open(cluster);
    await scene.workload('ingress', { gateway });
    scene.forget();
    const report = await scene.deploy({ direction });
    expect(report.problems.map(describeProblem)).toEqual([expect.stringMatching(words)]);
    expect(report.problems[0]?.kind).toBe('no-effect');
    expect(scene.writes).toEqual([]);
  });
});
