import { defined } from '../../base/defined.ts';
import type { Problem } from '../../base/problem.ts';
import { listWords, sentence } from '../../base/text.ts';
import type { Workload } from '../../cluster/objects.ts';
import { describeWorkload, type WorkloadRef, workloadKey } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import { readinessOf, targetKind } from '../kinds/kinds.ts';
import type { Collected } from '../report/report.ts';
import { causeRemedy } from '../wait/cause-remedy.ts';
import { diagnoseInTime, unreadyCause } from '../wait/diagnose.ts';
import { goalOfCurrentPods } from '../wait/rollout-goal.ts';

/**
 * Of a removal that has waited: the workloads whose old pods still run the filter, with what keeps new ones from taking their
 * place. The pod template is without it, but as long as these pods serve, the filter is not gone. Never throws.
 */
export async function stillRunning({ left }: Collected, context: DeployContext): Promise<Problem[]> {
  const places = new Map<string, { ref: WorkloadRef; pods: Set<string> }>();
  for (const { runBy, runOn } of left) {
    if (runBy === undefined || runOn === undefined) continue;
    const place = places.get(workloadKey(runOn)) ?? { ref: runOn, pods: new Set() };
    place.pods.add(runBy);
    places.set(workloadKey(runOn), place);
  }
  return Promise.all(
    [...places.values()].map(async ({ ref, pods }): Promise<Problem> => {
      const { cause, remedy = 'Fix what keeps new pods from becoming ready.' } = await causeOf(ref, context);
      const who = `the old ${pods.size === 1 ? 'pod' : 'pods'} ${listWords([...pods].slice(0, 3), 'and')}`;
      const what = `${who} still ${pods.size === 1 ? 'runs' : 'run'} the filter`;
      return {
        kind: 'rollout',
        subject: describeWorkload(ref),
        form: 'clause',
        message: sentence(cause === '' ? what : `${what}, as no new pod takes its place: ${cause}`),
        remedy: `The pod template no longer has the filter. ${remedy} Then re-run the job.`,
      };
    }),
  );
}

/** Why new pods do not become ready, and what helps; the remedy is omitted where it is not known. */
interface Cause {
  readonly cause: string;
  readonly remedy?: string;
}

async function causeOf(ref: WorkloadRef, context: DeployContext): Promise<Cause> {
  try {
    const observed = await context.client.get<Workload>(targetKind(ref).resource, ref.namespace, ref.name);
    const { message, podsRefused } = readinessOf(ref, observed);
    const diagnosis = podsRefused ? { pods: [] } : await diagnoseInTime(goalOfCurrentPods({ ref, observed }), context);
    return {
      cause: unreadyCause(message, diagnosis),
      ...defined({ remedy: causeRemedy({ ref, observed, change: 'filter-removed' }, message, diagnosis) }),
    };
  } catch (error) {
    context.log.debug(`${describeWorkload(ref)}, whose old pods run the filter: ${String(error)}`);
    return { cause: '' };
  }
}
