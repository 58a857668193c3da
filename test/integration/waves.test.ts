import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../src/base/problem.ts';
import type { Workload } from '../../src/cluster/objects.ts';
import { waveName, waveOf } from '../../src/deploy/report/wave-mark.ts';
import type { SeenReport } from '../harness/action.ts';
import { eventually } from '../harness/api.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { awaitReady, type WorkloadOptions } from '../harness/workloads.ts';
import { onlyTarget, ownPart, puts, Scene } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

/** The proxies of such a workload refuse the filter; their pods become ready nevertheless. */
const REFUSES: WorkloadOptions = { podAnnotations: { 'sim/refuses': 'x-test' } };

/** Makes workloads in the order in which they are targets then. */
const makeAll = async (scene: Scene, names: readonly string[], bad: readonly string[] = []): Promise<Workload[]> => {
  const workloads: Workload[] = [];
  for (const name of names) workloads.push(await scene.workload(name, bad.includes(name) ? REFUSES : {}));
  return workloads;
};

/**
 * What was done to workloads, in order: `patch a`, and `proof a` for each look into a proxy of its pods. Looks before the first patch
 * only tell what runs there.
 */
const steps = (scene: Scene): string[] => {
  const all = scene.requests.flatMap(({ method, path, status }) => {
    const patched = method === 'PATCH' && status === 200 ? /\/deployments\/([^/?]+)\?/.exec(path)?.[1] : undefined;
    if (patched !== undefined) return [`patch ${patched}`];
    const looked = /\/pods\/(.+)-[^-]+-[^-]+\/exec\?/.exec(path)?.[1];
    return looked === undefined ? [] : [`proof ${looked}`];
  });
  const first = all.findIndex((step) => step.startsWith('patch '));
  return first < 0 ? [] : all.slice(first);
};
/** Waits for the first look of a soak: at the counters of a pod whose proxy was looked into. A rollout may not be over at that earlier look. */
const soakBegun = (scene: Scene): Promise<unknown> =>
  eventually('the first look of the soak', async () => {
    const proven = scene.execs.flatMap(({ path }) => /\/pods\/([^/]+)\/exec\?/.exec(path)?.[1] ?? []);
    const first = scene.requests.findIndex(({ method, path }) => method === 'PATCH' && path.includes('/deployments/'));
    const since = first < 0 ? [] : scene.requests.slice(first);
    return since.find(({ path }) => proven.some((pod) => path.includes(`/pods/${pod}:15090/`)));
  });
/** The same with every step only once, where it came first. */
const firstSteps = (scene: Scene): string[] => [...new Set(steps(scene))];
const outcomes = ({ targets }: SeenReport): Record<string, string> =>
  Object.fromEntries(targets.map(({ ref, outcome }) => [ref.name, outcome]));
const wavesOf = ({ targets }: SeenReport): string[] =>
  targets.map((target) => {
    const mark = waveOf(target);
    return mark === undefined ? '' : waveName(mark);
  });

describe('a canary', () => {
  test.concurrent('is verified before the others are touched', async () => {
    const scene = await Scene.open(cluster);
    await makeAll(scene, ['a', 'b', 'c', 'd']);
    const report = await scene.deploy({ canary: '1' });
    expect(report.outcome).toBe('deployed');
    expect(wavesOf(report)).toEqual(['1 (canary)', '1', '1', '1']);
    const [first, second, ...rest] = firstSteps(scene);
    expect([first, second]).toEqual(['patch a', 'proof a']);
    expect(rest.toSorted()).toEqual(['b', 'c', 'd'].flatMap((name) => [`patch ${name}`, `proof ${name}`]).toSorted());
  });

  test.concurrent('that fails leaves the others untouched', async () => {
    const scene = await Scene.open(cluster);
    const [canary, ...others] = await makeAll(scene, ['a', 'b', 'c', 'd'], ['a']);
    const before = await Promise.all(others.map((workload) => scene.now(workload)));
    const report = await scene.deploy({ canary: '1' });
    expect(report.outcome).toBe('failed');
    expect(report.changed).toBe(false);
    expect(outcomes(report)).toEqual({ a: 'failed', b: 'untouched', c: 'untouched', d: 'untouched' });
    expect(report.targets[0]?.rollback?.state).toBe('rolled-back');
    expect(new Set(steps(scene))).toEqual(new Set(['patch a', 'proof a']));
    expect(scene.patchesOf(canary as Workload)).toHaveLength(2);
    // Nobody has touched them at all.
    const after = await Promise.all(others.map((workload) => scene.now(workload)));
    expect(after.map(({ metadata }) => metadata.resourceVersion)).toEqual(
      before.map(({ metadata }) => metadata.resourceVersion),
    );
    expect(await scene.objects()).toEqual({ configMaps: [], envoyFilters: [] });
  });

  test.concurrent('may be a share, which is rounded up', async () => {
    const scene = await Scene.open(cluster);
    await makeAll(scene, ['a', 'b', 'c']);
    const report = await scene.deploy({ canary: '34%' });
    expect(wavesOf(report)).toEqual(['1 (canary)', '1 (canary)', '1']);
    const found = firstSteps(scene);
    expect(found.indexOf('patch c')).toBeGreaterThan(Math.max(found.indexOf('proof a'), found.indexOf('proof b')));
  });

  test.concurrent('is chosen among those that change', async () => {
    const scene = await Scene.open(cluster);
    await makeAll(scene, ['a', 'b', 'c']);
    await scene.deploy({ targets: '- deployment/a' });
    scene.forget();
    const report = await scene.deploy({ canary: '1' });
    expect(outcomes(report)).toEqual({ a: 'unchanged', b: 'deployed', c: 'deployed' });
    expect(firstSteps(scene)).toEqual(['patch b', 'proof b', 'patch c', 'proof c']);
  });
});

