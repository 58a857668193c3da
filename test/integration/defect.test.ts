import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { Site, type Template } from './site.ts';

describe('an error that nobody expected, in the middle of a run', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster.stop());

  /** Two workloads, and what they have before. */
  const open = async (): Promise<{ site: Site; templates: () => Promise<Template[]> }> => {
    const site = new Site(cluster, await cluster.namespace());
    const workloads = [await site.workload('a'), await site.workload('b')];
    return { site, templates: () => Promise.all(workloads.map((workload) => site.template(workload))) };
  };

  test('while a workload is followed: it goes back as any other that fails, and the others go on', async () => {
    const { site, templates } = await open();
    const before = await templates();
    let armed = false;
    let broken = 0;
    const { report } = await site.run(
      'deploy',
      ['a', 'b'],
      { 'max-parallel': '1', 'max-failures': '1' },
      {
        onLog: (line) => {
          armed ||= line.includes('a patched');
        },
        now: () => {
          if (armed && broken++ === 0) throw new TypeError('the clock is undefined');
          return performance.now();
        },
      },
    );
    expect(broken).toBeGreaterThan(0);
    expect(report.outcome).toBe('failed');
    expect(report.targets.map(({ outcome, rollback, problem }) => [outcome, rollback?.state, problem?.kind])).toEqual([
      ['failed', 'rolled-back', 'internal'],
      ['deployed', undefined, undefined],
    ]);
    expect(report.targets[0]?.problem?.message).toBe('Unexpected error: the clock is undefined.');
    const [a, b] = await templates();
    expect(a).toEqual(before[0]);
    expect(b).not.toEqual(before[1]);
  });

  test('after all of them: what they came to is told all the same', async () => {
    const { site } = await open();
    const { report } = await site.run(
      'deploy',
      ['a', 'b'],
      {},
      {
        onLog: (line) => {
          if (line.startsWith('2/2')) throw new TypeError('the line is undefined');
        },
      },
    );
    expect(report.outcome).toBe('failed');
    expect(report.changed).toBe(true);
    expect(report.targets.map(({ outcome }) => outcome)).toEqual(['deployed', 'deployed']);
    expect(report.problems.map(({ kind, message }) => [kind, message])).toEqual([
      ['internal', 'Unexpected error: the line is undefined.'],
    ]);
    const next = await site.run('deploy', ['a', 'b']);
    expect(next.report.outcome).toBe('unchanged');
  });
});
