import { dataKey } from '../../base/json.ts';
import type { VmEnvironment } from '../../filter/settings.ts';
import { shownSettings } from '../../mesh/objects/filter-resource.ts';
import { describeWorkload } from '../../targets/target.ts';
import { type ClusterSnapshot, observedFilter } from '../observe/snapshot.ts';
import type { Plan } from '../plan/plan.ts';
import type { PlannedSettings, ToldSettings } from '../report/plan-report.ts';

/**
 * Returns what the filters of a plan are told otherwise than the revisions that run now: one entry for all workloads of which the same
 * is true. Nothing is said of a filter that is new on its workload, or of one whose object is gone.
 */
export function settingsChanges({ workloads }: Pick<Plan, 'workloads'>, snapshot: ClusterSnapshot): PlannedSettings[] {
  const found = new Map<string, PlannedSettings & { readonly workloads: string[] }>();
  for (const { ref, observed, revisions } of workloads) {
    for (const { revision } of revisions) {
      const { filterResource } = observedFilter(revision.filter, { ref, workload: observed }, snapshot);
      if (filterResource === undefined) continue;
      const [before, after] = [told(shownSettings(filterResource)), told(revision.settings)];
      if (dataKey(before) === dataKey(after)) continue;
      const key = dataKey([revision.filter, before, after]);
      const entry = found.get(key) ?? { filter: revision.filter, workloads: [], before, after };
      entry.workloads.push(describeWorkload(ref));
      found.set(key, entry);
    }
  }
  return [...found.values()];
}

function told({
  configuration,
  environment = {},
}: {
  readonly configuration: string;
  readonly environment?: VmEnvironment;
}): ToldSettings {
  const variables = Object.entries(environment).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : '(from the proxy)',
  ]);
  return { configuration, environment: Object.fromEntries(variables.toSorted()) };
}
