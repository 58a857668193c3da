import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Exec, KubeConfig } from '@kubernetes/client-node';
import type { Pod, Workload } from '../../src/cluster/objects.ts';
import { isReady } from '../../src/cluster/pods.ts';
import { CONFIG_MAP, ENVOY_FILTER, type Resource, resourcePath } from '../../src/cluster/resources.ts';
import { ownerOf } from '../../src/deploy/kinds/kinds.ts';
import { OWNED_SELECTOR } from '../../src/mesh/identity/names.ts';
import { parseListeners } from '../../src/mesh/proxy/config-dump.ts';
import { type BundleOptions, type BundleRun, runBundle } from '../harness/action.ts';
import { type Api, connectApi, eventually } from '../harness/api.ts';
import type { WorkloadKind } from '../harness/kinds.ts';
import { createWorkloads } from '../harness/workloads.ts';
import { buildMeshFilters, type MeshFilters } from './filters.ts';

/** A pod with its address. */
export interface RunningPod {
  readonly name: string;
  readonly address: string;
}

/** What an HTTP request to a pod gave. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A mesh under test: the cluster that TEST_KUBECONFIG names, with Istio's injector. */
export interface Mesh {
  readonly api: Api;
  readonly filters: MeshFilters;
  /** A namespace, with injection unless it is given other labels; removed at the end. */
  namespace(labels?: Readonly<Record<string, string>>): Promise<string>;
  /** Deploys with the built action, as a runner runs it. */
  deploy(
    inputs: Readonly<Record<string, string>>,
    options?: Pick<BundleOptions, 'onOutput' | 'environment'>,
  ): Promise<BundleRun>;
  /** Asks for a URL from inside a workload's pod, through its sidecar, and gives the answer's status line and headers. */
  fetchFrom(workload: Workload, url: string): Promise<string>;
  /** The answer of a path of Envoy's admin interface, from each ready pod of a workload. */
  askProxies(workload: Workload, path: string): Promise<readonly string[]>;
  /** The ready pods of a workload that are not ending. */
  pods(workload: Workload): Promise<readonly RunningPod[]>;
  stop(): Promise<void>;
}

export async function connectMesh(): Promise<Mesh> {
  const file = process.env.TEST_KUBECONFIG;
  if (!file) throw new Error('TEST_KUBECONFIG must name the kubeconfig of a mesh; "npm run test:cluster" starts one.');
  const kubeconfig = await readFile(file, 'utf8');
  const api = await connectApi(kubeconfig);
  const workspace = await mkdtemp(join(tmpdir(), 'mesh-'));
  const filters = await buildMeshFilters(workspace);
  const namespaces: string[] = [];
  return {
    api,
    filters,
    namespace: async (labels = { 'istio-injection': 'enabled' }) => {
      const name = `mesh-${randomBytes(4).toString('hex')}`;
      // Before it is there, so that whoever stops while it is made leaves none.
      namespaces.push(name);
      await api.create('/api/v1/namespaces', { metadata: { name, labels } });
      await eventually(`service account in ${name}`, () =>
        api.get(`/api/v1/namespaces/${name}/serviceaccounts/default`).catch(() => undefined),
      );
      return name;
    },
    deploy: (inputs, options = {}) =>
      runBundle({ ...options, workspace, inputs: { kubeconfig, 'root-id': 'add_header', timeout: '60s', ...inputs } }),
    fetchFrom: async (workload, url) => {
      const [pod] = await runningPods(api, workload);
      if (pod === undefined) throw new Error(`${workload.metadata.name} has no ready pod`);
      return execute(kubeconfig, workload.metadata.namespace ?? '', pod.name, ['wget', '-S', '-O', '-', url]);
    },
    askProxies: async (workload, path) => {
      const pods = await runningPods(api, workload);
      const command = ['pilot-agent', 'request', 'GET', path];
      const namespace = workload.metadata.namespace ?? '';
      return Promise.all(pods.map(({ name }) => execute(kubeconfig, namespace, name, command, 'istio-proxy')));
    },
    pods: (workload) => runningPods(api, workload),
    stop: async () => {
      for (const name of namespaces) await api.delete(`/api/v1/namespaces/${name}`).catch(() => undefined);
      await api.close();
      await rm(workspace, { recursive: true, force: true });
    },
  };
}

/** Runs a command in a container of a pod and gives all it printed; of the proxy's only its answer, without the agent's log. */
async function execute(
  kubeconfig: string,
  namespace: string,
  pod: string,
  command: readonly string[],
  container = 'app',
): Promise<string> {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const output = new PassThrough();
  const printed = text(output);
  await new Promise<void>((resolve, reject) => {
    new Exec(config)
      .exec(namespace, pod, container, [...command], output, container === 'app' ? output : null, null, false, () =>
        resolve(),
      )
      .catch(reject);
  });
  output.end();
  return printed;
}

async function runningPods(api: Api, { kind, metadata }: Workload): Promise<RunningPod[]> {
  const pods = await api.list<Pod & { status?: { podIP?: string } }>(`/api/v1/namespaces/${metadata.namespace}/pods`);
  return pods.flatMap((pod) => {
    const owner = ownerOf(pod);
    const ours = owner?.kind === kind && owner?.name === metadata.name;
    const address = pod.status?.podIP;
    if (!ours || !isReady(pod) || pod.metadata.deletionTimestamp !== undefined || address === undefined) return [];
    return [{ name: pod.metadata.name, address }];
  });
}

export const APP_PORT = 9080;
/** Has a shell and busybox. The mesh of this project carries it; elsewhere a name that can be pulled is given. */
const APP_IMAGE = process.env.TEST_APP_IMAGE ?? 'localhost/app:1';

