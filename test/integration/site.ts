/** What the suites of the engine do with the workloads of one test: run the action on them, look at them, and read what was written. */
import { isObject } from '../../src/base/json.ts';
import type { KubernetesObject, Workload } from '../../src/cluster/objects.ts';
import { CONFIG_MAP, ENVOY_FILTER, type Resource, resourcePath, WASM_PLUGIN } from '../../src/cluster/resources.ts';
import {
  GARBAGE_ANNOTATION,
  OWNED_SELECTOR,
  podLabel,
  REVISION_LABEL,
  SCOUT_LABEL,
  STATE_ANNOTATION,
  USER_VOLUME_ANNOTATION,
  USER_VOLUME_MOUNT_ANNOTATION,
  VERIFIED_ANNOTATION,
} from '../../src/mesh/identity/names.ts';
import { parseState, type WorkloadState } from '../../src/mesh/identity/state.ts';
import type { ConfigMap } from '../../src/mesh/objects/config-map.ts';
import type { EnvoyFilter } from '../../src/mesh/objects/envoy-filter.ts';
import type { WasmPlugin } from '../../src/mesh/objects/wasm-plugin.ts';
import { type ActionInputs, type ActionRun, type RunOptions, runAction } from '../harness/action.ts';
import type { TestCluster } from '../harness/cluster.ts';
import type { Gateway, GatewayOptions } from '../harness/gateway-objects.ts';
import { createGateway, gatewayPluginsOf } from '../harness/gateways.ts';
import { WORKLOADS } from '../harness/kinds.ts';
import type { RecordedRequest } from '../harness/recorder.ts';
import { createWorkloads, makeWorkload, pathOf, type WorkloadOptions } from '../harness/workloads.ts';
import type { ApiObject } from '../kubelet/client.ts';

export const FILTER = 'add-header';

/** A write, by the object that it changes. */
export interface Write {
  readonly action: 'create' | 'change' | 'delete';
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** The labels and annotations of a pod template. */
export interface Template {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A namespace of a test's own, and the filter `add-header` there. */
export class Site {
  readonly cluster: TestCluster;
  readonly namespace: string;

  constructor(cluster: TestCluster, namespace: string) {
    this.cluster = cluster;
    this.namespace = namespace;
  }

  /** Makes a workload and waits until it is ready. */
  async workload(name: string, options: WorkloadOptions = {}): Promise<Workload> {
    const workload = makeWorkload(this.namespace, name, options);
    await createWorkloads(this.cluster.api, workload);
    return workload;
  }

  /** Makes a Gateway, and waits until istiod's stand-in has made its pods and they are ready. */
  gateway(name: string, options: GatewayOptions = {}): Promise<Gateway> {
    return createGateway(this.cluster.api, this.namespace, name, options);
  }

  /** The WasmPlugins that are attached to a Gateway, by their names. */
  gatewayPlugins(gateway: Gateway): Promise<readonly ApiObject[]> {
    return gatewayPluginsOf(this.cluster.api, gateway);
  }

  /** Runs a command; the target list is of Deployments when it is given by names. */
  run(
    command: string,
    targets: readonly string[] | string,
    more: ActionInputs = {},
    options: RunOptions = {},
  ): Promise<ActionRun> {
    const list = typeof targets === 'string' ? targets : targets.map((name) => `- deployment/${name}`).join('\n');
    const own = command === 'deploy' || command === 'plan' ? { filter: 'filter.wasm' } : {};
    return runAction(
      {
        ...own,
        command,
        name: FILTER,
        namespace: this.namespace,
        targets: list,
        kubeconfig: this.cluster.recorder.kubeconfig(),
        ...(command === 'status' ? {} : { timeout: '30s' }),
        ...more,
      },
      options,
    );
  }

  /** Deploys with a configuration, and expects it to go well. Gives the revision. */
  async deployed(targets: readonly string[] | string, configuration: string, more: ActionInputs = {}): Promise<string> {
    const { report } = await this.run('deploy', targets, { configuration, ...more });
    const [problem] = [...report.problems, ...report.targets.flatMap((target) => target.problem ?? [])];
    if (problem !== undefined) throw new Error(problem.message);
    return report.targets[0]?.revisions[0]?.revision ?? '';
  }

  read(workload: Workload): Promise<Workload> {
    return this.cluster.api.get<Workload>(pathOf(workload));
  }

  async template(workload: Workload): Promise<Template> {
    const { labels = {}, annotations = {} } = (await this.read(workload)).spec?.template?.metadata ?? {};
    return { labels, annotations };
  }

  async state(workload: Workload): Promise<WorkloadState> {
    return parseState((await this.read(workload)).metadata.annotations?.[STATE_ANNOTATION]);
  }

