import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pod, Workload } from '../../src/cluster/objects.ts';
import { ENVOY_FILTER } from '../../src/cluster/resources.ts';
import { FILTER_LABEL, podLabel, REVISION_LABEL } from '../../src/mesh/identity/names.ts';
import type { Api } from '../harness/api.ts';
import { startTestCluster } from '../harness/cluster.ts';
import { createWorkloads, makeWorkload } from '../harness/workloads.ts';
import { buildMeshFilters, type MeshFilters } from '../mesh/filters.ts';
import { connectMesh, createApps, headerOfPods, makeApp, ownedPath } from '../mesh/mesh.ts';

/** Where the workflows of the suite deploy to: a mesh if TEST_KUBECONFIG names one, else the embedded cluster. */
export interface Shop {
  readonly api: Api;
  readonly filters: MeshFilters;
  /** A kubeconfig, as a secret of one line. */
  readonly kubeconfig: string;
  /** Makes a namespace; the embedded cluster takes a name. */
  namespace(name?: string): Promise<string>;
  /** Starts a workload of one pod, with the label "shop=open", and waits until it is ready. */
  start(namespace: string, name: string): Promise<Workload>;
  /** The values of a header in the answers of a workload's pods. On the embedded cluster: what the pods' filters would set it to. */
  headers(workload: Workload, header: string): Promise<readonly (string | undefined)[]>;
  stop(): Promise<void>;
}

const LABELS = { shop: 'open' };

export function openShop(): Promise<Shop> {
  const file = process.env.TEST_KUBECONFIG;
  return file ? onMesh(file) : onEmbeddedCluster();
}

async function onMesh(file: string): Promise<Shop> {
  const mesh = await connectMesh();
  const { api, filters } = mesh;
  return {
    api,
    filters,
    kubeconfig: secret(await readFile(file, 'utf8')),
    namespace: () => mesh.namespace(),
    start: async (namespace, name) => {
      const app = makeApp(namespace, name);
      const labelled = { ...app, metadata: { ...app.metadata, labels: { ...app.metadata.labels, ...LABELS } } };
      await createApps(mesh, labelled);
      return labelled;
    },
    headers: (workload, header) => headerOfPods(mesh, workload, header),
    stop: () => mesh.stop(),
  };
}

/** @param built the filters of another shop, which need not be built again */
export async function onEmbeddedCluster(built?: MeshFilters): Promise<Shop> {
  const folder = await mkdtemp(join(tmpdir(), 'shop-'));
  const filters = built ?? (await buildMeshFilters(folder));
  // None of the real clusters, so an embedded one.
  const cluster = await startTestCluster([], [], Number.POSITIVE_INFINITY);
  const { api } = cluster;
  return {
    api,
    filters,
    kubeconfig: secret(cluster.recorder.kubeconfig()),
    namespace: (name) => cluster.namespace(name),
    start: async (namespace, name) => {
      const workload = makeWorkload(namespace, name, { labels: LABELS });
      await createWorkloads(api, workload);
      return workload;
    },
    headers: async ({ metadata: { namespace, name } }, header) => {
      const pods = await api.list<Pod>(`/api/v1/namespaces/${namespace}/pods?labelSelector=app%3D${name}`);
      const plugins = await api.list(ownedPath(ENVOY_FILTER, namespace));
      return pods.map(({ metadata: { labels: worn = {} } }) => {
        const inserted = plugins.find(({ metadata: { labels = {} } }) => {
          const { [FILTER_LABEL]: filter = '', [REVISION_LABEL]: revision } = labels;
          return worn[podLabel(filter)] === revision;
        });
        return JSON.stringify(inserted ?? {})
          .split(`"${header}: `)[1]
          ?.split('"')[0];
      });
    },
    stop: async () => {
      await cluster.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function secret(kubeconfig: string): string {
  return Buffer.from(kubeconfig).toString('base64');
}
