import type { Problem } from '../../base/problem.ts';
import { callProblem } from '../../cluster/errors.ts';
import type { Pod } from '../../cluster/objects.ts';
import { podLabel } from '../../mesh/identity/names.ts';
import type { EnvoyFilter } from '../../mesh/objects/envoy-filter.ts';
import { isPlugin } from '../../mesh/objects/filter-resource.ts';
import { revisionOn } from '../../mesh/template/template.ts';
import { annotatedMounts, mountOf } from '../../mesh/unmanaged/adopted-volumes.ts';
import { removalsIn } from '../../mesh/unmanaged/adoption-limits.ts';
import { findUnmanaged, type UnmanagedFilter } from '../../mesh/unmanaged/unmanaged.ts';
import { resolveTargets } from '../../targets/resolve.ts';
import { workloadKey } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import { ownerOf, targetKind } from '../kinds/kinds.ts';
import type { DeployRequest } from '../request.ts';
import type { ClusterReader } from './cluster-reader.ts';
import type { RunningProxies } from './running-proxies.ts';
import type { ClusterSnapshot, ObservedWorkload } from './snapshot.ts';
import {
  type ConfigMapFiles,
  NOTHING_UNMANAGED,
  type OtherPods,
  ROOT_NAMESPACE,
  rootNamespaceOf,
  UnmanagedReader,
  type UnmanagedView,
} from './unmanaged.ts';
import { allLists } from './wanted-lists.ts';

/**
 * Adds to a snapshot what there is of filters that are not this action's, as far as a deployment has to know it: where the filter
 * is new to a target, where something is to be taken over, and where an earlier run has begun to. Whatever may not be read counts
 * as not there.
 */
export async function readUnmanaged(
  request: DeployRequest,
  first: ClusterSnapshot,
  clusterReader: ClusterReader,
  proxies: RunningProxies,
  { client }: Pick<DeployContext, 'client'>,
): Promise<{ readonly snapshot: ClusterSnapshot; readonly problems: readonly Problem[] }> {
  const targets = targetsOf(request, first);
  const namespaces = [...new Set(targets.map(({ ref }) => ref.namespace))];
  const fresh = targets.filter(({ isNew }) => isNew);
  const begun = namespaces.filter((namespace) => takesOut(first, namespace));
  const [some] = namespaces;
  if (some === undefined || (fresh.length === 0 && begun.length === 0)) return { snapshot: first, problems: [] };
  const reader = new UnmanagedReader(client);
  try {
    // Begun here, as each takes a while; `readChains` takes what they have seen.
    for (const { ref } of fresh) void proxies.look(ref);
    const pods = await proxies.podsIn(some);
    const root = pods.ok ? (rootNamespaceOf(pods.value) ?? ROOT_NAMESPACE) : await reader.rootNamespace(some);
    const resources = await readResources(reader, root, { namespaces, fresh, first });
    const view: UnmanagedView = { ...NOTHING_UNMANAGED, ...resources };
    const running = targets.filter((target) => unmanagedOn(target, { ...first, unmanaged: view }).length > 0);
    const files = await reader.files(running.flatMap((target) => configMapsOf(target, { ...first, unmanaged: view })));
    const takingOver = running.filter(({ adopts }) => adopts).map(({ ref }) => ref.namespace);
    const adopting = [...new Set([...begun, ...takingOver])];
    const complete = adopting.length === 0 ? first : (await clusterReader.read(allLists(adopting))).snapshot;
    const unmanaged: UnmanagedView = {
      ...view,
      files: (namespace, configMap): ConfigMapFiles | undefined => files.get(`${namespace}/${configMap}`),
      otherPods: await readOtherPods(reader, adopting, complete),
      chains: await readChains(proxies, fresh, request),
    };
    return { snapshot: { ...complete, unmanaged }, problems: [] };
  } catch (error) {
    return {
      snapshot: first,
      problems: [callProblem(error, 'looking for filters that are not managed by this action')],
    };
  }
}

/** A workload that a filter of the request is for. */
interface DeployTarget extends ObservedWorkload {
  /** Whether it does not have the filter yet. */
  readonly isNew: boolean;
  /** Whether the filter may take the place of others there. */
  readonly adopts: boolean;
}

function targetsOf(request: DeployRequest, { workloadIndex }: ClusterSnapshot): DeployTarget[] {
  return request.filters.flatMap((filter) =>
    resolveTargets(filter.targets, workloadIndex, filter.settings).targets.map((target) => ({
      ...target,
      isNew: revisionOn(target.workload, filter.name) === undefined,
      adopts: filter.adopt !== false,
    })),
  );
}