describe('the order', () => {
  test.concurrent('is that of the waves that targets name, the lowest first', async () => {
    const scene = await Scene.open(cluster);
    await makeAll(scene, ['a', 'b', 'c']);
    const targets = `
      - {kind: Deployment, name: a, wave: 7}
      - {kind: Deployment, name: b}
      - {kind: Deployment, name: c, wave: 3}`;
    const report = await scene.deploy({ targets });
    expect(report.outcome).toBe('deployed');
    expect(firstSteps(scene)).toEqual(['patch b', 'proof b', 'patch c', 'proof c', 'patch a', 'proof a']);
    expect(wavesOf(report)).toEqual(['7', '1', '3']);
  });

  test.concurrent('is one after the other with "max-parallel: 1"', async () => {
    const scene = await Scene.open(cluster);
    await makeAll(scene, ['a', 'b', 'c']);
    const report = await scene.deploy({ 'max-parallel': '1' });
    expect(report.outcome).toBe('deployed');
    expect(firstSteps(scene)).toEqual(['a', 'b', 'c'].flatMap((name) => [`patch ${name}`, `proof ${name}`]));
    // They are one wave all the same.
    expect(wavesOf(report)).toEqual(['', '', '']);
  });

  test.concurrent('are at most five at once where nothing else is said', async () => {
    const scene = await Scene.open(cluster);
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    await makeAll(scene, names);
    const report = await scene.deploy();
    expect(report.outcome).toBe('deployed');
    const taken = firstSteps(scene);
    // The sixth has to wait until one of the first five is verified.
    const before = (count: number): number => taken.slice(0, count).filter((step) => step.startsWith('patch ')).length;
    const firstVerified = taken.findIndex((step) => step.startsWith('proof '));
    expect(before(firstVerified)).toBeLessThanOrEqual(5);
    expect(taken.filter((step) => step.startsWith('patch '))).toHaveLength(names.length);
  });
});

describe('failures', () => {
  test.concurrent('may be as many as "max-failures" says, and still fail the run', async () => {
    const scene = await Scene.open(cluster);
    await makeAll(scene, ['a', 'b', 'c'], ['a']);
    const report = await scene.deploy({ 'max-failures': '1', 'max-parallel': '1' });
    expect(report.outcome).toBe('failed');
    expect(outcomes(report)).toEqual({ a: 'failed', b: 'deployed', c: 'deployed' });
    expect(report.targets[0]?.rollback?.state).toBe('rolled-back');
  });

  test.concurrent('beyond that end the run before the next workload', async () => {
    const scene = await Scene.open(cluster);
    const [, , third] = await makeAll(scene, ['a', 'b', 'c'], ['a', 'b']);
    const report = await scene.deploy({ 'max-failures': '33%', 'max-parallel': '1' });
    expect(outcomes(report)).toEqual({ a: 'failed', b: 'failed', c: 'untouched' });
    expect(scene.patchesOf(third as Workload)).toEqual([]);
  });

  test.concurrent('that are tolerated let the next wave start', async () => {
    const scene = await Scene.open(cluster);
    await makeAll(scene, ['a', 'b', 'c'], ['a']);
    const report = await scene.deploy({ 'max-failures': '1', canary: '1' });
    expect(outcomes(report)).toEqual({ a: 'failed', b: 'deployed', c: 'deployed' });
  });
});

