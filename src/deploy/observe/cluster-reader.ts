import { append } from '../../base/lists.ts';
import { describeProblem, type Problem } from '../../base/problem.ts';
import type { Client } from '../../cluster/client.ts';
import { ApiError, isApiError } from '../../cluster/errors.ts';
import type { KubernetesObject, Workload } from '../../cluster/objects.ts';
import { CONFIG_MAP, ENVOY_FILTER, PLUGINS, type Resource } from '../../cluster/resources.ts';
import { gatewayOf } from '../../mesh/gateway/plugin.ts';
import { FILTER_LABEL, isOwned, OWNED_SELECTOR } from '../../mesh/identity/names.ts';
import { imageOf } from '../../mesh/objects/config-map.ts';
import type { EnvoyFilter } from '../../mesh/objects/envoy-filter.ts';
import type { FilterResource } from '../../mesh/objects/filter-resource.ts';
import type { WasmPlugin } from '../../mesh/objects/wasm-plugin.ts';
import { mountedAt } from '../../mesh/template/sidecar-mounts.ts';
import { filtersOn } from '../../mesh/template/template.ts';
import type { NamespaceState, WorkloadListKey } from '../../targets/workload-index.ts';
import type { FilterBinding, Surroundings } from '../kinds/binding.ts';
import type { TargetKind } from '../kinds/kind.ts';
import { listIfInstalled, targetKind, targetKinds, templateKinds } from '../kinds/kinds.ts';
import { PluginLister } from '../kinds/plugins.ts';
import { doubtNamespaces } from './doubted-namespaces.ts';
import { namespaceState, someNamespaces } from './known-namespaces.ts';
import { listingProblem } from './list-problem.ts';
import { type ClusterSnapshot, type ObservedWorkload, objectFinder } from './snapshot.ts';
import { neededSources, withoutSources } from './template-sources.ts';
import { NOTHING_UNMANAGED } from './unmanaged.ts';
import { isRefused } from './unseen.ts';
import type { WantedList } from './wanted-lists.ts';

/** A snapshot, complete only if there are no problems. */
export interface ReadResult {
  readonly snapshot: ClusterSnapshot;
  readonly problems: readonly Problem[];
  /** Why lists that nobody named could not be read, of this and earlier readings: their namespaces are not complete. */
  readonly unseen: readonly Problem[];
}

export interface ReaderOptions {
  /** Whether a cluster without Istio's resources is no problem: there is nothing of them to take away then. */
  readonly withoutIstio?: boolean;
  /** Whether plugins are to be written, so that a cluster without them is a problem. */
  readonly plugins?: boolean;
  /** Namespaces that are known to be there. */
  readonly namespaces?: readonly string[];
}

/**
 * Reads the cluster: one list per kind and namespace, however many targets there are, and never the same list twice; a
 * namespace itself is asked for only when nothing was found in it. Does not throw for what the API server answers: that
 * becomes problems.
 */
export class ClusterReader {
  readonly #client: Client;
  readonly #options: ReaderOptions;
  readonly #workloads = new Map<string, readonly Workload[]>();
  /** Of the lists of workloads, by their keys. */
  readonly #versions = new Map<string, string>();
  readonly #configMaps = new Map<string, readonly KubernetesObject[]>();
  readonly #envoyFilters = new Map<string, readonly EnvoyFilter[]>();
  readonly #plugins = new Map<string, readonly WasmPlugin[]>();
  readonly #pluginLister: PluginLister;
  readonly #states = new Map<string, NamespaceState>();
  /** Read where one that is asked for is not there. */
  #namespaces: readonly string[] | undefined;
  readonly #listed = new Map<string, WantedList>();
  readonly #unseen = new Map<string, Problem>();

  constructor(client: Client, options: ReaderOptions = {}) {
    this.#client = client;
    this.#options = options;
    this.#pluginLister = new PluginLister(client);
    for (const namespace of options.namespaces ?? []) this.#states.set(namespace, 'there');
  }