  /** Changes keys of a workload as somebody else; null takes one away. */
  async edit(
    workload: Workload,
    { labels, annotations, own }: Readonly<Record<string, Readonly<Record<string, string | null>>>>,
    manager = 'tester',
  ): Promise<void> {
    const template = {
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
    };
    await this.cluster.api.patch(
      pathOf(workload),
      {
        ...(own === undefined ? {} : { metadata: { annotations: own } }),
        ...(Object.keys(template).length === 0 ? {} : { spec: { template: { metadata: template } } }),
      },
      manager,
    );
  }

  /** The path of an object of a revision. */
  path(resource: Resource, revision?: string, filter = FILTER): string {
    return resourcePath(resource, this.namespace, revision === undefined ? undefined : `${filter}-${revision}`);
  }

  configMap(revision: string, filter = FILTER): Promise<ConfigMap> {
    return this.cluster.api.get(this.path(CONFIG_MAP, revision, filter));
  }

  envoyFilter(revision: string, filter = FILTER): Promise<EnvoyFilter> {
    return this.cluster.api.get(this.path(ENVOY_FILTER, revision, filter));
  }

  wasmPlugin(revision: string, filter = FILTER): Promise<WasmPlugin> {
    return this.cluster.api.get(this.path(WASM_PLUGIN, revision, filter));
  }

  /** The objects of ours: `ConfigMap REVISION`, sorted. */
  async objects(): Promise<string[]> {
    const lists = await Promise.all(
      [CONFIG_MAP, ENVOY_FILTER, WASM_PLUGIN].map(async (resource) =>
        (
          await this.cluster.api.list<KubernetesObject>(
            `${this.path(resource)}?labelSelector=${encodeURIComponent(OWNED_SELECTOR)}`,
          )
        ).map(({ metadata }) => `${resource.kind} ${metadata.labels?.[REVISION_LABEL]}`),
      ),
    );
    return lists.flat().sort();
  }
}

/** Both objects of each revision, as `Site.objects` gives them. */
export function objectsOf(...revisions: readonly string[]): string[] {
  return revisions.flatMap((revision) => [`ConfigMap ${revision}`, `EnvoyFilter ${revision}`]).sort();
}

/** The same for revisions whose image the proxies pull. */
export function pulledObjectsOf(...revisions: readonly string[]): string[] {
  return revisions.flatMap((revision) => [`ConfigMap ${revision}`, `WasmPlugin ${revision}`]).sort();
}

/** What a pod template has of a filter. */
export function filterKeys(
  { labels, annotations }: Template,
  filter = FILTER,
): Readonly<Record<string, string | undefined>> {
  return {
    label: labels[podLabel(filter)],
    volumes: annotations[USER_VOLUME_ANNOTATION],
    mounts: annotations[USER_VOLUME_MOUNT_ANNOTATION],
  };
}

const KINDS = new Map(
  [CONFIG_MAP, ENVOY_FILTER, WASM_PLUGIN, ...Object.values(WORKLOADS)].map(({ plural, kind }) => [plural, kind]),
);
const BOOKKEEPING = [VERIFIED_ANNOTATION, GARBAGE_ANNOTATION];

/**
 * The writes that took effect, by object, in their order. Left out are the notes that the action makes for itself on objects of
 * its own, merge patches of nothing but the annotations `verified` and `garbage`, and writes that met another one (409) and were
 * tried again; nor scouts, which come and go.
 */
export function writesOf(requests: readonly RecordedRequest[]): Write[] {
  const ofScouts = new Set(
    requests.flatMap(({ path, body = '' }) =>
      path.includes('/deploy-wasm-filter-scout-') || body.includes(`"${SCOUT_LABEL}"`) ? path.replace(/\?.*/, '') : [],
    ),
  );
  return requests
    .filter(({ path }) => !ofScouts.has(path.replace(/\?.*/, '')))
    .flatMap((request): Write[] => {
      const { method, path, status } = request;
      const [, namespace = '', plural = '', name = ''] = /\/namespaces\/([^/]+)\/([^/?]+)\/([^/?]+)/.exec(path) ?? [];
      if (status === 0 || status >= 400 || isBookkeeping(request)) return [];
      return [
        {
          action: method === 'DELETE' ? 'delete' : status === 201 ? 'create' : 'change',
          kind: KINDS.get(plural) ?? plural,
          namespace,
          name,
        },
      ];
    });
}

/** Writes as lines that are easy to compare: `change Deployment reviews`. */
export function lines(writes: readonly Write[]): string[] {
  return writes.map(({ action, kind, name }) => `${action} ${kind} ${name}`);
}

function isBookkeeping({ method, body = '' }: RecordedRequest): boolean {
  if (method !== 'PATCH') return false;
  const { metadata, ...rest } = JSON.parse(body) as Record<string, unknown>;
  if (Object.keys(rest).length > 0 || !isObject(metadata)) return false;
  const { annotations, ...others } = metadata;
  return (
    Object.keys(others).length === 0 &&
    isObject(annotations) &&
    Object.keys(annotations).every((key) => BOOKKEEPING.includes(key))
  );
}
