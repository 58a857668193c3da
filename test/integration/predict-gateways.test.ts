import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { resourcePath, WASM_PLUGIN } from '../../src/cluster/resources.ts';
import { gatewayOf } from '../../src/mesh/gateway/plugin.ts';
import { REVISION_LABEL, STATE_ANNOTATION } from '../../src/mesh/identity/names.ts';
import type { WasmPlugin } from '../../src/mesh/objects/wasm-plugin.ts';
import type { ActionInputs } from '../harness/action.ts';
import { eventually } from '../harness/api.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { lines, Site, writesOf } from './site.ts';

// What is written of Gateways, from any state and after any end of an earlier run.

const FILTER = 'oci://registry.example/filters/add-header:v1';
const configurationOf = (is: string): string => JSON.stringify({ is });

const gateway = fc.record({
  className: fc.constantFrom('istio', 'istio-waypoint'),
  runs: fc.constantFrom('nothing', 'older', 'wanted'),
  /** What somebody did to the plugin that names it. */
  edit: fc.option(fc.constantFrom('spec', 'state', 'label', 'deleted', 'open'), { nil: undefined }),
  /** Whether the run has it among its targets; the first always is. */
  listed: fc.boolean(),
});
const start = fc.record({
  gateways: fc.array(gateway, { minLength: 1, maxLength: 3 }),
  deployment: fc.boolean(),
  prune: fc.boolean(),
  keepRevisions: fc.integer({ min: 0, max: 2 }),
  expires: fc.constantFrom('', '10h'),
  wait: fc.constantFrom('true', 'true', 'false'),
});
type Start = typeof start extends fc.Arbitrary<infer T> ? T : never;

const STATES = fc.sample(start, { numRuns: 16, seed: 7 });

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

async function edit(site: Site, name: string, what: Start['gateways'][number]['edit']): Promise<void> {
  const path = resourcePath(WASM_PLUGIN, site.namespace, name);
  if (what === 'deleted') return cluster.api.delete(path);
  const patches = {
    spec: [{ spec: { priority: 77 } }, 'kubectl-edit'],
    state: [{ metadata: { annotations: { [STATE_ANNOTATION]: null } } }, 'kubectl-edit'],
    label: [{ metadata: { labels: { [REVISION_LABEL]: 'ffffffffff' } } }, 'kubectl-edit'],
    open: [{ spec: { failStrategy: 'FAIL_OPEN' } }, 'deploy-wasm-filter'],
  } as const;
  if (what !== undefined) await cluster.api.patch(path, patches[what][0], patches[what][1]);
}

describe('a plan for Gateways is what the deployment does', () => {
  test.each(STATES.map((state, at) => [at + 1, state] as const))('from state %i', async (_at, state) => {
    const site = new Site(cluster, await cluster.namespace());
    const { gateways, deployment } = state;
    await Promise.all([
      ...gateways.map(({ className }, at) => site.gateway(`g${at}`, { className })),
      deployment ? site.workload('reviews') : undefined,
    ]);
    const delivery = { filter: FILTER, delivery: 'image' };
    for (const runs of ['older', 'wanted']) {
      const those = gateways.flatMap((one, at) => (one.runs === runs ? [`- gateway/g${at}\n`] : [])).join('');
      if (those !== '') await site.deployed(those, configurationOf(runs), { ...delivery, 'keep-revisions': '9' });
    }
    for (const [at, one] of gateways.entries()) {
      if (one.runs !== 'nothing') await edit(site, `add-header.g${at}`, one.edit);
    }
    const targets = [
      ...gateways.flatMap(({ listed }, at) => (listed || at === 0 ? [`- gateway/g${at}\n`] : [])),
      ...(deployment ? ['- deployment/reviews\n'] : []),
    ].join('');
    const inputs = {
      ...delivery,
      configuration: configurationOf('wanted'),
      prune: String(state.prune),
      'keep-revisions': String(state.keepRevisions),
      expires: state.expires,
      wait: state.wait,
    };
    cluster.recorder.reset();
    const { report: plan } = await site.run('plan', targets, inputs);
    expect(cluster.recorder.writes).toEqual([]);
    const { report } = await site.run('deploy', targets, inputs);
    const predicted = lines(plan.plan?.changes ?? []);
    // What is new to a Gateway is put there open, and closed by a second write.
    const closing = predicted.flatMap((line) =>
      /^create WasmPlugin add-header\.g/.test(line) ? [line.replace('create', 'change')] : [],
    );
    const written = lines(writesOf(cluster.recorder.writes)).sort();
    expect(written).toEqual([...predicted, ...(state.wait === 'true' ? closing : [])].sort());
    expect([...report.problems, ...report.targets.flatMap(({ problem }) => problem ?? [])]).toEqual([]);
    expect(report.outcome).toBe(predicted.length === 0 ? 'unchanged' : 'deployed');

    cluster.recorder.reset();
    expect((await site.run('deploy', targets, inputs)).report.outcome).toBe('unchanged');
    expect(cluster.recorder.writes).toEqual([]);
  });
});

