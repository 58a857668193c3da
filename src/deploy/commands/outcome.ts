import type { Problem } from '../../base/problem.ts';
import { count } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import type { DeployContext } from '../context.ts';
import { type CommandOutcome, NOTHING_COLLECTED } from '../report/conclude.ts';
import { type Command, reportedTargets, runProblems, STOPPED, type TargetReport } from '../report/report.ts';

/** Returns the outcome of a command that has found and done nothing. */
export function stoppedOutcome(
  command: Command,
  problems: readonly Problem[],
  warnings: readonly Warning[] = [],
): CommandOutcome {
  const said = { problems, warnings };
  switch (command) {
    case 'deploy':
      return { command, ...said, targets: [], collected: NOTHING_COLLECTED, plan: STOPPED };
    case 'plan':
      return { command, ...said, targets: [], plan: STOPPED };
    case 'status':
      return { command, ...said, status: STOPPED };
    case 'remove':
    case 'sweep':
      return { command, ...said, targets: [], collected: NOTHING_COLLECTED, removal: STOPPED };
    case 'render':
      return { command, ...said, rendered: STOPPED };
    case 'check':
      return { command, ...said, checked: STOPPED };
  }
}

/** What a cancelled run has to say beside its workloads; `each`: what can be said of one: `has its old revision or the new one`. */
export function cancellation(
  { signal }: Pick<DeployContext, 'signal'>,
  targets: readonly TargetReport[],
  each: string,
): Problem[] {
  const untouched = targets.filter(({ outcome }) => outcome === 'untouched').length;
  if (!signal.aborted || untouched === 0) return [];
  return [
    {
      kind: 'cancelled',
      message: `The run was cancelled before it reached ${count(untouched, 'workload')}.`,
      remedy: `No workload is half written: each ${each}. Re-run the job to finish.`,
    },
  ];
}

/** What was cancelled is no success, even where nobody noticed: a check that was broken off may be all that is missing. */
export function cancelledOutcome<T extends CommandOutcome>(outcome: T): T {
  if (
    runProblems({ problems: outcome.problems, targets: reportedTargets(outcome) }).some(
      ({ kind }) => kind === 'cancelled',
    )
  )
    return outcome;
  const message = 'The run was cancelled before everything was checked or done.';
  return { ...outcome, problems: [...outcome.problems, { kind: 'cancelled', message, remedy: 'Re-run the job.' }] };
}
