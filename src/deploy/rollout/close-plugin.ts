import { defined } from '../../base/defined.ts';
import type { Problem } from '../../base/problem.ts';
import { type WriteContext, writeWorkload } from '../apply/workload.ts';
import { targetKind } from '../kinds/kinds.ts';
import { type PlanningOptions, planWorkload } from '../plan/workload.ts';
import { cancelledProof } from '../verify/verifier.ts';
import { type Course, lastSeen } from './workload-rollout.ts';

/**
 * Closes a filter that was put open to proxies which take it as they run, so that they could be looked into before it counts: true where that was to
 * do, false where it was not, or why it failed.
 */
export async function closePlugin(
  course: Course,
  { planning, write }: { readonly planning: PlanningOptions; readonly write: WriteContext },
): Promise<boolean | Problem> {
  const { planned } = course;
  if (!targetKind(planned.ref).binding.inPlace || course.write.result.state !== 'done') return false;
  const again = planWorkload({ ...planned, observed: lastSeen(course) }, planning);
  if (!again.ok) return again.problems[0] as Problem;
  if (again.value.patch === undefined) return false;
  const closed = await writeWorkload(again.value, planning, write);
  if (closed.result.state === 'failed') return closed.result.problem;
  if (closed.result.state === 'skipped') return cancelledProof(planned.ref);
  course.write = { ...closed, ...defined({ patch: course.write.patch }) };
  return true;
}