describe('a soak', () => {
  test.concurrent('repeats the verification of each wave before the next', async () => {
    const scene = await Scene.open(cluster);
    await makeAll(scene, ['a', 'b']);
    const report = await scene.deploy({ soak: '1s', canary: '1' });
    expect(report.outcome).toBe('deployed');
    const done = steps(scene);
    expect(done.filter((step) => step === 'proof a').length).toBeGreaterThanOrEqual(2);
    expect(done.lastIndexOf('proof a')).toBeLessThan(done.indexOf('patch b'));
    expect(done.filter((step) => step === 'proof b').length).toBeGreaterThanOrEqual(2);
  });

  test.concurrent('rolls back a workload whose pods do not stay ready', async () => {
    const scene = await Scene.open(cluster);
    const workload = await scene.switched('reviews');
    const before = ownPart(await scene.now(workload));
    const isRollback = puts(workload, null);
    scene.inject((request) => (isRollback(request) ? { meanwhile: () => scene.turn('well') } : undefined));
    // The soak ends with the first sign; its length is only for the controller, which may be slow to count.
    const running = scene.deploy({ soak: '45s' });
    await soakBegun(scene);
    await scene.turn('unready');
    for (const { metadata } of await scene.pods()) {
      if (metadata.labels?.['deploy-wasm-filter/add-header'] === undefined) continue;
      await cluster.api.delete(`/api/v1/namespaces/${scene.namespace}/pods/${metadata.name}`);
    }
    const report = await running;
    const { outcome, problem, rollback, verification } = onlyTarget(report);
    expect(outcome).toBe('failed');
    expect(problem && describeProblem(problem)).toMatch(/no longer ready/);
    expect(verification).toBeUndefined();
    expect(rollback?.state).toBe('rolled-back');
    expect(ownPart(await awaitReady(cluster.api, workload))).toEqual(before);
  });

  test.concurrent('that is cancelled ends at once and rolls nothing back', async () => {
    const scene = await Scene.open(cluster);
    const [first] = await makeAll(scene, ['a', 'b']);
    const controller = new AbortController();
    const running = scene.deploy({ soak: '10m', canary: '1' }, { cancelled: controller.signal });
    await soakBegun(scene);
    controller.abort();
    const report = await running;
    expect(report.cancelled).toBe(true);
    expect(report.outcome).toBe('failed');
    expect(report.targets.map(({ rollback }) => rollback)).toEqual([undefined, undefined]);
    expect(outcomes(report).b).toBe('untouched');
    const labels = (await scene.now(first as Workload)).spec?.template?.metadata?.labels;
    expect(labels).toHaveProperty('deploy-wasm-filter/add-header');
  });

  test.concurrent('of the last wave that is cancelled does not pass for a whole one', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload();
    const controller = new AbortController();
    const running = scene.deploy({ soak: '10m' }, { cancelled: controller.signal });
    await soakBegun(scene);
    controller.abort();
    const report = await running;
    expect(report.cancelled).toBe(true);
    expect(report.outcome).toBe('failed');
    expect(onlyTarget(report).problem?.message).toMatch(/cancelled/);
    expect(onlyTarget(report).rollback).toBeUndefined();
  });
});

describe('workloads without pods', () => {
  const names = Array.from({ length: 20 }, (_, index) => `w${index}`);
  const make = async (scene: Scene): Promise<void> => {
    for (const name of names) await scene.workload(name, { replicas: 0 });
  };
  const patches = (scene: Scene): number =>
    scene.requests.filter(({ method, path }) => method === 'PATCH' && path.includes('/deployments/')).length;

  test.concurrent('need no room, so they do not wait for each other', async () => {
    const scene = await Scene.open(cluster);
    await make(scene);
    // The first of them is never seen to be rolled out, and all others are written meanwhile.
    scene.inject(({ path }) => (path.includes('watch=') ? { answer: { status: 410 } } : undefined));
    const report = await scene.deploy({ timeout: '1s' });
    expect(patches(scene)).toBeGreaterThanOrEqual(names.length);
    expect(report.targets).toHaveLength(names.length);
  });

  test.concurrent('are not written any more once one has failed', async () => {
    const scene = await Scene.open(cluster);
    await make(scene);
    const refusal = { kind: 'Status', status: 'Failure', reason: 'Invalid', code: 422, message: 'no' };
    scene.inject(({ method, path }) =>
      method === 'PATCH' && path.includes('/deployments/') && !path.includes('dryRun')
        ? { answer: { status: 422, body: JSON.stringify(refusal) } }
        : undefined,
    );
    const report = await scene.deploy();
    expect(report.outcome).toBe('failed');
    expect(patches(scene)).toBeLessThan(names.length);
    expect(Object.values(outcomes(report)).filter((outcome) => outcome === 'untouched')).not.toEqual([]);
  });
});
