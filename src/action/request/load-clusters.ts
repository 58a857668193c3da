import { fail, ok, type Result } from '../../base/problem.ts';
import { listWords, quoted } from '../../base/text.ts';
import { ALL_CONTEXTS, type ClusterAccess } from '../../cluster/kubeconfig.ts';
import type { TargetCluster } from '../../targets/target.ts';
import { type KubeconfigAccess, loadAccesses } from './kubeconfig.ts';

/** A cluster of a run, and how it is called. */
export interface ChosenCluster extends TargetCluster {
  readonly access: ClusterAccess;
}

/** The clusters that a run is about: those that are named, or one for each context of the kubeconfig. */
export type WantedClusters = readonly TargetCluster[] | typeof ALL_CONTEXTS;

/** Returns clusters that are called as their contexts are. */
export function clustersOf(contexts: readonly string[] | typeof ALL_CONTEXTS): WantedClusters {
  return contexts === ALL_CONTEXTS ? contexts : contexts.map((context) => ({ name: context, context, wave: 0 }));
}

/** Returns how each of the clusters is called, or everything that keeps one of them from being called. */
export async function loadClusters(
  { kubeconfig, clusters }: { readonly kubeconfig: string; readonly clusters: WantedClusters },
  runtime: KubeconfigAccess,
): Promise<Result<readonly ChosenCluster[]>> {
  const contexts = clusters === ALL_CONTEXTS ? clusters : clusters.map(({ context }) => context);
  const accesses = await loadAccesses({ kubeconfig, contexts }, runtime);
  if (!accesses.ok) return accesses;
  const chosen = accesses.value.map((access, index): ChosenCluster => {
    const { name = '', wave = 0 } = clusters === ALL_CONTEXTS ? {} : (clusters[index] ?? {});
    return { name: name || access.context, context: access.context, wave, access };
  });
  return ok(chosen);
}

/**
 * Returns the namespace of targets that name none, as the contexts of the clusters have it. Where they have different ones, the same
 * target would mean something else in each: that is a problem.
 */
export function contextNamespace(clusters: readonly ChosenCluster[]): Result<string> {
  const byNamespace = Map.groupBy(clusters, ({ access }) => access.namespace ?? DEFAULT_NAMESPACE);
  const [namespace = DEFAULT_NAMESPACE, ...others] = byNamespace.keys();
  if (others.length === 0) return ok(namespace);
  const said = [...byNamespace].map(
    ([name, [first]]) => `${quoted(name)} (${first === undefined ? '' : quoted(first.context)})`,
  );
  return fail({
    kind: 'input',
    subject: 'input "namespace"',
    message: `is empty, and the contexts have different ones: ${listWords(said, 'and')}.`,
    remedy: 'Set it: it is the namespace of targets that name none, in every cluster.',
  });
}

export const DEFAULT_NAMESPACE = 'default';
