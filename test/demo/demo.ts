import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { loadAll } from 'js-yaml';
import { buildFilter, EXAMPLE_FILTER } from '../../scripts/build-filter.ts';
import type { Workload } from '../../src/cluster/objects.ts';
import { resourcePath } from '../../src/cluster/resources.ts';
import { KINDS } from '../../src/deploy/kinds/list.ts';
import { startEmbeddedCluster } from '../embedded/index.ts';
import { type ActionInputs, runBundle } from '../harness/action.ts';
import { type Api, ApiCallError, connectApi } from '../harness/api.ts';
import { startRecorder } from '../harness/recorder.ts';
import { SIDECAR } from '../harness/workloads.ts';
import { startKubelet, TOLERATION } from '../kubelet/index.ts';
import { outputWords, renderTerminal, terminalOf } from './terminal.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const BOOKSHOP = join(ROOT, 'examples/bookshop/bookshop.yaml');
const HELP = `npm run demo                                      on an embedded cluster, no more than Node needed
npm run demo -- --kubeconfig FILE [--image IMAGE] on a cluster of yours with Istio; IMAGE has a shell and busybox
                                  [--keep]        leaves the bookshop there`;

const TERMINAL = terminalOf(process.stdout, process.env);
const SHOWN = `What you have seen are the job summaries of four runs
(a line with ▸ is folded there):

  plan    said what would be written and restart
  deploy  one workload first, looked into its proxies,
          then the others
  deploy  again: all was there, nothing was written
  remove  pod templates first, then the objects

Try next:

  npm run demo -- --kubeconfig FILE
      the same on a cluster of yours with Istio
  npm run preview -- FOLDER
      every kind of summary, failures too
  npm test -- rollback
      what happens when a filter fails`;

const { values } = parseArgs({
  options: {
    kubeconfig: { type: 'string' },
    image: { type: 'string' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else await demo(values);

/** Sets up a bookshop and shows the life of two filters there, with the bundled action: plan, deploy, deploy again, remove. */
async function demo(options: { kubeconfig?: string; image?: string; keep: boolean }): Promise<void> {
  const workspace = await mkdtemp(join(tmpdir(), 'bookshop-'));
  say('Compiling the example filter (AssemblyScript)');
  await buildFilter(EXAMPLE_FILTER, join(workspace, 'add-header.wasm'));
  await copyFile(join(ROOT, 'examples/bookshop/filters.yaml'), join(workspace, 'filters.yaml'));
  const cluster = options.kubeconfig === undefined ? await embedded() : await usersOwn(options.kubeconfig);
  const api = await connectApi(cluster.kubeconfig);
  try {
    say('Opening the bookshop: 5 workloads in 2 namespaces');
    const shop = await readShop(options.image, cluster.simulated);
    for (const object of shop) await createUnlessThere(api, object);
    const inputs: ActionInputs = {
      manifest: 'filters.yaml',
      kubeconfig: cluster.kubeconfig,
      timeout: '3m',
    };
    await act('What a deployment would do: the plan', { ...inputs, command: 'plan' }, workspace);
    await act('First deployment: one workload first, then the others', { ...inputs, canary: '1' }, workspace);
    const again = await act('The same deployment again: nothing is written', inputs, workspace);
    if (again !== 'unchanged')
      throw new Error(`The second deployment should have had nothing to do, but its result is "${again}".`);
    const { kubeconfig } = cluster;
    const removal = { command: 'remove', manifest: 'filters.yaml', kubeconfig };
    await act('Removal: nothing of the filters is left', removal, workspace);
    if (!cluster.simulated && !options.keep) {
      say('Closing the bookshop');
      for (const { kind, metadata } of shop)
        if (kind === 'Namespace') await api.delete(`/api/v1/namespaces/${metadata.name}`);
    }
    say('That was the life of two filters');
    console.log(SHOWN);
  } finally {
    await api.close();
    await cluster.stop();
    await rm(workspace, { recursive: true, force: true });
  }
}

async function act(title: string, inputs: ActionInputs, workspace: string): Promise<string | undefined> {
  say(title);
  const { code, stdout, summary, outputs } = await runBundle({ inputs, workspace });
  console.log(renderTerminal(summary, TERMINAL));
  const { result, changed, revision } = outputs;
  console.log(dim(`outputs: ${outputWords({ result, changed, revision })}`));
  // On a runner, lines that begin with two colons are commands; one of them holds a credential.
  if (code !== 0) throw new Error(`The action ended with exit code ${code}.\n${stdout.replace(/^::.*\n/gm, '')}`);
  return result;
}

interface DemoCluster {
  readonly kubeconfig: string;
  /** Whether pods are simulated, so that their image does not matter. */
  readonly simulated: boolean;
  stop(): Promise<void>;
}

async function embedded(): Promise<DemoCluster> {
  say('Starting the embedded cluster');
  const { kubeconfig, stop } = await startEmbeddedCluster();
  const kubelet = await startKubelet({ kubeconfig });
  const api = await connectApi(kubeconfig);
  // Stands in front of the API server with simulated sidecars.
  const recorder = await startRecorder(api);
  return {
    kubeconfig: recorder.kubeconfig(),
    simulated: true,
    stop: async () => {
      await recorder.stop();
      await api.close();
      await kubelet.stop();
      await stop();
    },
  };
}

async function usersOwn(file: string): Promise<DemoCluster> {
  return { kubeconfig: await readFile(file, 'utf8'), simulated: false, stop: async () => undefined };
}

/** The bookshop's objects, with another image, or for the simulated scheduler. */
async function readShop(image: string | undefined, simulated: boolean): Promise<Workload[]> {
  const objects = loadAll(await readFile(BOOKSHOP, 'utf8')) as Workload[];
  return objects.map((object) => {
    const pod = object.spec?.template?.spec;
    if (pod === undefined) return object;
    const containers = pod.containers?.map((container) => (image === undefined ? container : { ...container, image }));
    const spec = {
      ...pod,
      containers,
      ...(simulated ? { schedulerName: 'sim-scheduler', tolerations: [TOLERATION], initContainers: [SIDECAR] } : {}),
    };
    return { ...object, spec: { ...object.spec, template: { ...object.spec?.template, spec } } } as Workload;
  });
}

async function createUnlessThere(api: Api, object: Workload): Promise<void> {
  const kind = KINDS.find(({ resource }) => resource.kind === object.kind);
  const path = kind === undefined ? '/api/v1/namespaces' : resourcePath(kind.resource, object.metadata.namespace);
  try {
    await api.create(path, object);
  } catch (error) {
    if (!(error instanceof ApiCallError && error.status === 409)) throw error;
  }
}

function say(text: string): void {
  console.log(
    `\n${TERMINAL.colours ? styleText(['bold', 'magenta'], `▸ ${text}`, { validateStream: false }) : `▸ ${text}`}`,
  );
}

function dim(text: string): string {
  return TERMINAL.colours ? styleText('dim', text, { validateStream: false }) : text;
}
