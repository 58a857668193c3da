import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { type ActionInputs, runBundle } from '../test/harness/action.ts';
import { connectMesh, createApps, makeApp } from '../test/mesh/mesh.ts';
import { pushedTo, startMeshRegistry } from '../test/mesh/registry.ts';
import { RolloutClock } from './rollout-clock.ts';

/**
 * npm run bench:mesh -- --kubeconfig FILE [--namespaces 10] [--each 5] [--rounds 3] [--max-parallel 100%] [--scouts off,auto] [--dist FOLDER]
 * Real rollouts: deploys a filter to workloads of one pod each with real sidecars, mounted and by image, without scouts and with them, and
 * says what the action adds to what Kubernetes takes for the same rollouts: the whole run beside the slowest single rollout, and from the
 * moment when the last workload was ready the time until every proxy was looked into, until the verdict, which comes after what is
 * superseded is deleted, and until the process ends.
 */
const { values } = parseArgs({
  options: {
    kubeconfig: { type: 'string' },
    namespaces: { type: 'string', default: '10' },
    each: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    'max-parallel': { type: 'string', default: '100%' },
    scouts: { type: 'string', default: 'off,auto' },
    dist: { type: 'string', default: join(import.meta.dirname, '..', 'dist') },
  },
});
if (values.kubeconfig === undefined) throw new Error('--kubeconfig must name the kubeconfig of a mesh.');
process.env.TEST_KUBECONFIG = values.kubeconfig;
const kubeconfig = await readFile(values.kubeconfig, 'utf8');
const [namespaceCount, each, rounds] = [values.namespaces, values.each, values.rounds].map(Number) as [
  number,
  number,
  number,
];

/** So many workloads start at once while the scene is set. */
const STARTED_AT_ONCE = 10;

const mesh = await connectMesh();
const registry = await startMeshRegistry();
const clock = await RolloutClock.start(kubeconfig);
try {
  const namespaces: string[] = [];
  while (namespaces.length < namespaceCount) namespaces.push(await mesh.namespace());
  const apps = namespaces.flatMap((namespace) =>
    Array.from({ length: each }, (_, index) => makeApp(namespace, `app-${index}`)),
  );
  for (let made = 0; made < apps.length; made += STARTED_AT_ONCE) {
    await createApps(mesh, ...apps.slice(made, made + STARTED_AT_ONCE));
  }
  console.log(`${apps.length} workloads in ${namespaces.length} namespaces are ready.`);
  const targets = namespaces
    .map((namespace) => `- {namespace: ${namespace}, name: app-*, kind: deployment}`)
    .join('\n');
  const shared = { name: 'bench', 'root-id': 'add_header', targets, timeout: '15m', verify: 'required' };
  const ways: Readonly<Record<string, ActionInputs>> = {
    mounted: { filter: mesh.filters.abi020 },
    'by image': { filter: mesh.filters.abi020, ...pushedTo(registry) },
  };
  for (const [way, inputs] of Object.entries(ways)) {
    for (let round = 1; round <= rounds; round++) {
      for (const scout of values.scouts.split(',')) {
        // What a WasmPlugin carries is JSON.
        const configuration = JSON.stringify({ round, scout });
        const asked = { ...shared, ...inputs, scout, configuration, 'max-parallel': values['max-parallel'] };
        console.log(`${way}, scout ${scout}, round ${round}: ${await timed(asked, apps.length)}`);
      }
    }
    await deploy({ ...shared, command: 'remove' });
  }
} finally {
  await clock.stop();
  await registry.stop();
  await mesh.stop();
}

/** Runs the action, which replaces the pods of so many workloads, and says what that took. */
async function timed(inputs: ActionInputs, workloads: number): Promise<string> {
  clock.reset();
  const started = performance.now();
  const { proof, verdict, proxies } = await deploy(inputs);
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

async function deploy(inputs: ActionInputs): Promise<Said> {
  let [proof, verdict] = [Number.NaN, Number.NaN];
  const { code, stdout, outputs } = await runBundle({
    workspace: dirname(mesh.filters.abi020),
    program: join(resolve(values.dist), 'index.js'),
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
