import type { Problem } from '../../../../src/base/problem.ts';
import type { StepState, TargetReport } from '../../../../src/deploy/report/report.ts';
import { withPhase } from '../../../../src/deploy/rollout/target-phase.ts';
import { refOf } from '../../builders.ts';

/** Returns a problem of a kind, whose message is its kind. */
export const problem = (kind: Problem['kind']): Problem => ({ kind, message: kind });

/** Returns what became of one Deployment. @param step of its ConfigMap */
export function target(
  outcome: TargetReport['outcome'],
  step: StepState = 'unchanged',
  over: Partial<TargetReport> = {},
): TargetReport {
  return withPhase({
    ref: refOf('shop/deploy/reviews'),
    outcome,
    revisions: [{ filter: 'f', revision: 'r1' }],
    steps: { configMap: step, filterResource: 'unchanged', template: 'unchanged', rollout: 'done' },
    pods: { ready: 1, wanted: 1 },
    drift: [],
    diagnosis: [],
    ...over,
  });
}
