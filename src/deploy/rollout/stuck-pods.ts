import { isApiError } from '../../cluster/errors.ts';
import type { Pod } from '../../cluster/objects.ts';
import { selectorOf } from '../../cluster/pod-selector.ts';
import { isReady } from '../../cluster/pods.ts';
import { POD } from '../../cluster/resources.ts';
import { podLabel } from '../../mesh/identity/names.ts';
import type { DeployContext } from '../context.ts';
import { belongsTo } from '../kinds/kinds.ts';
import type { PlannedWorkload } from '../plan/plan.ts';
import { rolloutGoalOf } from './workload-rollout.ts';

/** Deletes the pods of the failed revision that are not ready; gives those that may not be deleted. */
export async function replaceStuckPods(planned: PlannedWorkload, { client }: DeployContext): Promise<string[]> {
  const { ref, observed } = planned;
  const { podRevisions } = rolloutGoalOf(planned);
  const { items } = await client.list<Pod>(POD, ref.namespace, { labelSelector: selectorOf(observed) });
  const stuck = items.filter((pod) => {
    const failed = podRevisions.some(({ filter, id }) => pod.metadata.labels?.[podLabel(filter)] === id);
    return belongsTo(pod, ref) && failed && !isReady(pod);
  });
  const refused: string[] = [];
  for (const { metadata } of stuck) {
    try {
      await client.delete(POD, ref.namespace, metadata.name, metadata.uid === undefined ? {} : { uid: metadata.uid });
    } catch (error) {
      if (isApiError(error, 409)) continue;
      refused.push(metadata.name);
    }
  }
  return refused;
}
