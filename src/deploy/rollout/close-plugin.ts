import { defined } from '../../base/defined.ts';
import { fail, ok, type Result } from '../../base/problem.ts';
import { type WorkloadWrite, type WriteContext, writeWorkload } from '../apply/workload.ts';
import { targetKind } from '../kinds/kinds.ts';
import { type PlanningOptions, planWorkload } from '../plan/workload.ts';
import { cancelledVerification } from '../verify/verifier.ts';
import { type EndedRollout, latestWorkload } from './workload-rollout.ts';

/**
 * Closes a filter that was put open to proxies which take it as they run, so that they could be looked into before it counts. Returns the write, or
 * `undefined` where there was nothing to close.
 */
export async function closePlugin(
  rollout: EndedRollout,
  { planning, write }: { readonly planning: PlanningOptions; readonly write: WriteContext },
): Promise<Result<WorkloadWrite | undefined>> {
  const { planned } = rollout;
  if (!targetKind(planned.ref).binding.inPlace || rollout.write.result.state !== 'done') return ok(undefined);
  const again = planWorkload({ ...planned, observed: latestWorkload(rollout) }, planning);
  if (!again.ok) return again;
  if (again.value.patch === undefined) return ok(undefined);
  const closed = await writeWorkload(again.value, planning, write);
  if (closed.result.state === 'failed') return fail(closed.result.problem);
  if (closed.result.state === 'skipped') return fail(cancelledVerification(planned.ref));
  return ok({ ...closed, ...defined({ patch: rollout.write.patch }) });
}
