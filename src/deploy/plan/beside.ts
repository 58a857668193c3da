import { listWords, nameSome } from '../../base/text.ts';
import { describeWorkload } from '../../targets/target.ts';
import type { PlannedWorkload } from './plan.ts';

/** Warns of workloads that get a filter beside others of this action: both see, and change, the same requests and answers. */
export function besideWarnings(workloads: readonly PlannedWorkload[]): string[] {
  const fresh = workloads.flatMap(({ ref, revisions, before, alsoRuns }) => {
    const added = revisions.map(({ carrier }) => carrier.filter).filter((filter) => !before.has(filter));
    if (added.length === 0 || alsoRuns.length === 0) return [];
    return [{ workload: describeWorkload(ref), what: `${listWords(alsoRuns, 'and')}|${listWords(added, 'and')}` }];
  });
  return [...Map.groupBy(fresh, ({ what }) => what)].map(([what, those]) => {
    const [others = '', added = ''] = what.split('|');
    const names = those.map(({ workload }) => workload);
    return `${nameSome(names, 3)} already ${those.length === 1 ? 'runs' : 'run'} ${others} of this action: ${added} is added beside it, so that a request passes both and each sees what the other has changed. Previews that must not meet want a workload or namespace each.`;
  });
}
