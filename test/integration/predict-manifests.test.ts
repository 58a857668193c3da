import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { describeProblem } from '../../src/base/problem.ts';
import { type ActionRun, makeModule, runAction } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { lines, Site, type Write, writesOf } from './site.ts';

const WORKLOADS = ['w0', 'w1', 'w2'] as const;
const MODULES = { 'one.wasm': makeModule('one'), 'two.wasm': makeModule('two') };

const target = fc.record({
  name: fc.constantFrom(...WORKLOADS),
  /** A configuration of its own. */
  configuration: fc.option(fc.constantFrom('own', 'another'), { nil: undefined, freq: 4 }),
});

const filter = fc.record({
  filter: fc.constantFrom(...Object.keys(MODULES)),
  configuration: fc.constantFrom('', 'a', 'b'),
  order: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined, freq: 3 }),
  direction: fc.constantFrom('inbound', 'inbound', 'any'),
  targets: fc.uniqueArray(target, { minLength: 1, maxLength: 3, selector: ({ name }) => name }),
});

/** Filters by name, in some order of the list. */
const manifest = fc
  .uniqueArray(fc.tuple(fc.constantFrom('auth', 'limits', 'header', 'trace'), filter), {
    minLength: 1,
    maxLength: 4,
    selector: ([name]) => name,
  })
  .map((filters) => filters.map(([name, rest]) => ({ name, ...rest })));
type Filters = typeof manifest extends fc.Arbitrary<infer T> ? T : never;

const start = fc.record({
  /** What the workloads run before; nothing where it is absent. */
  before: fc.option(manifest, { nil: undefined, freq: 4 }),
  wanted: manifest,
  prune: fc.boolean(),
  keepRevisions: fc.integer({ min: 0, max: 1 }),
  settings: fc.constantFrom('roll', 'roll', 'push'),
});

const STATES = fc.sample(start, { numRuns: 16, seed: 14 });

const textOf = (filters: Filters): string =>
  JSON.stringify({
    version: 1,
    filters: filters.map(({ targets, ...rest }) => ({
      ...rest,
      targets: targets.map((one) => ({ kind: 'deployment', ...one })),
    })),
  });

describe('a plan of a manifest is what the deployment does', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster.stop());

  const run = (
    { namespace }: Site,
    command: string,
    filters: Filters,
    inputs: Readonly<Record<string, string>> = {},
  ): Promise<ActionRun> =>
    runAction(
      {
        command,
        manifest: 'filters.yaml',
        namespace,
        kubeconfig: cluster.recorder.kubeconfig(),
        timeout: '30s',
        'keep-revisions': '20',
        ...inputs,
      },
      { files: { ...MODULES, 'filters.yaml': textOf(filters) } },
    );

  test.each(STATES.map((state, at) => [at + 1, state] as const))(
    'from state %i, and the second run writes nothing',
    async (_at, { before, wanted, prune, keepRevisions, settings }) => {
      const site = new Site(cluster, await cluster.namespace());
      for (const name of WORKLOADS) await site.workload(name);
      if (before !== undefined) {
        const { report } = await run(site, 'deploy', before);
        expect(report.problems.map(describeProblem)).toEqual([]);
      }
      const inputs = { prune: String(prune), 'keep-revisions': String(keepRevisions), settings };
      cluster.recorder.reset();
      const plan = await run(site, 'plan', wanted, inputs);
      expect(cluster.recorder.writes).toEqual([]);
      const deploy = await run(site, 'deploy', wanted, inputs);
      const predicted: readonly Write[] = plan.report.plan?.changes ?? [];
      expect(lines(writesOf(cluster.recorder.writes)).sort()).toEqual(lines(predicted).sort());
      expect(deploy.report.problems).toEqual(plan.report.problems);
      expect(deploy.report.targets.flatMap(({ problem }) => problem ?? [])).toEqual([]);
      if (plan.report.outcome === 'failed') return;
      expect(deploy.report.outcome).toBe(predicted.length === 0 ? 'unchanged' : 'deployed');
      cluster.recorder.reset();

      const again = await run(site, 'deploy', wanted, inputs);
      expect(cluster.recorder.writes).toEqual([]);
      expect(again.report.outcome).toBe('unchanged');
    },
  );
});
