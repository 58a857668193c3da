import type { Problem } from '../../base/problem.ts';
import { describeWorkload } from '../../targets/target.ts';
import type { RolloutNeeds, WantedTarget } from '../kinds/kind.ts';
import { targetKind } from '../kinds/kinds.ts';

/** Why a change would never reach the pods of a target, or do nothing there. */
export function findBlockers(wanted: WantedTarget, needs: RolloutNeeds): Problem[] {
  const { ref, observed } = wanted;
  const subject = describeWorkload(ref);
  if (observed.metadata.deletionTimestamp !== undefined) {
    return [{ kind: 'workload', subject, message: 'is being deleted.', remedy: 'Take it out of the target list.' }];
  }
  const blocker = targetKind(ref).blockerOf(wanted, needs);
  return blocker === undefined ? [] : [{ kind: 'workload', ...blocker, subject }];
}
