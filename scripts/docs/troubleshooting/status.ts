import { judgeStatus } from '../../../src/action/verdict/status.ts';
import type { StatusReport } from '../../../src/deploy/report/report.ts';
import type { FilterHealth, FilterStatus } from '../../../src/deploy/report/status-report.ts';
import { type Entry, ofWords, type Section } from './entry.ts';

const REF = { kind: 'Deployment', namespace: 'shop', name: 'web' };

/** What \`status\` finds. */
export function statuses(): Section {
  return {
    title: 'The page of `status`: drifted, outdated',
    intro: [
      'How a filter does stands in the table of the page, and in the headline. Others have changed what is *drifted*; what is *outdated* runs as',
      'it was deployed, and the manifest says something else now ([Schedules](schedules.md), [Many filters](many-filters.md)).',
    ].join('\n'),
    entries: [
      found('has drifted', 'drifted', { changed: true }),
      found('does not run what the manifest says', 'outdated', { compared: 'everything' }),
      found('does not have the filter', 'missing', {}),
    ],
  };
}

/** What the headline says of a workload on which a filter does like this. */
function found(says: string, health: FilterHealth, more: Partial<FilterStatus>): Entry {
  const filter: FilterStatus = { filter: 'add-header', health, notes: [], ...more };
  const workloads = [{ ref: REF, pods: { ready: 1, wanted: 1 }, filters: [filter] }];
  const report = {
    command: 'status',
    outcome: 'reported',
    status: { state: 'read', workloads, namespaces: ['shop'], garbage: [] },
    ...{ filters: [], clusters: [], problems: [], warnings: [] },
  } as unknown as StatusReport;
  const { headline, sentence } = judgeStatus(report);
  if (!headline.includes(says)) throw new Error(`"${headline}" does not say "${says}"`);
  return ofWords(says, sentence, { also: [health] });
}
