import { count } from '../../base/text.ts';
import { ApiError } from '../../cluster/errors.ts';
import { selectorOf } from '../../cluster/pod-selector.ts';
import { POD } from '../../cluster/resources.ts';
import { podLabel } from '../../mesh/identity/names.ts';
import type { DeployContext } from '../context.ts';
import { belongsTo, targetKind } from '../kinds/kinds.ts';
import type { ObservedFilter } from '../observe/snapshot.ts';
import type { StatusNote } from '../report/status-report.ts';

type Aborted = Pick<ObservedFilter, 'filter' | 'ref' | 'workload'>;

/** Returns what the pods run that serve a workload whose rollout was aborted. */
export async function stablePodsNote(
  aborted: Aborted,
  context: Pick<DeployContext, 'client' | 'log'>,
): Promise<StatusNote> {
  return { form: 'clause', text: await describeStablePods(aborted, context) };
}

async function describeStablePods(
  { filter, ref, workload }: Aborted,
  { client, log }: Pick<DeployContext, 'client' | 'log'>,
): Promise<string> {
  const label = podLabel(filter);
  const { isStable } = targetKind(ref);
  try {
    const { items } = await client.listMetadata(POD, ref.namespace, { labelSelector: selectorOf(workload) });
    const stable = items.filter(
      (pod) =>
        belongsTo(pod, ref) && pod.metadata.deletionTimestamp === undefined && isStable?.(pod, workload) === true,
    );
    // They are of one template, so of one revision.
    const [one] = stable;
    if (one === undefined) return 'none of its stable pods is there';
    const id = one.metadata.labels?.[label];
    const pods = `its ${count(stable.length, 'stable pod')} ${stable.length === 1 ? 'runs' : 'run'}`;
    return id === undefined ? `${pods} without the filter` : `${pods} revision ${id} of the filter`;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    log.debug(`The stable pods of ${ref.namespace}/${ref.name} are not known: ${error.message}`);
    return 'what its stable pods run is not known, because the pods could not be listed';
  }
}