describe('a run for Gateways that ends in the middle of its work', () => {
  const TARGETS = '- gateway/g0\n- gateway/g1';

  /** As a deployment that dies at its write `at`, from 1: that one is done, nothing after it is sent. Gives how many there were. */
  const runUntil = async (site: Site, at: number, inputs: ActionInputs): Promise<number> => {
    const killed = new AbortController();
    let writes = 0;
    cluster.recorder.reset();
    cluster.recorder.inject(({ method, path, body = '' }) => {
      if (killed.signal.aborted) return { disconnect: 'before' };
      const reads =
        method === 'GET' || path.includes('accessreviews') || path.includes('/exec?') || body.includes('dryRun');
      if (reads || ++writes < at) return undefined;
      killed.abort();
      return { disconnect: 'after' };
    });
    await site.run('deploy', TARGETS, inputs, { cancelled: killed.signal });
    await eventually('the writes that were sent', async () =>
      cluster.recorder.writes.filter(({ status }) => status !== 0).length >= writes ? true : undefined,
    );
    cluster.recorder.reset();
    return writes;
  };
  const plugins = async (site: Site): Promise<readonly WasmPlugin[]> =>
    cluster.api.list<WasmPlugin>(resourcePath(WASM_PLUGIN, site.namespace));

  test('is finished by the next one, and nothing is left behind', async () => {
    const site = new Site(cluster, await cluster.namespace());
    await Promise.all([site.gateway('g0'), site.gateway('g1', { className: 'istio-waypoint' })]);
    let max = 0;
    for (let at = 1; ; at++) {
      const inputs = { filter: FILTER, configuration: configurationOf(`${at}`), 'keep-revisions': '0' };
      const writes = await runUntil(site, at, inputs);
      max = Math.max(max, writes);
      const revision = await site.deployed(TARGETS, inputs.configuration, inputs);
      const there = await plugins(site);
      expect([at, there.map(({ metadata }) => metadata.name).sort()]).toEqual([
        at,
        [`add-header-${revision}`, 'add-header.g0', 'add-header.g1'],
      ]);
      const attached = there.filter((plugin) => gatewayOf(plugin) !== undefined);
      expect(attached.map(({ metadata, spec }) => [metadata.labels?.[REVISION_LABEL], spec.failStrategy])).toEqual([
        [revision, 'FAIL_CLOSE'],
        [revision, 'FAIL_CLOSE'],
      ]);
      if (at % 2 === 0) expect((await site.run('remove', TARGETS)).report.problems).toEqual([]);
      if (writes < at) break;
    }
    // Two objects, each Gateway once or, where the filter is new to it, twice; and two marks and deletions for the revision before.
    expect(max).toBeGreaterThanOrEqual(8);
    expect((await site.run('remove', TARGETS)).report.problems).toEqual([]);
    expect(await plugins(site)).toEqual([]);
  });
});
