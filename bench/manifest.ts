import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { mapLimited } from '../src/base/concurrency.ts';
import type { Workload } from '../src/cluster/objects.ts';
import { OWNED_SELECTOR } from '../src/mesh/identity/names.ts';
import { type RunningCluster, withCluster } from '../test/cluster/index.ts';
import { type ActionInputs, makeModule } from '../test/harness/action.ts';
import type { Api } from '../test/harness/api.ts';
import { KUBECONFIG_VARIABLE, startTestCluster, type TestCluster } from '../test/harness/cluster.ts';
import { awaitReady, makeWorkload } from '../test/harness/workloads.ts';
import { positive, readOrExit } from './command-line.ts';
import { describeCost, measuredRun, renamed } from './measured-run.ts';

/**
 * npm run bench:manifest
 * Runs the built action on a manifest that puts every filter on every workload of several real control planes, with simulated nodes and
 * proxies: one of the filters is rejected by every proxy; all are good; the same again; a change while one cluster does not answer.
 * Says of each run what it wrote and asked, what it took, and what is left of the filters in the clusters.
 */
const USAGE = `usage: npm run bench:manifest -- [OPTION…]
  --filters 20     so many filters
  --workloads 50   so many Deployments in each cluster, each with all filters
  --clusters 2     so many clusters; the second is down for a while
  --embedded       on embedded clusters, in place of real control planes`;
const options = readOrExit(USAGE, (argv) => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      filters: { type: 'string', default: '20' },
      workloads: { type: 'string', default: '50' },
      clusters: { type: 'string', default: '2' },
      embedded: { type: 'boolean', default: false },
    },
  });
  return {
    clusters: positive(values.clusters, '--clusters'),
    filters: positive(values.filters, '--filters'),
    workloads: positive(values.workloads, '--workloads'),
    embedded: values.embedded,
  };
});
const NAMESPACE = 'dwf-bench';
const ENVOY_FILTERS = `/apis/networking.istio.io/v1alpha3/namespaces/${NAMESPACE}/envoyfilters`;
const DEPLOYMENTS = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;
const MOUNTS = 'sidecar.istio.io/userVolumeMount';
const FILTERS = Array.from({ length: options.filters }, (_, index) => `filter-${index + 1}`);
const WORKLOADS = Array.from({ length: options.workloads }, (_, index) => `w${index + 1}`);

if (options.embedded) await bench(options.clusters);
else await withControlPlanes(options.clusters, () => bench(options.clusters));

/** Brings the control planes up one after the other, for the first may have to build what the others take. */
async function withControlPlanes(
  count: number,
  use: () => Promise<void>,
  files: readonly string[] = [],
): Promise<void> {
  if (files.length < count) {
    const next = ({ kubeconfig }: RunningCluster): Promise<void> =>
      withControlPlanes(count, use, [...files, kubeconfig]);
    await withCluster('control-plane', next, { log: (line) => console.log(line) });
    return;
  }
  process.env[KUBECONFIG_VARIABLE] = files.join(delimiter);
  await use();
}

async function bench(count: number): Promise<void> {
  const workspace = await mkdtemp(join(tmpdir(), 'bench-'));
  const clusters = await Promise.all(Array.from({ length: count }, (_, index) => startTestCluster([], [], index)));
  try {
    for (const name of FILTERS) await writeFile(join(workspace, `${name}.wasm`), makeModule(name, 31_000));
    for (const cluster of clusters) await makeWorkloads(cluster);
    console.log(`${FILTERS.length} filters on ${WORKLOADS.length} Deployments in each of ${count} clusters`);
    const run = (title: string, settings: ManifestSettings): Promise<void> =>
      show(title, clusters, workspace, settings);
    await run('one filter is bad', { configuration: 'good', bad: FILTERS.at(-1) });
    await run('all are good', { configuration: 'good' });
    await run('the same again', { configuration: 'good' });
    await run('a change, one cluster down', { configuration: 'better', down: 1 });
    await run('the same, skipped', { configuration: 'better', down: 1, inputs: { unreachable: 'skip' } });
    await run('one filter is bad then', { configuration: 'best', bad: FILTERS.at(-1) });
  } finally {
    await Promise.all(clusters.map((cluster) => cluster.stop()));
    await rm(workspace, { recursive: true, force: true });
  }
}

interface ManifestSettings {
  readonly configuration: string;
  /** The filter that gets a configuration which every proxy rejects. */
  readonly bad?: string | undefined;
  /** The cluster that does not answer, by its index. */
  readonly down?: number;
  readonly inputs?: ActionInputs;
}

async function show(
  title: string,
  clusters: readonly TestCluster[],
  workspace: string,
  { configuration, bad, down, inputs = {} }: ManifestSettings,
): Promise<void> {
  const filters = FILTERS.map((name) => ({ name, configuration: name === bad ? 'bad' : configuration }));
  const targets = '[{ selector: bench=yes, kinds: [deployment] }]';
  const lines = filters.map(
    (filter) =>
      `  - { name: ${filter.name}, filter: ${filter.name}.wasm, configuration: ${filter.configuration}, targets: ${targets} }`,
  );
  const text = ['version: 1', `defaults: { namespace: ${NAMESPACE} }`, 'filters:', ...lines, ''].join('\n');
  await writeFile(join(workspace, 'filters.yaml'), text);
  for (const { recorder } of clusters) recorder.reset();
  if (down !== undefined) clusters[down]?.recorder.inject(() => ({ disconnect: 'before' }));
  const kubeconfig = clusters
    .map(({ recorder }, index) => renamed(recorder.kubeconfig(), `c${index + 1}`))
    .join('---\n');
  const run = await measuredRun(workspace, kubeconfig, {
    manifest: 'filters.yaml',
    contexts: '*',
    'on-failure': 'rollback-all',
    ...inputs,
  });
  console.log(`${title}: ${run.outputs.result ?? run.stdout}, ${describeCost(run)}`);
  for (const [index, cluster] of clusters.entries()) console.log(`  c${index + 1}: ${await describeCluster(cluster)}`);
}

/** Returns what a run has written and asked, and what is there of the filters now. */
async function describeCluster({ api, recorder: { requests, writes } }: TestCluster): Promise<string> {
  const patches = writes.filter(({ path }) => path.includes('/deployments/')).length;
  const objects = `${await countOf(api, `/api/v1/namespaces/${NAMESPACE}/configmaps`)} ConfigMaps, ${await countOf(api, ENVOY_FILTERS)} EnvoyFilters`;
  const workloads = await api.list<Workload>(DEPLOYMENTS);
  const mounted = workloads.filter(({ spec }) => spec?.template?.metadata?.annotations?.[MOUNTS] !== undefined).length;
  return (
    `${requests.length} requests, ${writes.length} writes (${patches} of Deployments); ` +
    `now ${objects}, ${mounted} of ${workloads.length} Deployments with filters`
  );
}

async function countOf(api: Api, path: string): Promise<number> {
  return (await api.list(`${path}?${new URLSearchParams({ labelSelector: OWNED_SELECTOR })}`)).length;
}

async function makeWorkloads({ api, namespace }: TestCluster): Promise<void> {
  await namespace(NAMESPACE);
  const made = WORKLOADS.map((name) =>
    makeWorkload(NAMESPACE, name, { labels: { bench: 'yes' }, podAnnotations: { 'sim/refuses': 'bad' } }),
  );
  await mapLimited(made, 8, (workload) => api.create(DEPLOYMENTS, workload));
  for (const workload of made) await awaitReady(api, workload);
}
