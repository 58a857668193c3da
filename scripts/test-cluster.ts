import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Level, levels, type RunningCluster, withCluster } from '../test/cluster/index.ts';
import { runJest } from './jest.ts';

// npm run test:cluster -- [control-plane] [mesh] [--kubeconfig FILE] [--only TEXT]
// Proves the promises on real clusters: the integration suite on a real control plane, the mesh suite on a real mesh.
// Brings up what it needs and takes it down, also after a failure or Ctrl-C; with --kubeconfig it uses that cluster.
const { values, positionals } = parseArgs({
  options: { kubeconfig: { type: 'string' }, only: { type: 'string' } },
  allowPositionals: true,
});

const SUITES: Readonly<Record<Level, string>> = { 'control-plane': 'test/integration', mesh: 'test/mesh' };
/** What bounds one test, in milliseconds: on a mesh some wait until Envoy has drained a listener, which takes it 45 s. */
const TEST_MS: Readonly<Record<Level, number>> = { 'control-plane': 60_000, mesh: 180_000 };

const wanted = positionals.length > 0 ? positionals : levels;
const unknown = wanted.filter((level) => !levels.some((known) => known === level));
if (unknown.length > 0) {
  console.error(`Unknown level ${unknown.join(', ')}; levels are ${levels.join(' and ')}.`);
  process.exitCode = 2;
} else {
  for (const level of levels.filter((known) => wanted.includes(known))) {
    const code = await prove(level);
    process.exitCode = Math.max(Number(process.exitCode ?? 0), code);
  }
}

async function prove(level: Level): Promise<number> {
  const only = values.only === undefined ? [] : ['--testNamePattern', values.only];
  // `npm test` leaves the mesh suite out; here every path counts.
  const bound = `--testTimeout=${TEST_MS[level]}`;
  const flags = ['--runInBand', '--verbose', bound, ...only, '--testPathIgnorePatterns=/node_modules/'];
  const run = (kubeconfig: string, kubectl = {}): Promise<number> =>
    runJest([SUITES[level], ...flags], { TEST_KUBECONFIG: kubeconfig, ...kubectl });
  console.log(`\n── ${level}`);
  if (values.kubeconfig !== undefined) return run(resolve(values.kubeconfig));
  const use = ({ kubeconfig, program }: RunningCluster): Promise<number> => run(kubeconfig, { TEST_KUBECTL: program });
  return withCluster(level, use, { log: (line) => console.log(line) });
}
