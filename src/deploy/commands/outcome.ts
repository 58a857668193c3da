import type { Problem } from '../../base/problem.ts';
import { count } from '../../base/text.ts';
import type { DeployContext } from '../context.ts';
import { type Report, runProblems, type TargetReport } from '../report/report.ts';

/** The engine's part of a report. */
export type CommandOutcome = Pick<Report, 'targets' | 'problems' | 'warnings' | 'collected'> &
  Partial<Pick<Report, 'plan' | 'status' | 'rendered' | 'images' | 'pluginKind' | 'nothing' | 'expires'>>;

/** Nothing was deleted, and nothing had to be. */
export const NOTHING_COLLECTED: Report['collected'] = { deleted: [], left: [] };

/** What a cancelled run has to say beside its workloads. */
export function cancellation({ signal }: DeployContext, targets: readonly TargetReport[]): Problem[] {
  const untouched = targets.filter(({ outcome }) => outcome === 'untouched').length;
  if (!signal.aborted || untouched === 0) return [];
  return [
    {
      kind: 'cancelled',
      message: `The run was cancelled before it reached ${count(untouched, 'workload')}.`,
      remedy: 'No workload is half written: each has its old revision or the new one. Re-run the job to finish.',
    },
  ];
}

/** What was cancelled is no success, even where nobody noticed: a check that was broken off may be all that is missing. */
export function cancelledOutcome<T extends CommandOutcome>(outcome: T): T {
  if (runProblems(outcome).some(({ kind }) => kind === 'cancelled')) return outcome;
  const message = 'The run was cancelled before everything was checked or done.';
  return { ...outcome, problems: [...outcome.problems, { kind: 'cancelled', message, remedy: 'Re-run the job.' }] };
}
