import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { mapLimited } from '../src/base/concurrency.ts';
import { startEmbeddedCluster } from '../test/embedded/index.ts';
import { makeModule, runBundle } from '../test/harness/action.ts';
import { type Api, connectApi, eventually } from '../test/harness/api.ts';
import { type Recorder, startRecorder } from '../test/harness/recorder.ts';
import { makeWorkload, pathOf } from '../test/harness/workloads.ts';

/**
 * npm run bench -- [--kubeconfig FILE] [--workloads 100] [--rounds 3]
 * Times the built action on Deployments with `replicas: 0`, which roll at once: a deployment, then the same again. Beside it
 * stands the least that the writes cost on this API server: the same requests sent one after another from this process.
 */
const { values } = parseArgs({
  options: {
    kubeconfig: { type: 'string' },
    workloads: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '3' },
  },
});
await bench(Number(values.workloads), Number(values.rounds), values.kubeconfig);

async function bench(workloads: number, rounds: number, file: string | undefined): Promise<void> {
  const embedded = file === undefined ? await startEmbeddedCluster() : undefined;
  const kubeconfig = embedded?.kubeconfig ?? (await readFile(file ?? '', 'utf8'));
  const api = await connectApi(kubeconfig);
  const recorder = await startRecorder(api);
  const workspace = await mkdtemp(join(tmpdir(), 'bench-'));
  const namespace = `dwf-bench-${process.pid}`;
  await writeFile(join(workspace, 'filter.wasm'), makeModule('bench', 31_000));
  try {
    await api.create('/api/v1/namespaces', { metadata: { name: namespace } });
    const made = Array.from({ length: workloads }, (_, at) =>
      makeWorkload(namespace, `w${at}`, { replicas: 0, labels: { bench: 'yes' } }),
    );
    await mapLimited(made, 8, (workload) => api.create(`/apis/apps/v1/namespaces/${namespace}/deployments`, workload));
    await eventually('all Deployments observed', async () => {
      const list = await api.list<{ metadata: { name: string }; status?: { observedGeneration?: number } }>(
        `/apis/apps/v1/namespaces/${namespace}/deployments`,
      );
      return list.every(({ status }) => status?.observedGeneration !== undefined) || undefined;
    });
    const sequential = await timeSequentialPatches(api, made.map(pathOf));
    console.log(`${workloads} Deployments; ${workloads} patches one after another: ${Math.round(sequential)} ms`);
    for (let round = 1; round <= rounds; round++) {
      const inputs = { namespace, configuration: `round ${round}`, kubeconfig, workspace };
      const counted = { ...inputs, kubeconfig: recorder.kubeconfig() };
      // Times are taken without the recorder in between, counts with it.
      const first = await timedRun(inputs);
      const again = await timedRun(inputs);
      recorder.reset();
      await timedRun({ ...counted, configuration: `counted ${round}` });
      const [reads, writes] = counts(recorder);
      recorder.reset();
      await timedRun({ ...counted, configuration: `counted ${round}` });
      const [noopReads, noopWrites] = counts(recorder);
      console.log(
        `round ${round}: deploy ${first.ms} ms (${(first.ms / sequential).toFixed(2)} of the patches alone; ${writes} writes, ${reads} reads), ` +
          `no-op ${again.ms} ms (${noopWrites} writes, ${noopReads} reads); results ${first.result}, ${again.result}`,
      );
    }
  } finally {
    await api.delete(`/api/v1/namespaces/${namespace}`).catch(() => undefined);
    await recorder.stop();
    await api.close();
    await embedded?.stop();
    await rm(workspace, { recursive: true, force: true });
  }
}

async function timeSequentialPatches(api: Api, paths: readonly string[]): Promise<number> {
  const started = performance.now();
  for (const path of paths) await api.patch(path, { metadata: { annotations: { bench: 'yes' } } });
  return performance.now() - started;
}

interface RunInputs {
  readonly namespace: string;
  readonly configuration: string;
  readonly kubeconfig: string;
  readonly workspace: string;
}

async function timedRun({
  namespace,
  configuration,
  kubeconfig,
  workspace,
}: RunInputs): Promise<{ ms: number; result: string }> {
  const started = performance.now();
  const { outputs, stdout } = await runBundle({
    workspace,
    inputs: {
      filter: 'filter.wasm',
      name: 'bench',
      namespace,
      configuration,
      kubeconfig,
      targets: '- {selector: bench=yes, kinds: [deployment]}',
    },
  });
  if (outputs.result === 'failed') throw new Error(stdout);
  return { ms: Math.round(performance.now() - started), result: outputs.result ?? '' };
}

function counts({ requests, writes }: Recorder): [number, number] {
  return [requests.length - writes.length, writes.length];
}
