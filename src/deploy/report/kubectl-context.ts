import { defined } from '../../base/defined.ts';
import { inContext } from '../../base/kubectl.ts';
import type { Problem } from '../../base/problem.ts';
import type { CommandOutcome } from './conclude.ts';
import type { ClusterConnection, ReportOf, TargetReport } from './report.ts';
import type { FilterStatus } from './status-report.ts';

/**
 * Returns what a command has come to in a cluster, with the kubectl commands that it offers for that cluster. What the outcomes of
 * several clusters say alike, and offer a command for, is then said of each of them.
 */
export function outcomeInContext<O extends CommandOutcome>(outcome: O, context: string | undefined): O {
  if (context === undefined) return outcome;
  return {
    ...outcome,
    problems: outcome.problems.map((problem) => problemInContext(problem, context)),
    warnings: outcome.warnings.map((warning) => ({ ...warning, text: inContext(warning.text, context) })),
    ...('targets' in outcome && { targets: outcome.targets.map((target) => targetInContext(target, context)) }),
    ...('status' in outcome && { status: statusInContext(outcome.status, context) }),
  };
}

/** Returns a problem with the kubectl commands that it offers for a cluster. */
export function problemInContext(problem: Problem, context: string | undefined): Problem {
  const { message, remedy } = problem;
  return {
    ...problem,
    message: inContext(message, context),
    ...(remedy !== undefined && { remedy: inContext(remedy, context) }),
  };
}

function targetInContext(target: TargetReport, context: string): TargetReport {
  const { problem, rollback, waiting } = target;
  return {
    ...target,
    ...defined({
      problem: problem && problemInContext(problem, context),
      waiting: waiting === undefined ? undefined : inContext(waiting, context),
    }),
    ...(rollback !== undefined && {
      rollback: {
        ...rollback,
        ...defined({
          problem: rollback.problem && problemInContext(rollback.problem, context),
          unready: rollback.unready === undefined ? undefined : inContext(rollback.unready, context),
        }),
      },
    }),
  };
}

function statusInContext(status: ReportOf<'status'>['status'], context: string): ReportOf<'status'>['status'] {
  if (status.state !== 'read') return status;
  const inFilter = (filter: FilterStatus): FilterStatus => ({
    ...filter,
    notes: filter.notes.map((note) => ({ ...note, text: inContext(note.text, context) })),
  });
  return {
    ...status,
    workloads: status.workloads.map((workload) => ({ ...workload, filters: workload.filters.map(inFilter) })),
  };
}

/** Returns the context that kubectl has to be told for what is in a cluster; `undefined` where it takes the right one by itself. */
export function kubectlContextOf(
  clusters: readonly ClusterConnection[],
  { cluster }: { readonly cluster?: string },
): string | undefined {
  const of = cluster === undefined ? clusters[0] : clusters.find(({ name }) => name === cluster);
  return of?.kubectlContext;
}
