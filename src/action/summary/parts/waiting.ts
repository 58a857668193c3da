import type { TargetReport } from '../../../deploy/report/report.ts';
import type { StateLine } from './what-runs.ts';

/** The line of what somebody has to promote; how, the verdict or the problem says. */
export function waitingLine(targets: readonly TargetReport[]): StateLine {
  return {
    icon: '⏸️',
    targets,
    words: (one) =>
      `${one ? 'waits' : 'wait'} for promotion: ${one ? 'its' : 'their'} updated pods are ready, the others are as before.`,
  };
}
