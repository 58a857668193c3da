import type { Problem, Result } from '../../src/base/problem.ts';
import type { KubernetesObject, PodTemplate, Workload } from '../../src/cluster/objects.ts';
import type { PluginKind } from '../../src/cluster/resources.ts';
import { kindNames } from '../../src/deploy/kinds/kinds.ts';
import { type ClusterSnapshot, objectFinder } from '../../src/deploy/observe/snapshot.ts';
import { NOTHING_UNMANAGED, type UnmanagedView } from '../../src/deploy/observe/unmanaged.ts';
import type { Plan } from '../../src/deploy/plan/plan.ts';
import type { DeployRequest, FilterRequest } from '../../src/deploy/request.ts';
import { BEFORE_ROUTER } from '../../src/filter/insertion.ts';
import { checkModule, type FilterModule } from '../../src/filter/module/module.ts';
import type { FilterSettings, ImageDelivery } from '../../src/filter/settings.ts';
import { FILTER_LABEL, isOwned } from '../../src/mesh/identity/names.ts';
import { makeRevision, type Revision } from '../../src/mesh/identity/revision.ts';
import type { EnvoyFilter } from '../../src/mesh/objects/envoy-filter.ts';
import { type FilterResource, isPlugin } from '../../src/mesh/objects/filter-resource.ts';
import { fromStored } from '../../src/mesh/objects/traffic-extension.ts';
import { parseTargets, readTargetList } from '../../src/targets/parse.ts';
import type { TargetEntry, WorkloadRef } from '../../src/targets/target.ts';
import type { WorkloadIndex } from '../../src/targets/workload-index.ts';
import type { Json } from '../embedded/json.ts';
import { mergePatch } from '../embedded/merge-patch.ts';
import { WORKLOAD_KINDS } from '../harness/kinds.ts';

/** The value of a check that has to succeed. */
export function must<T>(checked: Result<T>): T {
  if (checked.ok) return checked.value;
  throw new Error(`expected a value, got: ${checked.problems.map(({ message }) => message).join(' | ')}`);
}

/** The problems of a check that has to fail. */
export function problemsIn(checked: Result<unknown>): readonly Problem[] {
  if (checked.ok) throw new Error(`expected problems, got: ${JSON.stringify(checked.value)}`);
  return checked.problems;
}

/** The messages of a check that has to fail, with their remedies. */
export function messagesIn(checked: Result<unknown>): string[] {
  return problemsIn(checked).map(({ message, remedy }) => [message, remedy].filter(Boolean).join(' '));
}

/** The smallest WebAssembly module there is, with `salt` bytes of a custom section to make others. */
export function wasm(...salt: readonly number[]): Uint8Array {
  const section = salt.length === 0 ? [] : [0, salt.length + 1, 0, ...salt];
  return Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...section]);
}

export function filterModule(...salt: readonly number[]): FilterModule {
  return must(checkModule(wasm(...salt), 'test module'));
}

export function settings(over: Partial<FilterSettings> = {}): FilterSettings {
  return {
    rootId: 'root',
    vmId: 'add-header',
    configuration: '{"header":"x-wasm"}',
    direction: 'inbound',
    failPolicy: 'closed',
    insert: BEFORE_ROUTER,
    order: 0,
    mountPath: '/var/local/lib/wasm-filters/add-header',
    ...over,
  };
}

export function revision(filter = 'add-header', over: Partial<FilterSettings> = {}): Revision {
  return makeRevision(
    filter,
    filterModule(),
    settings({ mountPath: `/var/local/lib/wasm-filters/${filter}`, ...over }),
  );
}

/** An image that proxies pull. */
export const PULLED: ImageDelivery = {
  reference: `registry.example/filters/add-header@sha256:${'a'.repeat(64)}`,
  phase: 'unspecified',
};

/** A revision whose image the proxies pull. */
export function pulledRevision(filter = 'add-header', over: Partial<FilterSettings> = {}): Revision {
  return revision(filter, { image: PULLED, ...over });
}

