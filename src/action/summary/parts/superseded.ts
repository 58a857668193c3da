import type { TargetReport } from '../../../deploy/report/report.ts';
import { countNewerRuns, newerRevisions, newerRuns } from '../../verdict/superseded.ts';
import { verb } from '../../verdict/words.ts';
import { code } from './markdown.ts';
import type { StateLine } from './what-runs.ts';

/** The line about workloads that another run has, among those of what runs now. */
export function supersededLine(targets: readonly TargetReport[]): StateLine {
  return {
    icon: '⏭️',
    targets,
    words: (one) =>
      `${one ? 'has' : 'have'} what ${newerRuns(targets)} ${verb(countNewerRuns(targets), 'has', 'have')} brought meanwhile, ${newerRevisions(targets, code)}; this run has left ${one ? 'it' : 'them'} alone.`,
  };
}
