import { mapLimited } from '../../base/concurrency.ts';
import { pick } from '../../base/json.ts';
import type { Client } from '../../cluster/client.ts';
import { isApiError } from '../../cluster/errors.ts';
import type { KubernetesObject, Pod } from '../../cluster/objects.ts';
import { PROXY_CONTAINER } from '../../cluster/pods.ts';
import {
  CONFIG_MAP,
  CRON_JOB,
  ENVOY_FILTER,
  JOB,
  PLUGINS,
  type PluginKind,
  POD,
  type Resource,
} from '../../cluster/resources.ts';
import { digestOf } from '../../filter/module/module.ts';
import { isOwned } from '../../mesh/identity/names.ts';
import type { ConfigMap } from '../../mesh/objects/config-map.ts';
import type { EnvoyFilter } from '../../mesh/objects/envoy-filter.ts';
import { fromStored } from '../../mesh/objects/traffic-extension.ts';
import type { WasmPlugin } from '../../mesh/objects/wasm-plugin.ts';
import type { ProxyChain } from '../../mesh/unmanaged/adoption-limits.ts';

/** The files of somebody's ConfigMap: their digests by key. */
export type ConfigMapFiles = Readonly<Record<string, string>>;

/** What makes pods beside the kinds that can be a target. */
export interface OtherPods {
  /** `CronJob shop/report`. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What the cluster and its proxies have of filters that are not this action's, as far as this run may read it. */
export interface UnmanagedView {
  /** The EnvoyFilters that apply to every namespace. */
  readonly meshEnvoyFilters: readonly EnvoyFilter[];
  /** The plugins that may reach pods of a namespace: its own, and those of every namespace. */
  plugins(namespace: string): readonly WasmPlugin[];
  /** The files of a ConfigMap; `undefined` if it was not or could not be read. */
  files(namespace: string, configMap: string): ConfigMapFiles | undefined;
  /** Pods, and what will make pods, that belong to no Deployment, StatefulSet or DaemonSet. */
  otherPods(namespace: string): readonly OtherPods[];
  /** The chains of a proxy of a workload that runs now; `undefined` if nobody could look. */
  chains(workload: string): readonly ProxyChain[] | undefined;
}

/** Of a run that has nothing to know of it. */
export const NOTHING_UNMANAGED: UnmanagedView = {
  meshEnvoyFilters: [],
  plugins: () => [],
  files: () => undefined,
  otherPods: () => [],
  chains: () => undefined,
};

/** Istio's own default (https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-root_namespace). */
export const ROOT_NAMESPACE = 'istio-system';
const NOT_OWNED = 'app.kubernetes.io/managed-by!=deploy-wasm-filter';
const PARALLEL_READS = 8;

/**
 * The namespace whose objects apply to the whole mesh, as far as a proxy shows: that of its istiod, which is the default of the
 * mesh's `rootNamespace`.
 */
export function rootNamespaceOf(pods: readonly Pod[]): string | undefined {
  for (const { spec } of pods) {
    const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
    const env = containers.find(({ name }) => name === PROXY_CONTAINER)?.env ?? [];
    const textOf = (name: string): string => env.find((one) => one.name === name)?.value ?? '';
    const address = /"discoveryAddress":\s*"([^"]+)"/.exec(textOf('PROXY_CONFIG'))?.[1] ?? textOf('CA_ADDR');
    const namespace = /^[^.:]+\.([a-z0-9-]+)\.svc\b/.exec(address)?.[1];
    if (namespace !== undefined) return namespace;
  }
  return undefined;
}

/** Reads what may be read; what may not, or is not there, counts as nothing. @throws ApiError for any other answer */
export class UnmanagedReader {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** The root namespace of the mesh that the pods of a namespace belong to, by some of them. */
  async rootNamespace(namespace: string): Promise<string> {
    const pods = (await this.#tolerate(() => this.#client.listSome<Pod>(POD, namespace))) ?? [];
    return rootNamespaceOf(pods) ?? ROOT_NAMESPACE;
  }

  /** The EnvoyFilters of a namespace that are not ours. */
  async envoyFilters(namespace: string): Promise<readonly EnvoyFilter[]> {
    const found = await this.#list<EnvoyFilter>(ENVOY_FILTER, namespace);
    return found.filter((one) => !isOwned(one));
  }

  /** The plugins of a namespace that are not ours, of both kinds. */
  async plugins(namespace: string): Promise<readonly WasmPlugin[]> {
    const kinds = Object.keys(PLUGINS) as PluginKind[];
    const lists = await Promise.all(
      kinds.map(async (kind) => {
        const found = await this.#list<WasmPlugin>(PLUGINS[kind], namespace, { labelSelector: NOT_OWNED });
        return found.map((one) => fromStored({ ...one, kind }));
      }),
    );
    return lists.flat();
  }

  /** The files of ConfigMaps, by `namespace/name`. */
  async files(configMaps: readonly string[]): Promise<ReadonlyMap<string, ConfigMapFiles>> {
    const read = await mapLimited([...new Set(configMaps)], PARALLEL_READS, async (key) => {
      const [namespace = '', name = ''] = key.split('/');
      const found = await this.#tolerate(() => this.#client.get<ConfigMap>(CONFIG_MAP, namespace, name));
      return found === undefined ? undefined : ([key, filesOf(found)] as const);
    });
    return new Map(read.filter((entry) => entry !== undefined));
  }

  /** The pods of a namespace that no workload of this action makes, and what will make such pods. */
  async otherPods(namespace: string, isWorkloadPod: (pod: Pod) => boolean): Promise<readonly OtherPods[]> {
    const [pods, cronJobs, jobs] = await Promise.all([
      this.#list<Pod>(POD, namespace),
      this.#list<KubernetesObject>(CRON_JOB, namespace),
      this.#list<KubernetesObject>(JOB, namespace),
    ]);
    const alive = pods.filter(
      (pod) => !isWorkloadPod(pod) && pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed',
    );
    return [
      ...alive.map(({ metadata }) => ({ name: `Pod ${namespace}/${metadata.name}`, labels: metadata.labels ?? {} })),
      ...cronJobs.map((one) => makerOf('CronJob', namespace, one, ['spec', 'jobTemplate', 'spec'])),
      ...jobs
        .filter((one) => pick(one, 'status', 'completionTime') === undefined)
        .map((one) => makerOf('Job', namespace, one, ['spec'])),
    ];
  }

  async #list<T extends KubernetesObject>(
    resource: Resource,
    namespace: string,
    options: { readonly labelSelector?: string } = {},
  ): Promise<readonly T[]> {
    return (await this.#tolerate(async () => (await this.#client.list<T>(resource, namespace, options)).items)) ?? [];
  }

  async #tolerate<T>(read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      if (isApiError(error, 403, 404)) return undefined;
      throw error;
    }
  }
}

function makerOf(kind: string, namespace: string, object: KubernetesObject, path: readonly string[]): OtherPods {
  const labels = pick(object, ...path, 'template', 'metadata', 'labels');
  return { name: `${kind} ${namespace}/${object.metadata.name}`, labels: (labels ?? {}) as OtherPods['labels'] };
}

function filesOf({ data = {}, binaryData = {} }: ConfigMap): ConfigMapFiles {
  return Object.fromEntries([
    ...Object.entries(data).map(([key, text]) => [key, digestOf(Buffer.from(text))]),
    ...Object.entries(binaryData).map(([key, text]) => [key, digestOf(Buffer.from(text, 'base64'))]),
  ]);
}
