import type { WorkloadRef } from '../../targets/target.ts';
import { failsForCrash } from './crash.ts';
import { type Report, reportedTargets, type TargetReport } from './report.ts';

/** A workload of which others have changed something since the last run, or an object that it uses. */
export interface DriftedWorkload {
  readonly ref: WorkloadRef;
  /** What they have changed, a clause each. */
  readonly changes: readonly string[];
  /** Whether the run has put it right. */
  readonly repaired: boolean;
}

/** Returns what a run has found changed by others; a command that does not look at workloads finds nothing. */
export function driftIn(report: Report): DriftedWorkload[] {
  if (report.command === 'status') {
    if (report.status.state === 'stopped') return [];
    return report.status.workloads.flatMap(({ ref, filters }) => {
      const changes = filters.flatMap(({ changed, notes }) => (changed ? notes.map(({ text }) => text) : []));
      return changes.length === 0 ? [] : [{ ref, changes, repaired: false }];
    });
  }
  return reportedTargets(report)
    .filter(({ drift }) => drift.length > 0)
    .map((target) => ({
      ref: target.ref,
      changes: [...new Set(target.drift)],
      repaired: report.command === 'deploy' && isRepaired(target),
    }));
}

/** What waits for somebody, was rolled back or was not come to may be as the others left it. */
function isRepaired({ outcome, problem, unready }: TargetReport): boolean {
  return outcome === 'deployed' && problem === undefined && unready === undefined;
}

/** Whether a run that did what it should fails all the same, as it was told to fail where something has drifted. */
export function failsForDrift(report: Report): boolean {
  return report.failOnDrift === true && report.outcome !== 'failed' && driftIn(report).length > 0;
}

/** Returns what the run has come to for whoever started it: its outcome, or `failed` where it was told to fail on drift or on a crash. */
export function resultOf(report: Report): Report['outcome'] {
  return failsForDrift(report) || failsForCrash(report) ? 'failed' : report.outcome;
}
