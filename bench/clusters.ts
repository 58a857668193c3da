import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { mapLimited } from '../src/base/concurrency.ts';
import { startEmbeddedCluster } from '../test/embedded/index.ts';
import { makeModule } from '../test/harness/action.ts';
import { type Api, connectApi, eventually } from '../test/harness/api.ts';
import { makeWorkload } from '../test/harness/workloads.ts';
import { positive, readOrExit } from './command-line.ts';
import { describeCost, measuredRun, renamed } from './measured-run.ts';

/**
 * npm run bench:clusters
 * Times one run of the built action over several embedded clusters, with Deployments of `replicas: 0`, which roll at once: a deployment,
 * the same again, and a removal; for each number of Deployments in a cluster. Beside the time stands what a workload took of it, and
 * the most memory that the action took, and the size of its summary.
 */
const USAGE = `usage: npm run bench:clusters -- [OPTION…]
  --clusters 10             so many embedded clusters
  --workloads 125,250,500   a run for each of these numbers of Deployments in a cluster; 500 by default`;
const options = readOrExit(USAGE, (argv) => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      clusters: { type: 'string', default: '10' },
      workloads: { type: 'string', default: '500' },
    },
  });
  return {
    clusters: positive(values.clusters, '--clusters'),
    workloads: values.workloads.split(',').map((one) => positive(one, '--workloads')),
  };
});
const NAMESPACE = 'bench';

for (const workloads of options.workloads) await bench(options.clusters, workloads);

async function bench(count: number, workloads: number): Promise<void> {
  const workspace = await mkdtemp(join(tmpdir(), 'bench-'));
  const clusters = await Promise.all(Array.from({ length: count }, () => startEmbeddedCluster()));
  try {
    await writeFile(join(workspace, 'filter.wasm'), makeModule('bench', 31_000));
    for (const { kubeconfig } of clusters) await makeWorkloads(kubeconfig, workloads);
    const kubeconfig = clusters.map((cluster, index) => renamed(cluster.kubeconfig, `c${index}`)).join('---\n');
    console.log(`${clusters.length} clusters with ${workloads} Deployments each`);
    for (const command of ['deploy', 'deploy', 'remove']) {
      const run = await measuredRun(workspace, kubeconfig, {
        command,
        ...(command === 'deploy' ? { filter: 'filter.wasm' } : {}),
        name: 'bench',
        namespace: NAMESPACE,
        contexts: '*',
        targets: '- {selector: bench=yes, kinds: [deployment]}',
      });
      const { result } = run.outputs;
      if (result === 'failed' || result === undefined) throw new Error(run.stdout);
      const eachMs = (run.wholeSeconds * 1000) / (count * workloads);
      console.log(`${command}: ${result}, ${describeCost(run)}, ${eachMs.toFixed(1)} ms a workload`);
    }
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
