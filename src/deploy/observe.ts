import { describeProblem, type Problem } from '../base/problem.ts';
import type { Client } from '../cluster/client.ts';
import { ApiError, callProblem } from '../cluster/errors.ts';
import type { KubernetesObject, Workload } from '../cluster/objects.ts';
import { CONFIG_MAP, ENVOY_FILTER, NAMESPACE, type Resource, WORKLOADS } from '../cluster/resources.ts';
import type { EnvoyFilter } from '../mesh/envoy-filter.ts';
import { OWNED_SELECTOR } from '../mesh/names.ts';
import { type Catalogue, neededLists } from '../targets/resolve.ts';
import type { TargetEntry } from '../targets/target.ts';

/** What the cluster holds of everything a request is about. */
export interface Observation {
  readonly catalogue: Catalogue;
  /** Our ConfigMaps of a namespace, their metadata alone. */
  configMaps(namespace: string): readonly KubernetesObject[];
  /** Our EnvoyFilters of a namespace. */
  envoyFilters(namespace: string): readonly EnvoyFilter[];
}

/** An observation, complete only if there are no problems. */
export interface Observed {
  readonly observation: Observation;
  readonly problems: readonly Problem[];
}

/**
 * Reads what the entries are about: one list per kind and namespace, however many targets there are; a namespace itself is
 * asked for only when nothing was found in it. Does not throw for what the API server answers: that becomes problems.
 */
export async function observe(client: Client, entries: readonly TargetEntry[]): Promise<Observed> {
  const keys = neededLists(entries);
  const namespaces = [...new Set(keys.map(({ namespace }) => namespace))];

  const workloads = new Map<string, readonly Workload[]>();
  const configMaps = new Map<string, readonly KubernetesObject[]>();
  const envoyFilters = new Map<string, readonly EnvoyFilter[]>();
  const keep = async <T>(
    into: Map<string, T>,
    key: string,
    doing: string,
    read: () => Promise<T>,
  ): Promise<Problem | undefined> => {
    try {
      into.set(key, await read());
      return undefined;
    } catch (error) {
      return problemOf(error, doing);
    }
  };
  const problems = await Promise.all([
    ...keys.map(({ kind, namespace }) =>
      keep(workloads, `${namespace}/${kind}`, listing(WORKLOADS[kind], namespace), async () => {
        return (await client.list<Workload>(WORKLOADS[kind], namespace)).items;
      }),
    ),
    ...namespaces.map((namespace) =>
      keep(configMaps, namespace, listing(CONFIG_MAP, namespace), async () => {
        return (await client.listMetadata(CONFIG_MAP, namespace, { labelSelector: OWNED_SELECTOR })).items;
      }),
    ),
    ...namespaces.map((namespace) =>
      keep(envoyFilters, namespace, listing(ENVOY_FILTER, namespace), async () => {
        return (await client.list<EnvoyFilter>(ENVOY_FILTER, namespace, { labelSelector: OWNED_SELECTOR })).items;
      }),
    ),
  ]);

  const isEmpty = (namespace: string): boolean =>
    keys.every((key) => key.namespace !== namespace || workloads.get(`${namespace}/${key.kind}`)?.length === 0);
  const existing = new Map<string, boolean>();
  await Promise.all(
    namespaces.filter(isEmpty).map(async (namespace) => {
      const exists = await namespaceExists(client, namespace);
      if (exists !== undefined) existing.set(namespace, exists);
    }),
  );
  const observation: Observation = {
    catalogue: {
      list: ({ kind, namespace }) => workloads.get(`${namespace}/${kind}`),
      namespaceExists: (namespace) => (isEmpty(namespace) ? existing.get(namespace) : true),
    },
    configMaps: (namespace) => configMaps.get(namespace) ?? [],
    envoyFilters: (namespace) => envoyFilters.get(namespace) ?? [],
  };
  // In the order of the questions, whichever was answered first; what every namespace says is said once.
  const distinct = new Map(problems.flatMap((problem) => (problem ? [[describeProblem(problem), problem]] : [])));
  return { observation, problems: [...distinct.values()] };
}

/** Undefined when there is no answer: reading namespaces is a right that a deployer need not have. */
async function namespaceExists(client: Client, namespace: string): Promise<boolean | undefined> {
  try {
    await client.get(NAMESPACE, undefined, namespace);
    return true;
  } catch (error) {
    return error instanceof ApiError && error.status === 404 ? false : undefined;
  }
}

function listing({ kind }: Resource, namespace: string): string {
  return `listing ${kind}s in namespace "${namespace}"`;
}

function problemOf(error: unknown, doing: string): Problem {
  if (error instanceof ApiError && error.status === 404 && error.path.includes(ENVOY_FILTER.plural)) {
    return {
      kind: 'cluster',
      message: 'The cluster has no EnvoyFilter resource (networking.istio.io). Is Istio installed?',
      remedy: 'Check that the context of the kubeconfig is the mesh you mean.',
      cause: error,
    };
  }
  return callProblem(error, doing);
}
