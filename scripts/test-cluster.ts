import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Level, levels, type RunningCluster, withCluster } from '../test/cluster/index.ts';
import { runJest } from './jest.ts';

// npm run test:cluster -- [control-plane] [mesh] [--kubeconfig FILE] [--only TEXT]
// Proves the promises on real clusters: the integration suite on a real control plane; the mesh suite, and the workflows that users
// copy, on a real mesh.
// Brings up what it needs and takes it down, also after a failure or Ctrl-C; with --kubeconfig it uses that cluster.
const { values, positionals } = parseArgs({
  options: { kubeconfig: { type: 'string' }, only: { type: 'string' } },
  allowPositionals: true,
});

/** Test files that run on one cluster, so many at once. */
interface Suite {
  readonly files: string;
  readonly atOnce: number;
  /** What bounds one test, in milliseconds. */
  readonly testMs: number;
}

/** The file that takes a kind of Istio's away from the whole mesh while it runs. */
const ALONE = 'traffic-extension';

/** Files that start the action, and no cluster. */
const CLUSTERLESS = 'bombs-bundle|destinations|files-bundle';

const SUITES: Readonly<Record<Level, readonly Suite[]>> = {
  'control-plane': [{ files: `test/integration/(?!${CLUSTERLESS})`, atOnce: 1, testMs: 60_000 }],
  // Most of the time a mesh is waited for: some tests wait until Envoy has drained a listener, which takes it 45 s.
  mesh: [
    { files: `test/(mesh|workflows)/(?!${ALONE})`, atOnce: 2, testMs: 180_000 },
    { files: `test/mesh/${ALONE}`, atOnce: 1, testMs: 180_000 },
  ],
};

/** How many clusters of a level share its suites, each a part of the files: control planes are cheap, and a machine has one mesh. */
const CLUSTERS: Readonly<Record<Level, number>> = { 'control-plane': 2, mesh: 1 };

const wanted = positionals.length > 0 ? positionals : levels;
const unknown = wanted.filter((level) => !levels.some((known) => known === level));
if (unknown.length > 0) {
  console.error(`Unknown level ${unknown.join(', ')}; levels are ${levels.join(' and ')}.`);
  process.exitCode = 2;
} else {
  for (const level of levels.filter((known) => wanted.includes(known))) {
    const code = await verify(level);
    process.exitCode = Math.max(Number(process.exitCode ?? 0), code);
  }
}

async function verify(level: Level): Promise<number> {
  console.log(`\n── ${level}`);
  if (values.kubeconfig !== undefined) return runSuites(level, '1/1', { TEST_KUBECONFIG: resolve(values.kubeconfig) });
  return withClusters(level, CLUSTERS[level], async (clusters) => {
    const codes = clusters.map(({ kubeconfig, program }, index) =>
      runSuites(level, `${index + 1}/${clusters.length}`, { TEST_KUBECONFIG: kubeconfig, TEST_KUBECTL: program }),
    );
    return Math.max(...(await Promise.all(codes)));
  });
}

/** Runs `use` with so many clusters of a level, brought up one after the other: the first builds what the others take. */
function withClusters(
  level: Level,
  count: number,
  use: (clusters: readonly RunningCluster[]) => Promise<number>,
): Promise<number> {
  if (count === 0) return use([]);
  const withOthers = (cluster: RunningCluster): Promise<number> =>
    withClusters(level, count - 1, (others) => use([cluster, ...others]));
  return withCluster(level, withOthers, { log: (line) => console.log(line) });
}

async function runSuites(level: Level, shard: string, environment: Readonly<Record<string, string>>): Promise<number> {
  const only = values.only === undefined ? [] : ['--testNamePattern', values.only];
  let worst = 0;
  for (const { files, atOnce, testMs } of SUITES[level]) {
    const bounds = [`--maxWorkers=${atOnce}`, `--testTimeout=${testMs}`, `--shard=${shard}`];
    // `npm test` leaves the mesh suite out; here every path counts.
    const flags = ['--verbose', ...bounds, ...only, '--testPathIgnorePatterns=/node_modules/'];
    worst = Math.max(worst, await runJest([files, ...flags], environment));
  }
  return worst;
}
