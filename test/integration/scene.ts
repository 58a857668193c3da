import type { Pod, Workload } from '../../src/cluster/objects.ts';
import type { TargetReport } from '../../src/deploy/report/report.ts';
import { type ActionInputs, type ActionRun, type RunOptions, runAction, type SeenReport } from '../harness/action.ts';
import { eventually, grant } from '../harness/api.ts';
import type { TestCluster } from '../harness/cluster.ts';
import type { Gateway, GatewayOptions } from '../harness/gateway-objects.ts';
import { createGateway } from '../harness/gateways.ts';
import type { FaultRule, RecordedRequest } from '../harness/recorder.ts';
import { createWorkloads, makeWorkload, pathOf, type WorkloadOptions } from '../harness/workloads.ts';
import { startInputs } from './start-inputs.ts';

/** What the permissions of a deployment are, without those of the evidence. */
export const WRITE_RULES = [
  { apiGroups: [''], resources: ['configmaps'], verbs: ['list', 'create', 'patch', 'delete'] },
  { apiGroups: ['networking.istio.io'], resources: ['envoyfilters'], verbs: ['list', 'create', 'patch', 'delete'] },
  {
    apiGroups: ['apps'],
    resources: ['deployments', 'statefulsets', 'daemonsets'],
    verbs: ['get', 'list', 'watch', 'patch'],
  },
  { apiGroups: ['argoproj.io'], resources: ['rollouts'], verbs: ['get', 'list', 'watch', 'patch'] },
];
/** The permissions on pods, by what they are for. */
export const POD_RULES = {
  list: { apiGroups: [''], resources: ['pods', 'pods/log', 'events'], verbs: ['get', 'list'] },
  listWithoutLogs: { apiGroups: [''], resources: ['pods', 'events'], verbs: ['get', 'list'] },
  exec: { apiGroups: [''], resources: ['pods/exec'], verbs: ['get', 'create'] },
  proxy: { apiGroups: [''], resources: ['pods/proxy'], verbs: ['get'] },
  scouts: { apiGroups: [''], resources: ['pods'], verbs: ['create', 'delete', 'watch'] },
};

const SWITCH = 'switch';

/**
 * A namespace that one test has to itself, with the workloads that are made in it and the requests that are about it: tests
 * that run side by side do not see each other.
 */
export class Scene {
  readonly cluster: TestCluster;
  readonly namespace: string;
  readonly #workloads: Workload[] = [];
  #forgotten = 0;
  #hasSwitch = false;
  #users = 0;

  private constructor(cluster: TestCluster, namespace: string) {
    this.cluster = cluster;
    this.namespace = namespace;
  }

  /** @param labels further labels of the namespace */
  static async open(cluster: TestCluster, labels: Readonly<Record<string, string>> = {}): Promise<Scene> {
    const namespace = await cluster.namespace();
    if (Object.keys(labels).length > 0) {
      await cluster.api.patch(`/api/v1/namespaces/${namespace}`, { metadata: { labels } });
    }
    return new Scene(cluster, namespace);
  }

  /** Makes a workload whose pods become ready. */
  async workload(name = 'reviews', options: WorkloadOptions = {}): Promise<Workload> {
    const workload = makeWorkload(this.namespace, name, options);
    await createWorkloads(this.cluster.api, workload);
    this.#workloads.push(workload);
    return workload;
  }

  /** Makes a Gateway, and waits until istiod's stand-in has made its pods and they are ready. It is no target of `deploy` by itself. */
  gateway(name = 'web', options: GatewayOptions = {}): Promise<Gateway> {
    return createGateway(this.cluster.api, this.namespace, name, options);
  }

  /**
   * Makes a workload whose pods, from any template, become ready or not as `turn` says at the time: they mount a ConfigMap that
   * the simulated kubelet takes for a filter's.
   */
  async switched(name: string, options: WorkloadOptions = {}): Promise<Workload> {
    if (!this.#hasSwitch) await this.#createSwitch();
    this.#hasSwitch = true;
    const workload = makeWorkload(this.namespace, name, options);
    const spec = workload.spec?.template?.spec as { volumes?: unknown };
    spec.volumes = [{ name: SWITCH, configMap: { name: SWITCH } }];
    await createWorkloads(this.cluster.api, workload);
    this.#workloads.push(workload);
    return workload;
  }

  /** From now on new pods of a `switched` workload become ready, or never do. */
  async turn(to: 'well' | 'unready'): Promise<void> {
    const value = to === 'well' ? WELL : Buffer.from('no wasm').toString('base64');
    await this.cluster.api.patch(`/api/v1/namespaces/${this.namespace}/configmaps/${SWITCH}`, {
      binaryData: { value },
    });
  }

  /** From now on new pods of a `switched` workload wait for a volume. Returns what lets them, and those that wait, become ready. */
  async hold(): Promise<() => Promise<void>> {
    await this.cluster.api.delete(`/api/v1/namespaces/${this.namespace}/configmaps/${SWITCH}`);
    return () => this.#createSwitch();
  }

  async #createSwitch(): Promise<void> {
    const configMap = { metadata: { name: SWITCH }, binaryData: { value: WELL } };
    await this.cluster.api.create(`/api/v1/namespaces/${this.namespace}/configmaps`, configMap as never);
  }

