import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { dump, load } from 'js-yaml';
import { mapLimited } from '../src/base/concurrency.ts';
import { startEmbeddedCluster } from '../test/embedded/index.ts';
import { makeModule, runBundle } from '../test/harness/action.ts';
import { type Api, connectApi, eventually } from '../test/harness/api.ts';
import { makeWorkload } from '../test/harness/workloads.ts';

/**
 * npm run bench:clusters -- [--clusters 10] [--workloads 500]
 * Times one run of the built action over several embedded clusters, with Deployments of `replicas: 0`, which roll at once: a deployment,
 * the same again, and a removal. Beside the time stands the most memory that the action took, and the size of its summary.
 */
const { values } = parseArgs({
  options: {
    clusters: { type: 'string', default: '10' },
    workloads: { type: 'string', default: '500' },
  },
});
const NAMESPACE = 'bench';

/** A process tells at its end how much memory it had at most, in KiB. */
const PEAK = `process.on('exit', () => require('node:fs').appendFileSync(process.env.PEAK_FILE, process.resourceUsage().maxRSS + '\\n'));`;

await bench(Number(values.clusters), Number(values.workloads));

async function bench(count: number, workloads: number): Promise<void> {
  const workspace = await mkdtemp(join(tmpdir(), 'bench-'));
  const clusters = await Promise.all(Array.from({ length: count }, () => startEmbeddedCluster()));
  try {
    await writeFile(join(workspace, 'filter.wasm'), makeModule('bench', 31_000));
    await writeFile(join(workspace, 'peak.cjs'), PEAK);
    for (const { kubeconfig } of clusters) await makeWorkloads(kubeconfig, workloads);
    const kubeconfig = clusters.map((cluster, index) => renamed(cluster.kubeconfig, `c${index}`)).join('---\n');
    console.log(`${clusters.length} clusters with ${workloads} Deployments each`);
    for (const command of ['deploy', 'deploy', 'remove']) await timedRun(command, kubeconfig, workspace);
  } finally {
    await Promise.all(clusters.map((cluster) => cluster.stop()));
    await rm(workspace, { recursive: true, force: true });
  }
}

async function makeWorkloads(kubeconfig: string, workloads: number): Promise<void> {
  const api: Api = await connectApi(kubeconfig);
  const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;
  try {
    await api.create('/api/v1/namespaces', { metadata: { name: NAMESPACE } });
    const made = Array.from({ length: workloads }, (_, at) =>
      makeWorkload(NAMESPACE, `w${at}`, { replicas: 0, labels: { bench: 'yes' } }),
    );
    await mapLimited(made, 8, (workload) => api.create(path, workload));
    await eventually('all Deployments observed', async () => {
      const list = await api.list<{ metadata: { name: string }; status?: { observedGeneration?: number } }>(path);
      return list.every(({ status }) => status?.observedGeneration !== undefined) || undefined;
    });
  } finally {
    await api.close();
  }
}

/** With names of its own, as kubeconfigs that are read together must have. */
function renamed(kubeconfig: string, name: string): string {
  const config = load(kubeconfig) as Record<'clusters' | 'users' | 'contexts', { name: string; context?: object }[]>;
  for (const one of [...config.clusters, ...config.users, ...config.contexts]) one.name = name;
  for (const one of config.contexts) one.context = { cluster: name, user: name };
  return dump({ ...config, 'current-context': name });
}

async function timedRun(command: string, kubeconfig: string, workspace: string): Promise<void> {
  const peaks = join(workspace, 'peaks');
  await writeFile(peaks, '');
  const started = performance.now();
  // An environment variable holds 128 KiB at most.
  const file = join(workspace, 'kubeconfig');
  await writeFile(file, kubeconfig);
  const { outputs, stdout, summary } = await runBundle({
    workspace,
    inputs: {
      command,
      ...(command === 'deploy' ? { filter: 'filter.wasm' } : {}),
      name: 'bench',
      namespace: NAMESPACE,
      contexts: '*',
      targets: '- {selector: bench=yes, kinds: [deployment]}',
    },
    environment: { KUBECONFIG: file, NODE_OPTIONS: `--require ${join(workspace, 'peak.cjs')}`, PEAK_FILE: peaks },
  });
  const seconds = (performance.now() - started) / 1000;
  if (outputs.result === 'failed' || outputs.result === undefined) throw new Error(stdout);
  const peak = Math.max(...(await readFile(peaks, 'utf8')).trim().split('\n').map(Number));
  console.log(
    `${command}: ${outputs.result}, ${seconds.toFixed(1)} s, ${Math.round(peak / 1024)} MiB at most, summary of ${Math.round(summary.length / 1024)} KiB`,
  );
}