  /** Reads the lists that were not read yet, and our objects of their namespaces. */
  async read(wanted: readonly WantedList[]): Promise<ReadResult> {
    const distinct = new Map<string, WantedList>();
    for (const key of wanted) {
      const text = `${key.namespace}/${key.kind}`;
      // What a target list names has to be there, whoever else asks for it.
      if (!distinct.has(text) || key.ifInstalled === undefined) distinct.set(text, key);
    }
    const keys = [...distinct].flatMap(([text, key]) => (this.#listed.has(text) ? [] : [key]));
    const known = new Set([...this.#listed.values()].map(({ namespace }) => namespace));
    const namespaces = [...new Set(keys.map(({ namespace }) => namespace))].filter((name) => !known.has(name));
    for (const key of keys) this.#listed.set(`${key.namespace}/${key.kind}`, key);
    const problems = await Promise.all([
      ...keys.map((key) => this.#readWorkloads(key)),
      ...namespaces.map((namespace) =>
        keep(this.#configMaps, namespace, [CONFIG_MAP, namespace], async () => {
          return (await this.#client.listMetadata(CONFIG_MAP, namespace, { labelSelector: OWNED_SELECTOR })).items;
        }),
      ),
      ...namespaces.map((namespace) =>
        keep(this.#envoyFilters, namespace, [ENVOY_FILTER, namespace], () => this.#listEnvoyFilters(namespace)),
      ),
    ]);
    append(problems, await this.#readTemplateSources());
    append(problems, await this.#readPlugins());
    await this.#askForEmpty(namespaces);
    // In the order of the questions, whichever was answered first; what every namespace says is said once.
    const said = new Map(problems.flatMap((problem) => (problem ? [[describeProblem(problem), problem]] : [])));
    const doubted = await doubtNamespaces([...said.values()], this.#client, {
      listed: [...new Set([...this.#listed.values()].map(({ namespace }) => namespace))],
      isSeen: (namespace) => this.#isSeen(namespace) || this.#states.has(namespace),
    });
    return { snapshot: this.#snapshot(), problems: doubted, unseen: [...this.#unseen.values()] };
  }

  /** Of what nobody named, a missing permission is no problem, but what is there is not seen. */
  async #readWorkloads({ kind, namespace, ifInstalled }: WantedList): Promise<Problem | undefined> {
    const target = targetKind({ kind });
    const { resource } = target;
    const key = `${namespace}/${kind}`;
    const problem = await keep(this.#workloads, key, [resource, namespace], async () => {
      if (ifInstalled) return listIfInstalled(this.#client, target, namespace);
      const { items, resourceVersion } = await this.#client.list<Workload>(resource, namespace);
      if (resourceVersion !== '') this.#versions.set(key, resourceVersion);
      return items;
    });
    if (problem === undefined || ifInstalled === undefined || !isRefused(problem)) return problem;
    this.#unseen.set(key, problem);
    return undefined;
  }

  async #listEnvoyFilters(namespace: string): Promise<readonly EnvoyFilter[]> {
    try {
      return (await this.#client.list<EnvoyFilter>(ENVOY_FILTER, namespace)).items;
    } catch (error) {
      if (this.#options.withoutIstio === true && isApiError(error, 404)) return [];
      throw error;
    }
  }

  /** Lists what has the pod templates of targets that refer to it, where some do. */
  #readTemplateSources(): Promise<(Problem | undefined)[]> {
    const listOf = ({ kind, namespace }: WorkloadListKey): readonly Workload[] =>
      this.#workloads.get(`${namespace}/${kind}`) ?? [];
    const needed = neededSources([...this.#listed.values()], listOf);
    return Promise.all(
      needed
        .map((source) => ({ ...source, key: `${source.namespace}/${source.resource.kind}` }))
        .filter(({ key }) => !this.#listed.has(key))
        .map(({ resource, namespace, key }) => {
          this.#listed.set(key, { kind: resource.kind, namespace });
          return keep(this.#workloads, key, [resource, namespace], async () => {
            return (await this.#client.list<Workload>(resource, namespace)).items;
          });
        }),
    );
  }

  /** Lists plugins only where something speaks of them: those who have none need no permission to list them. */
  async #readPlugins(): Promise<(Problem | undefined)[]> {
    const namespaces = new Set([...this.#listed.values()].map(({ namespace }) => namespace));
    const [first, ...others] = [...namespaces].filter(
      (namespace) => !this.#plugins.has(namespace) && this.#speaksOfPlugins(namespace),
    );
    if (first === undefined) return [];
    // Its answer tells what to ask for in the others.
    const problem = await this.#readPluginsOf(first);
    return [problem, ...(await Promise.all(others.map((namespace) => this.#readPluginsOf(namespace))))];
  }

  #speaksOfPlugins(namespace: string): boolean {
    return (
      this.#options.plugins === true ||
      this.#recordsImages(namespace) ||
      targetKinds().some(({ binding, resource: { kind } }) => binding.needsImage && this.#hasAny(kind, namespace)) ||
      this.#carriesUnmounted(namespace)
    );
  }

  #readPluginsOf(namespace: string): Promise<Problem | undefined> {
    const wanted = this.#options.plugins === true;
    return keep(this.#plugins, namespace, [PLUGINS[this.#pluginLister.kind], namespace], async () => {
      try {
        return await this.#pluginLister.list(namespace);
      } catch (error) {
        const status = error instanceof ApiError ? error.status : undefined;
        // A mount that somebody has edited away looks like an image; then nothing hangs on the answer.
        const nothing = status === 404 || (status === 403 && !this.#recordsImages(namespace));
        if (nothing && !wanted) return [];
        throw error;
      }
    });
  }

  #recordsImages(namespace: string): boolean {
    return this.#configMaps.get(namespace)?.some((one) => imageOf(one) !== undefined) === true;
  }

  #hasAny(kind: string, namespace: string): boolean {
    return (this.#workloads.get(`${namespace}/${kind}`) ?? []).length > 0;
  }

  /** Whether a pod template carries a filter that it does not mount. */
  #carriesUnmounted(namespace: string): boolean {
    return templateKinds().some(({ resource: { kind } }) =>
      (this.#workloads.get(`${namespace}/${kind}`) ?? []).some((workload) =>
        filtersOn(workload).some((filter) => mountedAt(workload.spec?.template ?? {}, filter) === undefined),
      ),
    );
  }

  /** Whether any list of a namespace could be read; that of a kind that is not installed is empty without a question. */
  #isSeen(namespace: string): boolean {
    if (this.#configMaps.has(namespace) || this.#envoyFilters.has(namespace)) return true;
    return [...this.#listed].some(([key, list]) => {
      const found = list.namespace === namespace ? this.#workloads.get(key) : undefined;
      return found !== undefined && (list.ifInstalled === undefined || found.length > 0);
    });
  }

  async #askForEmpty(namespaces: readonly string[]): Promise<void> {
    await Promise.all(
      namespaces
        .filter((namespace) => this.#isEmpty(namespace) && !this.#states.has(namespace))
        .map(async (namespace) => {
          const state = await namespaceState(this.#client, namespace);
          if (state !== undefined) this.#states.set(namespace, state);
        }),
    );
    if (this.#namespaces === undefined && [...this.#states.values()].includes('missing')) {
      this.#namespaces = await someNamespaces(this.#client);
    }
  }

  #isEmpty(namespace: string): boolean {
    return [...this.#listed.values()].every(
      ({ kind, ...key }) =>
        key.namespace !== namespace ||
        this.#unseen.has(`${namespace}/${kind}`) ||
        this.#workloads.get(`${namespace}/${kind}`)?.length === 0,
    );
  }

  #snapshot(): ClusterSnapshot {
    const envoyFilters = (namespace: string, owned: boolean): readonly EnvoyFilter[] =>
      (this.#envoyFilters.get(namespace) ?? []).filter((envoyFilter) => isOwned(envoyFilter) === owned);
    const { kind: pluginKind } = this.#pluginLister;
    const plugins = (namespace: string): readonly WasmPlugin[] => this.#plugins.get(namespace) ?? [];
    const filterResources = (namespace: string): readonly FilterResource[] => [
      ...envoyFilters(namespace, true),
      ...plugins(namespace).filter((plugin) => gatewayOf(plugin) === undefined),
    ];
    const configMaps = (namespace: string): readonly KubernetesObject[] => this.#configMaps.get(namespace) ?? [];
    const around = ({ templateSource }: FilterBinding, namespace: string): Surroundings => ({
      plugins: { items: plugins(namespace), kind: pluginKind },
      templateSources: this.#workloads.get(`${namespace}/${templateSource?.kind}`) ?? [],
    });
    const listed = ({ kind, namespace }: WorkloadListKey): readonly Workload[] | undefined => {
      const found = this.#workloads.get(`${namespace}/${kind}`);
      const { binding } = targetKind({ kind });
      return found && binding.view(found, around(binding, namespace));
    };
    const candidates = ({ resource: { kind }, binding }: TargetKind, namespace: string): ObservedWorkload[] =>
      binding
        .candidates(namespace, this.#workloads.get(`${namespace}/${kind}`), around(binding, namespace))
        .map((workload) => ({ ref: { kind, namespace, name: workload.metadata.name }, workload }));
    return {
      workloadIndex: {
        kinds: targetKinds().map(({ resource: { kind } }) => kind),
        list: listed,
        namespaceState: (namespace) => (this.#isEmpty(namespace) ? this.#states.get(namespace) : 'there'),
        namespaces: this.#namespaces ?? [],
      },
      pluginKind,
      configMaps,
      filterResources,
      objectsOf: objectFinder({ configMaps, filterResources }),
      foreignEnvoyFilters: (namespace) => envoyFilters(namespace, false),
      workloads: (namespace) => withoutSources(targetKinds().flatMap((kind) => candidates(kind, namespace))),
      filtersWithObjects: (namespace) => {
        const objects = [...configMaps(namespace), ...filterResources(namespace)];
        return [...new Set(objects.flatMap(({ metadata }) => metadata.labels?.[FILTER_LABEL] ?? []))].sort();
      },
      listedAt: ({ kind, namespace }) => this.#versions.get(`${namespace}/${kind}`),
      isComplete: (namespace) =>
        templateKinds().every(({ resource: { kind } }) => this.#workloads.has(`${namespace}/${kind}`)),
      unmanaged: NOTHING_UNMANAGED,
    };
  }
}

async function keep<T>(
  into: Map<string, T>,
  key: string,
  [resource, namespace]: readonly [Resource, string],
  read: () => Promise<T>,
): Promise<Problem | undefined> {
  try {
    into.set(key, await read());
    return undefined;
  } catch (error) {
    return listingProblem(error, resource, namespace);
  }
}