  /** Runs the action; what is not given is a deployment to every workload of the scene that takes its usual course. */
  async deploy(inputs: ActionInputs = {}, options: RunOptions = {}): Promise<SeenReport> {
    return (await this.run(inputs, options)).report;
  }

  /** As `deploy`, with the log. */
  run(inputs: ActionInputs = {}, options: RunOptions = {}): Promise<ActionRun> {
    return runAction(
      {
        ...startInputs(this.namespace, this.#workloads),
        kubeconfig: this.cluster.recorder.kubeconfig(),
        ...inputs,
      },
      options,
    );
  }

  /** The kubeconfig of a user who has these permissions in the namespace. */
  async user(...rules: readonly object[]): Promise<string> {
    const name = `${this.namespace}-${++this.#users}`;
    await grant(this.cluster.api, this.namespace, name, rules);
    return this.cluster.recorder.kubeconfig(name);
  }

  /** What came about this namespace since the start, or since `forget`. */
  get requests(): readonly RecordedRequest[] {
    return this.#own(this.cluster.recorder.requests.slice(this.#forgotten));
  }

  /** Those that change objects, without those that met a controller's update at the same moment and were tried again. */
  get writes(): readonly RecordedRequest[] {
    return this.#own(this.cluster.recorder.writes).filter(
      (request) => request.status !== 409 && this.requests.includes(request),
    );
  }

  /** The looks into proxies. */
  get execs(): readonly RecordedRequest[] {
    return this.requests.filter(({ path }) => /\/pods\/[^/]+\/exec\?/.test(path));
  }

  /** The patches of one workload. */
  patchesOf(workload: Workload): readonly RecordedRequest[] {
    return this.writes.filter(({ path }) => path.startsWith(`${pathOf(workload)}?`));
  }

  forget(): void {
    this.#forgotten = this.cluster.recorder.requests.length;
  }

  /** Makes faults of requests about this namespace. */
  inject(rule: FaultRule): void {
    this.cluster.recorder.inject((request) => (this.#isOwn(request) ? rule(request) : undefined));
  }

  now(workload: Workload): Promise<Workload> {
    return this.cluster.api.get<Workload>(pathOf(workload));
  }

  pods(): Promise<readonly Pod[]> {
    return this.cluster.api.list<Pod>(`/api/v1/namespaces/${this.namespace}/pods`);
  }

  /** The names of the ConfigMaps and EnvoyFilters that are ours. */
  async objects(): Promise<{ readonly configMaps: readonly string[]; readonly envoyFilters: readonly string[] }> {
    const { namespace } = this;
    const names = async (collection: string): Promise<string[]> =>
      (await this.cluster.api.list(`${collection}?labelSelector=deploy-wasm-filter/name`))
        .map(({ metadata }) => metadata.name)
        .sort();
    return {
      configMaps: await names(`/api/v1/namespaces/${namespace}/configmaps`),
      envoyFilters: await names(`/apis/networking.istio.io/v1alpha3/namespaces/${namespace}/envoyfilters`),
    };
  }

  /** Resolves when a request about this namespace was recorded that fits. */
  seen(what: string, fits: (request: RecordedRequest) => boolean): Promise<RecordedRequest> {
    return eventually(what, async () => this.requests.find(fits));
  }

  #own(requests: readonly RecordedRequest[]): readonly RecordedRequest[] {
    return requests.filter((request) => this.#isOwn(request));
  }

  #isOwn({ path }: { readonly path: string }): boolean {
    return path.includes(`/namespaces/${this.namespace}/`);
  }
}

/** The first bytes of a module, which is all that the simulated kubelet looks at. */
const WELL = Buffer.from('\0asm').toString('base64');

/** The one target of a run. */
export function onlyTarget({ targets }: SeenReport): TargetReport {
  const [target, ...others] = targets;
  if (target === undefined || others.length > 0) throw new Error(`${targets.length} targets, not one`);
  return target;
}

/** The id of the revision that a target runs or was to run. */
export function revisionOf({ revisions }: TargetReport): string {
  return revisions[0]?.revision ?? '';
}

/** The label of a pod template that names the revision of the scene's filter. */
export const REVISION_LABEL = 'deploy-wasm-filter/add-header';

/** Whether a request puts this revision, or none, on a workload. */
export const puts =
  (workload: Workload, revision: string | null) =>
  ({ method, path, body = '' }: Omit<RecordedRequest, 'status'>): boolean =>
    method === 'PATCH' &&
    path.startsWith(`${pathOf(workload)}?`) &&
    body.includes(`"${REVISION_LABEL}":${JSON.stringify(revision)}`);

/** What controllers write on workloads for themselves. */
const CONTROLLERS_KEYS = ['deployment.kubernetes.io/revision', 'deprecated.daemonset.template.generation'];

/** What of a workload a user or this action decides, without what the API server and controllers write on their own. */
export function ownPart({ metadata, spec }: Workload): unknown {
  const { managedFields: _, resourceVersion: __, generation: ___, annotations = {}, ...rest } = { ...metadata };
  const kept = Object.entries(annotations).filter(([key]) => !CONTROLLERS_KEYS.includes(key));
  return { metadata: { ...rest, annotations: Object.fromEntries(kept) }, spec };
}