export interface AppOptions {
  readonly kind?: WorkloadKind;
  readonly replicas?: number;
  readonly podAnnotations?: Readonly<Record<string, string>>;
  /** Further ports that answer, beside the first. */
  readonly morePorts?: readonly number[];
  /** What the Service declares its ports to be. */
  readonly protocol?: 'http' | 'tcp';
  readonly podLabels?: Readonly<Record<string, string>>;
}

const CGI = '/tmp/w/cgi-bin';
/** Prints a script that answers 500. */
const FAILING = "printf '#!/bin/sh\\necho Status: 500 Internal Server Error; echo'";
/** What apps answer with 500. */
export const FAILING_PATH = '/cgi-bin/fail';

/** A small web server that ends gently: after SIGTERM it answers for two more seconds. */
export function makeApp(namespace: string, name: string, options: AppOptions = {}): Workload {
  const { kind = 'Deployment', replicas = 1, podAnnotations = {}, morePorts = [], podLabels = {} } = options;
  const { protocol = 'http' } = options;
  const labels = { app: name };
  const servers = [APP_PORT, ...morePorts].map((port) => `busybox httpd -f -p ${port} -h /tmp/w &`).join(' ');
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace, labels },
    spec: {
      ...(kind === 'DaemonSet' ? {} : { replicas }),
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
      selector: { matchLabels: labels },
      template: {
        metadata: { labels: { ...labels, ...podLabels }, annotations: podAnnotations },
        spec: {
          terminationGracePeriodSeconds: 5,
          containers: [
            {
              name: 'app',
              image: APP_IMAGE,
              imagePullPolicy: 'IfNotPresent',
              ports: [APP_PORT, ...morePorts].map((containerPort) => ({
                containerPort,
                name: `${protocol}-${containerPort}`,
              })),
              command: [
                '/bin/sh',
                '-c',
                `mkdir -p ${CGI}; echo hello > /tmp/w/index.html; ${FAILING} > ${CGI}/fail; chmod +x ${CGI}/fail; trap 'sleep 2; exit 0' TERM; ${servers} wait`,
              ],
              readinessProbe: { httpGet: { path: '/', port: APP_PORT }, periodSeconds: 1 },
            },
          ],
        },
      },
    },
  } as unknown as Workload;
}

/** Creates apps, each with a Service of its name, and waits until they are ready. */
export async function createApps(mesh: Mesh, ...apps: readonly Workload[]): Promise<void> {
  for (const app of apps) await createService(mesh, app);
  await createWorkloads(mesh.api, ...apps);
}

/** Creates the Service of an app. */
export async function createService({ api }: Mesh, { metadata, spec }: Workload): Promise<void> {
  const ports = spec?.template?.spec?.containers?.flatMap(({ ports }) => ports ?? []) ?? [];
  await api.create(`/api/v1/namespaces/${metadata.namespace}/services`, {
    metadata: { name: metadata.name },
    spec: {
      selector: { app: metadata.name },
      ports: ports.map(({ containerPort, name }) => ({
        name,
        port: containerPort,
        appProtocol: name?.split('-')[0],
      })),
    },
  } as never);
}

/** One HTTP request on a new connection; rejects when there is no answer. */
export function call(address: string, port = APP_PORT, path = '/'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: address, port, path, agent: false, timeout: 5_000 }, (response) => {
      const { statusCode: status = 0, headers } = response;
      text(response).then((body) => resolve({ status, headers, body }), reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer within 5 s')));
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** The values of a header that the pods of a workload answer with, one per ready pod. */
export async function headerOfPods(
  mesh: Mesh,
  workload: Workload,
  header: string,
  port = APP_PORT,
): Promise<(string | undefined)[]> {
  const pods = await mesh.pods(workload);
  return Promise.all(
    pods.map(async ({ address }) => {
      const { headers } = await call(address, port);
      return headers[header]?.toString();
    }),
  );
}

/** The names of the HTTP filters for requests to a port, as each ready pod of a workload has them. */
export async function httpFiltersOf(mesh: Mesh, workload: Workload, port: number): Promise<readonly string[][]> {
  const dumps = await mesh.askProxies(workload, 'config_dump?resource=dynamic_listeners');
  return dumps.map((dump) => {
    const listeners = parseListeners(dump);
    if (!listeners.ok) throw new Error(listeners.problems.map(({ message }) => message).join(' '));
    const inbound = listeners.value.filter(({ direction }) => direction === 'inbound');
    const chain = inbound.flatMap(({ active }) => active).find((one) => one.port === port && one.http);
    return [...(chain?.httpFilters ?? [])];
  });
}

/** The path of the objects of a kind in a namespace that are this action's. */
export function ownedPath(of: Resource, namespace: string | undefined): string {
  return `${resourcePath(of, namespace)}?labelSelector=${encodeURIComponent(OWNED_SELECTOR)}`;
}

/** The names of this action's objects of some kinds in a namespace. */
export async function ownedNames(
  { api }: Pick<Mesh, 'api'>,
  namespace: string | undefined,
  ...kinds: Resource[]
): Promise<string[]> {
  const lists = await Promise.all(kinds.map((of) => api.list(ownedPath(of, namespace))));
  return lists.flat().map(({ metadata }) => metadata.name);
}

/** The names of this action's ConfigMaps and EnvoyFilters in a workload's namespace. */
export function objectsOf(mesh: Pick<Mesh, 'api'>, { metadata: { namespace } }: Workload): Promise<string[]> {
  return ownedNames(mesh, namespace, CONFIG_MAP, ENVOY_FILTER);
}
