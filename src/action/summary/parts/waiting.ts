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

/** The line of what was rolled back to a revision that somebody has to promote. */
export function waitingAgainLine(targets: readonly TargetReport[]): StateLine {
  return {
    icon: '⏸️',
    targets,
    words: (one) =>
      `${one ? 'was' : 'were'} rolled back to a revision that nobody had promoted, and ${one ? 'waits' : 'wait'} for promotion again: only ${one ? 'its' : 'their'} updated pods run that revision; the others run what was promoted last.`,
  };
}

/** Whether a target was rolled back to what somebody has to promote. */
export function waitsAgain({ rollback }: TargetReport): boolean {
  return rollback?.waiting !== undefined;
}
