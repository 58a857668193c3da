import { type Attempt, attempt, Findings } from '../../base/problem.ts';
import type { Client } from '../../cluster/client.ts';
import { neededLists, resolveTargets } from '../../targets/resolve.ts';
import { allLists, Observer } from '../observe/observer.ts';
import type { Observation, ObservedWorkload } from '../observe/snapshot.ts';
import type { DraftRequest, Scope } from '../request.ts';

/** What a scope comes to; where something is wrong, as far as it was found. */
export interface Scoped<T> {
  readonly request: T;
  readonly observation: Observation;
  /** The workloads that the scope means: those that are named, or all of its namespaces. */
  readonly workloads: readonly ObservedWorkload[];
  readonly namespaces: readonly string[];
}

/**
 * Observes what `status`, `remove` and `sweep` are about: every workload of the namespaces, because what else names a
 * revision decides what may go. A cluster whose Istio is gone is no problem: then there are no EnvoyFilters.
 */
export async function observeScope<T extends { readonly scope: Scope }>(
  draft: DraftRequest<T>,
  client: Client,
): Promise<Attempt<Scoped<T>>> {
  const findings = new Findings();
  if (!draft.ok) findings.add(draft.problems);
  const { request } = draft;
  const { entries, namespaces: wanted } = request.scope;
  const needed = neededLists(entries);
  const listed = needed.map(({ namespace }) => namespace);
  const namespaces = [...new Set(listed.length > 0 || !draft.ok ? listed : wanted)];
  const { observation, problems } = await new Observer(client, { withoutIstio: true }).observe([
    ...needed,
    ...allLists(namespaces),
  ]);
  findings.add(problems);
  const resolved = resolveTargets(entries, observation.catalogue, {});
  findings.add(resolved.problems);
  for (const namespace of namespaces) {
    if (entries.length > 0 || observation.catalogue.namespaceExists(namespace) !== false) continue;
    findings.add({
      kind: 'targets',
      subject: 'input "namespace"',
      message: `the namespace "${namespace}" does not exist.`,
      remedy: 'Check the spelling and the context of the kubeconfig.',
    });
  }
  const workloads =
    entries.length > 0
      ? resolved.targets.map(({ ref, workload }) => ({ ref, workload }))
      : namespaces.flatMap((namespace) => observation.workloads(namespace));
  return attempt({ request, observation, workloads, namespaces }, findings.problems);
}
