/** A cluster with simulated sidecars, and a client that goes through the recorder, as the code under test does. */
import type { Workload } from '../../../src/cluster/objects.ts';
import { type Api, connectApi } from '../../harness/api.ts';
import { startTestCluster, type TestCluster } from '../../harness/cluster.ts';
import { type ExecAnswer, execInPod } from '../../harness/exec-client.ts';
import { createWorkloads, makeWorkload } from '../../harness/workloads.ts';
import type { ApiObject } from '../../kubelet/client.ts';
import { envoyFilter, wasmPatch } from './builders.ts';

const MODULE = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
const FILE = '/var/lib/a/a-0123456789.wasm';
const DUMP = ['pilot-agent', 'request', 'GET', 'config_dump?resource=dynamic_listeners'];

export interface PodAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

export interface Call {
  readonly method?: 'GET' | 'POST';
  /** The admin's, through the recorder, when absent. */
  readonly client?: Api;
}

export interface ExecCall {
  readonly command?: readonly string[];
  readonly container?: string;
  readonly protocols?: readonly string[];
  readonly client?: Api;
}

export interface SidecarBed {
  readonly cluster: TestCluster;
  readonly namespace: string;
  /** The admin's, through the recorder. */
  readonly api: Api;
  /** The path of the EnvoyFilters. */
  readonly filters: string;
  /** A user's, through the recorder. */
  connectAs(user: string): Promise<Api>;
  podPath(name: string): string;
  /** An EnvoyFilter for the pods of one app that inserts a filter with a configuration. */
  filterFor(app: string, configuration: string, file?: string): ApiObject;
  /** Starts a pod of an app that mounts the filter's file, and gives its name. */
  startPod(app: string, annotations?: Readonly<Record<string, string>>, sidecar?: boolean): Promise<string>;
  /** Sends a request to `POD:PORT`. */
  fetch(target: string, path?: string, call?: Call): Promise<PodAnswer>;
  /** Asks the proxy for its listeners when no other command is given. */
  exec(pod: string, call?: ExecCall): Promise<ExecAnswer>;
  stop(): Promise<void>;
}

export async function startSidecarBed(): Promise<SidecarBed> {
  const cluster = await startTestCluster();
  const namespace = await cluster.namespace();
  const clients: Api[] = [];
  const connect = async (user?: string): Promise<Api> => {
    const client = await connectApi(cluster.recorder.kubeconfig(user));
    clients.push(client);
    return client;
  };
  const api = await connect();
  await cluster.api.create(`/api/v1/namespaces/${namespace}/configmaps`, {
    metadata: { name: 'a' },
    binaryData: { 'a-0123456789.wasm': MODULE.toString('base64') },
  } as never);
  const podPath = (name: string): string => `/api/v1/namespaces/${namespace}/pods/${name}`;
  return {
    cluster,
    namespace,
    api,
    filters: `/apis/networking.istio.io/v1alpha3/namespaces/${namespace}/envoyfilters`,
    connectAs: connect,
    podPath,
    filterFor: (app, configuration, file = FILE) => {
      const patch = wasmPatch('a', { context: 'SIDECAR_INBOUND', configuration, file });
      return { ...envoyFilter(app, [patch], { labels: { app } }), metadata: { name: app, namespace } };
    },
    startPod: async (app, annotations = {}, sidecar = true) => {
      const workload: Workload = makeWorkload(namespace, app, {
        kind: 'StatefulSet',
        sidecar,
        podAnnotations: {
          'sidecar.istio.io/userVolume': JSON.stringify([{ name: 'a', configMap: { name: 'a' } }]),
          'sidecar.istio.io/userVolumeMount': JSON.stringify([{ name: 'a', mountPath: '/var/lib/a' }]),
          ...annotations,
        },
      });
      await createWorkloads(cluster.api, workload);
      return `${app}-0`;
    },
    fetch: async (target, path = '/', { method = 'GET', client = api } = {}) => {
      const { dispatcher, server: origin, headers } = client;
      const answer = await dispatcher.request({ origin, path: `${podPath(target)}/proxy${path}`, method, headers });
      return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
    },
    exec: (name, { command = DUMP, client = api, ...options } = {}) =>
      execInPod(client, { namespace, name }, command, options),
    stop: async () => {
      for (const client of clients) await client.close();
      await cluster.stop();
    },
  };
}