interface WorkloadParts extends Partial<Pick<KubernetesObject['metadata'], 'labels' | 'annotations' | 'generation'>> {
  readonly deletionTimestamp?: string;
  readonly spec?: Workload['spec'];
  readonly status?: Workload['status'];
  readonly podLabels?: Readonly<Record<string, string>>;
  readonly podAnnotations?: Readonly<Record<string, string>>;
  readonly podSpec?: NonNullable<PodTemplate['spec']>;
}

/** A workload with one ready pod, unless `parts` say otherwise. */
export function workload(name: string, parts: WorkloadParts = {}): Workload {
  const { spec, status = READY_STATUS, podLabels, podAnnotations, podSpec, ...metadata } = parts;
  const podMetadata = {
    labels: { app: name, ...podLabels },
    ...(podAnnotations === undefined ? {} : { annotations: podAnnotations }),
  };
  return {
    metadata: { name, resourceVersion: '7', generation: 1, ...metadata },
    spec: {
      replicas: 1,
      ...spec,
      template: { metadata: podMetadata, ...(podSpec === undefined ? {} : { spec: podSpec }) },
    },
    status,
  };
}

/** The status of a Deployment, StatefulSet or DaemonSet whose one pod is ready. */
export const READY_STATUS: NonNullable<Workload['status']> = {
  observedGeneration: 1,
  replicas: 1,
  updatedReplicas: 1,
  readyReplicas: 1,
  availableReplicas: 1,
  desiredNumberScheduled: 1,
  currentNumberScheduled: 1,
  updatedNumberScheduled: 1,
  numberAvailable: 1,
  numberReady: 1,
  conditions: [
    { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
    { type: 'Available', status: 'True' },
  ],
};

/** A workload after a merge patch, as the API server would make it; after none for undefined. */
export function patchedWith(on: Workload, patch: unknown): Workload {
  return patch === undefined ? on : JSON.parse(JSON.stringify(mergePatch(jsonOf(on), jsonOf(patch))));
}

/** A copy as it would be sent: without what is undefined. */
function jsonOf(value: unknown): Json {
  return JSON.parse(JSON.stringify(value));
}

/** The workload that a path such as `shop/deployment/reviews` names. */
export function refOf(path: string): WorkloadRef {
  const [entry] = must(parseTargets(readTargetList('test', path), { defaultNamespace: 'default', kinds: kindNames() }));
  if (entry?.type !== 'named') throw new Error(`no workload: ${path}`);
  return entry.workload;
}

/** Target entries from the text of a target list; entries without a namespace are in `shop`. */
export function entriesOf(text: string, origin = 'targets'): readonly TargetEntry[] {
  return must(parseTargets(readTargetList(origin, text), { defaultNamespace: 'shop', kinds: kindNames() }));
}

export interface ClusterParts {
  /** By path: `shop/deployment/reviews`. */
  readonly workloads?: Readonly<Record<string, Workload>>;
  readonly configMaps?: Readonly<Record<string, readonly KubernetesObject[]>>;
  /** Ours and those of others, as the API server lists them. */
  readonly filterResources?: Readonly<Record<string, readonly FilterResource[]>>;
  /** A WasmPlugin when absent. */
  readonly pluginKind?: PluginKind;
  /** Namespaces that are there although they have no workloads, and those that are known not to be. */
  readonly namespaces?: Readonly<Record<string, boolean | 'ending'>>;
  /** What there is of filters that are not ours besides EnvoyFilters; nothing when absent. */
  readonly unmanaged?: Partial<UnmanagedView>;
  /** Lists that failed, as `shop/Deployment`. */
  readonly unlisted?: readonly string[];
}

export function workloadIndexOf({ workloads = {}, namespaces = {}, unlisted = [] }: ClusterParts): WorkloadIndex {
  const placed = Object.entries(workloads).map(([path, object]) => ({ ref: refOf(path), object }));
  return {
    kinds: kindNames().map(({ kind }) => kind),
    list: ({ kind, namespace }) =>
      unlisted.includes(`${namespace}/${kind}`)
        ? undefined
        : placed.filter(({ ref }) => ref.kind === kind && ref.namespace === namespace).map(({ object }) => object),
    namespaceState: (namespace) => {
      const state = placed.some(({ ref }) => ref.namespace === namespace) ? true : namespaces[namespace];
      return typeof state === 'boolean' ? (state ? 'there' : 'missing') : state;
    },
    namespaces: Object.keys(namespaces).filter((namespace) => namespaces[namespace] === true),
  };
}

export function snapshotOf(parts: ClusterParts): ClusterSnapshot {
  const { workloads = {}, unlisted = [] } = parts;
  const configMaps = (namespace: string): readonly KubernetesObject[] => parts.configMaps?.[namespace] ?? [];
  const filterResources = (namespace: string, owned: boolean): FilterResource[] =>
    (parts.filterResources?.[namespace] ?? [])
      .filter((one) => isOwned(one) === owned)
      .map((one) => (isPlugin(one) ? fromStored(one) : one));
  const ours = (namespace: string): readonly FilterResource[] => filterResources(namespace, true);
  return {
    workloadIndex: workloadIndexOf(parts),
    pluginKind: parts.pluginKind ?? 'WasmPlugin',
    configMaps,
    filterResources: ours,
    objectsOf: objectFinder({ configMaps, filterResources: ours }),
    foreignEnvoyFilters: (namespace) =>
      filterResources(namespace, false).filter((one): one is EnvoyFilter => !isPlugin(one)),
    workloads: (namespace) =>
      Object.entries(workloads)
        .map(([path, object]) => ({ ref: refOf(path), workload: object }))
        .filter(({ ref }) => ref.namespace === namespace && !unlisted.includes(`${namespace}/${ref.kind}`)),
    filtersWithObjects: (namespace) => {
      const objects = [...configMaps(namespace), ...ours(namespace)];
      return [...new Set(objects.flatMap(({ metadata }) => metadata.labels?.[FILTER_LABEL] ?? []))].sort();
    },
    listedAt: () => undefined,
    isComplete: (namespace) => !WORKLOAD_KINDS.some((kind) => unlisted.includes(`${namespace}/${kind}`)),
    unmanaged: { ...NOTHING_UNMANAGED, ...parts.unmanaged },
  };
}

export function filterRequest(targets: string, over: Partial<FilterRequest> = {}): FilterRequest {
  const name = over.name ?? 'add-header';
  return {
    name,
    module: filterModule(),
    settings: settings({ vmId: name, mountPath: `/var/local/lib/wasm-filters/${name}` }),
    targets: entriesOf(targets),
    check: true,
    adopt: false,
    onNewDigest: 'deploy',
    delivery: { delivery: 'auto', phase: 'unspecified' },
    ...over,
  };
}

/** A request with the policy of usual inputs. */
export function deployRequest(...filters: readonly FilterRequest[]): DeployRequest {
  return {
    filters,
    run: 'o/r/1/1',
    started: '2026-01-01T00:00:00.000Z',
    wait: true,
    timeoutMs: 60_000,
    verify: 'auto',
    scout: 'auto',
    onFailure: 'rollback',
    maxFailures: { count: 0 },
    unready: 'fail',
    promote: 'report',
    soakMs: 0,
    settingsChange: 'roll',
    prune: false,
    keepRevisions: 1,
  };
}

/** How many objects a plan writes or deletes. */
export function countWrites({ configMaps, filterResources, workloads, garbage }: Plan): number {
  const objects = [...configMaps, ...filterResources].filter(({ write }) => write).length;
  return objects + workloads.filter(({ patch }) => patch !== undefined).length + garbage.length;
}
