import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type ActionInputs, runBundle } from '../test/harness/action.ts';
import { connectMesh, createApps, makeApp } from '../test/mesh/mesh.ts';
import { pushedTo, startMeshRegistry } from '../test/mesh/registry.ts';
import { readOrExit } from './command-line.ts';
import { MESH_USAGE, readMeshOptions } from './mesh-options.ts';
import { RolloutClock } from './rollout-clock.ts';
import { untilCancelled } from './until-cancelled.ts';

/**
 * npm run bench:mesh: real rollouts. Deploys a filter to workloads of one pod each with real sidecars, mounted and by image, without scouts
 * and with them, and says what the action adds to what Kubernetes takes for the same rollouts: the whole run beside the slowest single
 * rollout, and from the moment when the last workload was ready the time until every proxy was looked into, until the verdict, which comes
 * after what is superseded is deleted, and until the process ends. `mesh-options.ts` has its options.
 */
const options = readOrExit(MESH_USAGE, readMeshOptions);
process.env.TEST_KUBECONFIG = options.kubeconfig;
const kubeconfig = await readFile(options.kubeconfig, 'utf8');

/** So many workloads start at once while the scene is set. */
const STARTED_AT_ONCE = 10;

const mesh = await connectMesh();
const registry = await startMeshRegistry();
await untilCancelled(bench, async () => {
  await mesh.stop();
  await registry.stop();
});

async function bench(signal: AbortSignal): Promise<void> {
  const namespaces: string[] = [];
  while (namespaces.length < options.namespaces) {
    signal.throwIfAborted();
    namespaces.push(await mesh.namespace());
  }
  const apps = namespaces.flatMap((namespace) =>
    Array.from({ length: options.each }, (_, index) => makeApp(namespace, `app-${index}`)),
  );
  for (let made = 0; made < apps.length; made += STARTED_AT_ONCE) {
    signal.throwIfAborted();
    await createApps(mesh, ...apps.slice(made, made + STARTED_AT_ONCE));
  }
  console.log(`${apps.length} workloads in ${namespaces.length} namespaces are ready.`);
  const clock = await RolloutClock.start(kubeconfig, namespaces);
  try {
    await playRounds(clock, namespaces, apps.length, signal);
  } finally {
    await clock.stop();
  }
}

async function playRounds(
  clock: RolloutClock,
  namespaces: readonly string[],
  workloads: number,
  signal: AbortSignal,
): Promise<void> {
  const targets = namespaces
    .map((namespace) => `- {namespace: ${namespace}, name: app-*, kind: deployment}`)
    .join('\n');
  const shared = { name: 'bench', 'root-id': 'add_header', targets, timeout: '15m', verify: 'required' };
  const ways: Readonly<Record<string, ActionInputs>> = {
    mounted: { filter: mesh.filters.abi020 },
    'by image': { filter: mesh.filters.abi020, ...pushedTo(registry) },
  };
  for (const [way, inputs] of Object.entries(ways)) {
    for (let round = 1; round <= options.rounds; round++) {
      for (const scout of options.scouts) {
        // What a WasmPlugin carries is JSON.
        const configuration = JSON.stringify({ round, scout });
        const asked = { ...shared, ...inputs, scout, configuration, 'max-parallel': options.maxParallel };
        console.log(`${way}, scout ${scout}, round ${round}: ${await timed(clock, asked, workloads, signal)}`);
      }
    }
    await deploy({ ...shared, command: 'remove' }, signal);
  }
}

/** Runs the action, which replaces the pods of so many workloads, and says what that took. */
async function timed(
  clock: RolloutClock,
  inputs: ActionInputs,
  workloads: number,
  signal: AbortSignal,
): Promise<string> {
  clock.reset();
  const started = performance.now();
  const { proof, verdict, proxies } = await deploy(inputs, signal);
  const ended = performance.now();
  const { lastEnded, slowest } = clock.read(workloads);
  const [whole, began] = [ended - started, lastEnded - slowest - started];
  const after = (at: number): string => seconds(at - lastEnded);
  return [
    `${seconds(whole)} in all, ${(whole / slowest).toFixed(2)} of the slowest rollout (${seconds(slowest)})`,
    `about ${seconds(began)} before that began`,
    `proof ${after(proof)}, verdict ${after(verdict)}, end ${after(ended)} after the last workload was ready`,
    `${proxies} proxies verified`,
  ].join('; ');
}

/** When a run said that every proxy was looked into, and its verdict, and how many proxies it has verified. */
interface Said {
  readonly proof: number;
  readonly verdict: number;
  readonly proxies: string;
}

async function deploy(inputs: ActionInputs, signal: AbortSignal): Promise<Said> {
  let [proof, verdict] = [Number.NaN, Number.NaN];
  const { code, stdout, outputs } = await runBundle({
    workspace: dirname(mesh.filters.abi020),
    program: join(options.dist, 'index.js'),
    signal,
    inputs: { kubeconfig, ...inputs },
    onOutput: (text) => {
      // Of several waves that of the last one.
      if (/^\d+\/\d+ verified/mu.test(text)) proof = performance.now();
      if (Number.isNaN(verdict) && /^(?:✅|❌|⚠️)/mu.test(text)) verdict = performance.now();
    },
  });
  if (code !== 0) throw new Error(stdout.slice(-4000));
  return { proof, verdict, proxies: outputs['verified-proxies'] ?? '0' };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
