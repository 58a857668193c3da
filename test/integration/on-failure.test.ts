import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../src/base/problem.ts';
import { warningTexts } from '../../src/base/warning.ts';
import type { Workload } from '../../src/cluster/objects.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { pathOf } from '../harness/workloads.ts';
import { onlyTarget, ownPart, puts, REVISION_LABEL, revisionOf, Scene } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

const STATE = 'deploy-wasm-filter/state';
/** The proxies of such a workload refuse the filter when it has this configuration; their pods become ready nevertheless. */
const REFUSES = { 'sim/refuses': 'bad' };
const labelsOf = ({ spec }: Workload): object => spec?.template?.metadata?.labels ?? {};

describe('what is told to happen on a failure', () => {
  test.concurrent('keep: the failed revision stays, with its objects', async () => {
    const scene = await Scene.open(cluster);
    const workload = await scene.workload('reviews', { podAnnotations: REFUSES });
    const report = await scene.deploy({ configuration: 'bad', 'on-failure': 'keep' });
    const { outcome, rollback } = onlyTarget(report);
    expect(outcome).toBe('failed');
    expect(report.changed).toBe(true);
    expect(rollback).toBeUndefined();
    expect(labelsOf(await scene.now(workload))).toMatchObject({ [REVISION_LABEL]: revisionOf(onlyTarget(report)) });
    expect((await scene.objects()).configMaps).toHaveLength(1);
    // The next run looks again, and does not call it unchanged.
    expect(onlyTarget(await scene.deploy({ configuration: 'bad', 'on-failure': 'keep' })).outcome).toBe('failed');
  });

  test.concurrent('rollback: the one that failed goes back, the other stays', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('good');
    const bad = await scene.workload('bad', { podAnnotations: REFUSES });
    const before = ownPart(await scene.now(bad));
    const { targets } = await scene.deploy({ configuration: 'bad' });
    expect(targets.map(({ outcome, rollback }) => [outcome, rollback?.state])).toEqual([
      ['deployed', undefined],
      ['failed', 'rolled-back'],
    ]);
    expect(ownPart(await scene.now(bad))).toEqual(before);
    expect((await scene.objects()).configMaps).toHaveLength(1);
  });

  test.concurrent('rollback-all: the one that was well goes back, too', async () => {
    const scene = await Scene.open(cluster);
    const good = await scene.workload('good');
    const bad = await scene.workload('bad', { podAnnotations: REFUSES });
    const first = await scene.deploy({ configuration: 'well' });
    const [revision] = first.targets.map(revisionOf);
    const before = await Promise.all([good, bad].map(async (one) => ownPart(await scene.now(one))));
    const report = await scene.deploy({ configuration: 'bad', 'on-failure': 'rollback-all' });
    expect(report.outcome).toBe('failed');
    expect(report.changed).toBe(false);
    expect(report.targets.map(({ outcome, rollback }) => [outcome, rollback?.state, rollback?.to])).toEqual([
      ['rolled-back', 'rolled-back', { 'add-header': revision }],
      ['failed', 'rolled-back', { 'add-header': revision }],
    ]);
    expect(await Promise.all([good, bad].map(async (one) => ownPart(await scene.now(one))))).toEqual(before);
    expect((await scene.objects()).envoyFilters).toEqual([`add-header-${revision}`]);
  });
});

describe('a rollback that is barred', () => {
  test.concurrent('by an API server that fails: both errors are told', async () => {
    const scene = await Scene.open(cluster);
    const workload = await scene.workload('reviews', { podAnnotations: REFUSES });
    const isRollback = puts(workload, null);
    const body = JSON.stringify({ kind: 'Status', code: 500, reason: 'InternalError', message: 'etcd is full' });
    scene.inject((request) => (isRollback(request) ? { answer: { status: 500, body } } : undefined));
    const report = await scene.deploy({ configuration: 'bad' });
    const { outcome, problem, rollback } = onlyTarget(report);
    expect(outcome).toBe('failed');
    expect(report.changed).toBe(true);
    expect(problem && describeProblem(problem)).toMatch(/rejects the filter/);
    expect(rollback?.state).toBe('failed');
    expect(rollback?.problem && describeProblem(rollback.problem)).toMatch(
      /could not be rolled back: .*etcd is full.*Re-run: the next run finds out whether the pod template is rolled back/,
    );
    // Its pods still need them.
    expect((await scene.objects()).configMaps).toHaveLength(1);
  });

  test.concurrent.each(['GET', 'PATCH'])(
    'by a newer run, which comes before the %s: it is left alone',
    async (verb) => {
      const scene = await Scene.open(cluster);
      const workload = await scene.workload('reviews', { podAnnotations: REFUSES });
      const newer = {
        metadata: { annotations: { [STATE]: '{"add-header":{"revision":"0123456789","run":"newer"}}' } },
        spec: { template: { metadata: { labels: { [REVISION_LABEL]: '0123456789' } } } },
      };
      const isRollback = puts(workload, null);
      let left = 1;
      scene.inject((request) => {
        const { method, path } = request;
        const fits = method === 'GET' ? path === pathOf(workload) && scene.execs.length > 0 : isRollback(request);
        if (method !== verb || !fits || left-- < 1) return undefined;
        return {
          meanwhile: async () => {
            await cluster.api.patch(pathOf(workload), newer, 'deploy-wasm-filter');
          },
        };
      });
      const report = await scene.deploy({ configuration: 'bad' });
      const { outcome, rollback, newer: found } = onlyTarget(report);
      expect([report.outcome, outcome, rollback]).toEqual(['superseded', 'superseded', undefined]);
      expect(found).toEqual({ filter: 'add-header', revision: '0123456789', run: 'newer' });
      // Once it has failed for itself, that is told all the same.
      expect(
        warningTexts(report.warnings).filter((warning) =>
          /Its revision failed before another run replaced it: .*rejects the filter/.test(warning),
        ),
      ).toHaveLength(verb === 'PATCH' ? 1 : 0);
      expect(await scene.now(workload)).toMatchObject(newer);
      expect(scene.writes.filter(isRollback)).toEqual([]);
    },
  );
});
