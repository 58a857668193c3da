import { trialGroups } from '../../filter/host/envoy-kinds.ts';
import type { Revision } from '../../mesh/identity/revision.ts';
import { resolveTargets } from '../../targets/resolve.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import type { RunningProxies } from '../observe/running-proxies.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import { revisionMaker } from '../plan/target-settings.ts';
import type { DeployRequest } from '../request.ts';
import { checkedFilters } from './filter-check.ts';
import { proxyVersionsOf } from './proxy-versions.ts';
import { trialRequest } from './trial.ts';

/**
 * Begins the trials that a plan will probably ask for, while it is still being made: a trial is a process, and everything else before the
 * first write a matter of requests. What it begins with is what `checkFilter` would find, as far as the first lists tell; the trials of a
 * run are shared, so what was right is there when it is asked for, and what was not is of no use to anybody. Says nothing, never rejects.
 */
export async function tryAhead(
  request: DeployRequest,
  snapshot: Pick<ClusterSnapshot, 'workloadIndex' | 'objectsOf'>,
  proxies: Pick<RunningProxies, 'podsIn'>,
  { trial }: Pick<DeployContext, 'trial'>,
): Promise<void> {
  if (trial === undefined) return;
  const { refs, revisions } = freshRevisions(request, snapshot);
  if (revisions.length === 0) return;
  const versions = await proxyVersionsOf(refs, proxies, () => undefined);
  for (const revision of revisions) {
    for (const { envoy } of trialGroups(versions)) void trial(trialRequest(revision, envoy));
  }
}

/** The revisions whose modules are not in the namespaces of their targets yet, and these targets. */
function freshRevisions(
  request: DeployRequest,
  { workloadIndex, objectsOf }: Pick<ClusterSnapshot, 'workloadIndex' | 'objectsOf'>,
): { readonly refs: readonly WorkloadRef[]; readonly revisions: readonly Revision[] } {
  const refs: WorkloadRef[] = [];
  const revisions = new Set<Revision>();
  for (const filter of checkedFilters(request)) {
    const revisionOn = revisionMaker(filter);
    for (const { ref, override } of resolveTargets(filter.targets, workloadIndex, filter.settings).targets) {
      const revision = revisionOn(ref, override);
      if (objectsOf(ref.namespace, revision).configMap !== undefined) continue;
      refs.push(ref);
      revisions.add(revision);
    }
  }
  return { refs, revisions: [...revisions] };
}
