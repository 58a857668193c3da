import type { TargetReport } from '../../../deploy/report/report.ts';
import { countNewerRuns, isRemoval, newerRevisions, newerRuns } from '../../verdict/superseded.ts';
import { verb } from '../../verdict/words.ts';
import { code } from './markdown.ts';
import type { StateLine } from './what-runs.ts';

/** The lines about workloads that another run has, among those of what runs now. */
export function supersededLines(all: readonly TargetReport[]): StateLine[] {
  const targets = all.filter((target) => !isRemoval(target));
  const brought: StateLine = {
    icon: '⏭️',
    targets,
    words: (one) =>
      `${one ? 'has' : 'have'} what ${newerRuns(targets)} ${verb(countNewerRuns(targets), 'has', 'have')} brought meanwhile, ${newerRevisions(targets, code)}; this run has left ${one ? 'it' : 'them'} alone.`,
  };
  const removed: StateLine = {
    icon: '⏭️',
    targets: all.filter(isRemoval),
    words: (one) =>
      `${one ? 'has' : 'have'} the filter no longer: a later run has removed it meanwhile, and this run has left ${one ? 'it' : 'them'} alone.`,
  };
  return [brought, removed];
}
