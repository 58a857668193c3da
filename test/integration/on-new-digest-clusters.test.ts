import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { outputsOf } from '../../src/action/outputs/outputs.ts';
import { verdictOf } from '../../src/action/verdict/verdict.ts';
import { describeProblem } from '../../src/base/problem.ts';
import { runProblems } from '../../src/deploy/report/report.ts';
import { type ActionInputs, makeModule } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { type EmbeddedRegistry, startEmbeddedRegistry } from '../harness/registry/embedded.ts';
import { digestOf, image, layerOf, store } from '../harness/registry/images.ts';
import { type Named, outcomesIn, Twins } from './twins.ts';

let clusters: Named;
let registry: EmbeddedRegistry;
beforeAll(async () => {
  const [staging, production] = await Promise.all([0, 1].map((index) => startTestCluster([], [], index)));
  clusters = { staging: staging as TestCluster, production: production as TestCluster };
  registry = await startEmbeddedRegistry();
});
afterAll(() => Promise.all([registry.stop(), ...Object.values(clusters).map((cluster) => cluster.stop())]));

const REPOSITORY = 'team/add-header';
const publish = async (text: string): Promise<void> =>
  store(registry.host, REPOSITORY, 'v1', image([await layerOf({ 'plugin.wasm': makeModule(text) })]));
const digests = (...texts: readonly string[]): string[] => texts.map((text) => digestOf(makeModule(text))).sort();

test('of several clusters each keeps what it runs, and needs the bytes for other settings only once', async () => {
  const twins = await Twins.open(clusters);
  await twins.workload('a');
  const from = (more: ActionInputs = {}): ActionInputs => ({
    filter: `oci://${registry.host}/${REPOSITORY}:v1`,
    ...more,
  });
  await publish('one');
  await twins.deploy(from());
  await publish('two');
  await twins.deploy(from({ contexts: 'production' }));
  await publish('three');

  twins.forget();
  const kept = await twins.deploy(from({ 'on-new-digest': 'report' }));
  expect([kept.outcome, runProblems(kept).map(describeProblem)]).toEqual(['unchanged', []]);
  expect([twins.writes('staging'), twins.writes('production')]).toEqual([[], []]);
  const moves = JSON.parse(outputsOf(kept.whole)['moved-tags']) as { from: string; workloads: number; kept: boolean }[];
  expect(moves.map((move) => [move.workloads, move.kept])).toEqual([
    [1, true],
    [1, true],
  ]);
  expect(new Set(moves.map((move) => move.from)).size).toBe(2);
  expect(verdictOf(kept.whole)).toContain('the tag "v1" has moved, 2 workloads keep what they run');

  const other = from({ 'on-new-digest': 'ignore', configuration: '{"x-test": 2}' });
  const plan = await twins.deploy({ ...other, command: 'plan' });
  const deployed = await twins.deploy({ ...other, 'expect-plan': outputsOf(plan.whole)['plan-digest'] });
  expect(runProblems(deployed).map(describeProblem)).toEqual([]);
  expect(outcomesIn(deployed)).toEqual({ 'staging a': 'deployed', 'production a': 'deployed' });
  expect(outputsOf(deployed.whole).digest.split(',').sort()).toEqual(digests('one', 'two'));
});
