import type { Problem } from '../../base/problem.ts';
import type { TargetReport } from './report.ts';

/** Returns what a reader is told to be wrong with a workload: why it failed, and why its rollback did, each trouble once. */
export function toldProblems({ problem, rollback }: Pick<TargetReport, 'problem' | 'rollback'>): Problem[] {
  return [rollback?.tellsFailure === true ? undefined : problem, rollback?.problem].filter((one) => one !== undefined);
}
