import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Level, levels, type RunningCluster, withCluster } from '../test/cluster/index.ts';
import { runJest } from './jest.ts';
import { type Found, failedFiles, runOnceMore } from './once-more.ts';
import { commitNumber, leftOut, ROTATING, ROTATING_ON_MESH } from './rotation.ts';

// npm run test:cluster -- [control-plane] [mesh] [--kubeconfig FILE] [--only TEXT]
// Proves the promises on real clusters: the integration suite on a real control plane; the mesh suite, and the workflows that users
// copy, on a real mesh.
// Brings up what it needs and takes it down, also after a failure or Ctrl-C, and runs once more what failed in few files; with
// --kubeconfig it uses that cluster, and runs everything once.
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

const ROOT = resolve(import.meta.dirname, '..');

/** What rotates runs for this commit or for the next one; all of it where somebody asks for tests by name. */
const LEFT_OUT: Readonly<Record<Level, readonly string[]>> =
  values.only === undefined
    ? { 'control-plane': leftOut(ROTATING, commitNumber(ROOT)), mesh: leftOut(ROTATING_ON_MESH, commitNumber(ROOT)) }
    : { 'control-plane': [], mesh: [] };

const SUITES: Readonly<Record<Level, readonly Suite[]>> = {
  'control-plane': [
    {
      files: `test/integration/(?!(?:${[CLUSTERLESS, ...LEFT_OUT['control-plane']].join('|')})\\.test)`,
      atOnce: 1,
      testMs: 60_000,
    },
  ],
  // Most of the time a mesh is waited for: some tests wait until Envoy has drained a listener, which takes it 45 s.
  mesh: [
    {
      files: `test/(mesh|workflows)/(?!(?:${[ALONE, ...LEFT_OUT.mesh].join('|')})\\.test)`,
      atOnce: 2,
      testMs: 180_000,
    },
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
  if (LEFT_OUT[level].length > 0) console.log(`Left to the next commit: ${LEFT_OUT[level].join(', ')}.`);
  if (values.kubeconfig !== undefined) {
    const found = await runSuites(level, '1/1', { TEST_KUBECONFIG: resolve(values.kubeconfig) });
    return found.code;
  }
  return withClusters(level, CLUSTERS[level], async (clusters) => {
    const environments = clusters.map(({ kubeconfig, program }) => ({
      TEST_KUBECONFIG: kubeconfig,
      TEST_KUBECTL: program,
    }));
    const found = await Promise.all(
      environments.map((environment, index) => runSuites(level, `${index + 1}/${clusters.length}`, environment)),
    );
    const testMs = Math.max(...SUITES[level].map((suite) => suite.testMs));
    return runOnceMore(together(found), async (files) => {
      const { code } = await runFiles(files, [`--testTimeout=${testMs}`, '--runInBand'], environments[0] ?? {});
      return code;
    });
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

async function runSuites(level: Level, shard: string, environment: Readonly<Record<string, string>>): Promise<Found> {
  const found: Found[] = [];
  for (const { files, atOnce, testMs } of SUITES[level]) {
    const bounds = [`--maxWorkers=${atOnce}`, `--testTimeout=${testMs}`, `--shard=${shard}`];
    found.push(await runFiles([files], bounds, environment));
  }
  return together(found);
}

/** Several runs as one. */
function together(found: readonly Found[]): Found {
  return { code: Math.max(...found.map(({ code }) => code)), files: found.flatMap(({ files }) => files) };
}

/** Runs test files by patterns of their paths. A run that broke before it could say which failed gives none. */
async function runFiles(
  patterns: readonly string[],
  bounds: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Found> {
  const only = values.only === undefined ? [] : ['--testNamePattern', values.only];
  const folder = await mkdtemp(join(tmpdir(), 'test-cluster-'));
  const results = join(folder, 'results.json');
  try {
    // `npm test` leaves the mesh suite out; here every path counts.
    const flags = ['--verbose', ...bounds, ...only, '--testPathIgnorePatterns=/node_modules/'];
    const code = await runJest([...patterns, ...flags, '--json', `--outputFile=${results}`], environment);
    return { code, files: failedFiles(await readFile(results, 'utf8').catch(() => '')) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