/** Reads what of others may apply to new targets: EnvoyFilters of the whole mesh, and plugins. `root` is the mesh's root namespace. */
async function readResources(
  reader: UnmanagedReader,
  root: string,
  {
    namespaces,
    fresh,
    first,
  }: {
    readonly namespaces: readonly string[];
    readonly fresh: readonly DeployTarget[];
    readonly first: ClusterSnapshot;
  },
): Promise<Pick<UnmanagedView, 'meshEnvoyFilters' | 'plugins'>> {
  const placesOfPlugins = [...new Set(fresh.flatMap(({ ref }) => [ref.namespace, root]))];
  const [meshEnvoyFilters, plugins] = await Promise.all([
    namespaces.includes(root) ? first.foreignEnvoyFilters(root) : reader.envoyFilters(root),
    Promise.all(placesOfPlugins.map((namespace) => reader.plugins(namespace))),
  ]);
  return {
    meshEnvoyFilters,
    plugins: (namespace) =>
      plugins.flat().filter(({ metadata }) => [namespace, root].includes(metadata.namespace ?? '')),
  };
}

/** Reads the pods that no workload of the snapshot has made, in namespaces where something is taken over. */
async function readOtherPods(
  reader: UnmanagedReader,
  namespaces: readonly string[],
  snapshot: ClusterSnapshot,
): Promise<UnmanagedView['otherPods']> {
  const others = new Map<string, readonly OtherPods[]>(
    await Promise.all(
      namespaces.map(
        async (namespace) =>
          [namespace, await reader.otherPods(namespace, madeBy(snapshot.workloads(namespace)))] as const,
      ),
    ),
  );
  return (namespace) => others.get(namespace) ?? [];
}

/** Reads the filter chains of the proxies of new targets that do not have a filter of the request themselves. */
async function readChains(
  proxies: RunningProxies,
  fresh: readonly DeployTarget[],
  request: DeployRequest,
): Promise<UnmanagedView['chains']> {
  const listeners = new Map(
    await Promise.all(fresh.map(async ({ ref }) => [workloadKey(ref), await proxies.look(ref)] as const)),
  );
  return (key) => {
    const proxy = listeners.get(key);
    if (proxy?.state !== 'seen') return undefined;
    // A pod of a revision that the template has lost has ours itself.
    const labels = proxy.pod.metadata.labels ?? {};
    if (request.filters.some(({ name }) => labels[podLabel(name)] !== undefined)) return undefined;
    return proxy.listeners.flatMap(({ direction, active }) => active.map((chain) => ({ direction, ...chain })));
  };
}

/** Whether an EnvoyFilter of this action takes filters of others out of its pods. */
function takesOut(snapshot: ClusterSnapshot, namespace: string): boolean {
  return snapshot.filterResources(namespace).some((one) => !isPlugin(one) && removalsIn(one).length > 0);
}

function configMapsOf(target: ObservedWorkload, snapshot: ClusterSnapshot): string[] {
  const mounts = annotatedMounts(target.workload.spec?.template ?? {});
  return unmanagedOn(target, snapshot).flatMap(({ code }) => {
    const configMap = code.kind === 'file' ? mountOf(code.file, mounts)?.configMap : undefined;
    return configMap === undefined ? [] : `${target.ref.namespace}/${configMap}`;
  });
}

function madeBy(workloads: readonly ObservedWorkload[]): (pod: Pod) => boolean {
  const known = new Set(workloads.map(({ ref }) => `${ref.kind} ${ref.name}`));
  return (pod) => {
    const owner = ownerOf(pod);
    return owner !== undefined && known.has(`${owner.kind} ${owner.name}`);
  };
}

/** The filters of others in the proxies of a workload. */
export function unmanagedOn(
  { ref, workload }: ObservedWorkload,
  snapshot: ClusterSnapshot,
): readonly UnmanagedFilter[] {
  return findUnmanaged(
    workload.spec?.template ?? {},
    envoyFiltersFor(ref.namespace, snapshot),
    targetKind(ref).binding.inPlace,
  );
}

/** Every EnvoyFilter of others that may apply to pods of a namespace. */
export function envoyFiltersFor(namespace: string, snapshot: ClusterSnapshot): readonly EnvoyFilter[] {
  const { meshEnvoyFilters } = snapshot.unmanaged;
  const own = snapshot.foreignEnvoyFilters(namespace);
  return [...meshEnvoyFilters.filter(({ metadata }) => metadata.namespace !== namespace), ...own];
}
