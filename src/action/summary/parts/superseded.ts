import type { TargetReport } from '../../../deploy/report/report.ts';
import { isRemoval, newerRevisions, newerRuns } from '../../verdict/superseded.ts';
import { code } from './markdown.ts';
import type { StateLine } from './what-runs.ts';

/** The lines about workloads that another run has, among those of what runs now. */
export function supersededLines(all: readonly TargetReport[]): StateLine[] {
  const targets = all.filter((target) => !isRemoval(target));
  const brought: StateLine = {
    icon: '⏭️',
    targets,
    words: (one) =>
      `${one ? 'has' : 'have'} ${newerRevisions(targets, code)} from ${newerRuns(targets)}; this run changes nothing more there.`,
  };
  const removed: StateLine = {
    icon: '⏭️',
    targets: all.filter(isRemoval),
    words: (one) =>
      `no longer ${one ? 'has' : 'have'} the filter: another run removed it, or somebody did by hand; this run changes nothing more there.`,
  };
  return [brought, removed];
}
