import { defined } from '../../base/defined.ts';
import { dataKey } from '../../base/json.ts';
import type { Revision } from '../../mesh/identity/revision.ts';
import { imageOf } from '../../mesh/objects/config-map.ts';
import { describeWorkload } from '../../targets/target.ts';
import { type ClusterSnapshot, type ObservedFilter, observedFilter } from '../observe/snapshot.ts';
import type { Plan } from '../plan/plan.ts';
import { runningSource } from '../plan/running-source.ts';
import type { ModuleVersion, PlannedModule } from '../report/plan-report.ts';

/**
 * Returns which module workloads run of a filter and which one they get, where they get another revision: one entry for all workloads of
 * which the same is true. It is told of a revision that has the same module, too.
 */
export function moduleChanges({ workloads }: Pick<Plan, 'workloads'>, snapshot: ClusterSnapshot): PlannedModule[] {
  const modules = workloads.flatMap(({ revisions }) => revisions.map(({ revision }) => revision.module));
  const sizes = new Map(modules.map(({ digest, bytes }) => [digest, bytes.length]));
  const found = new Map<string, PlannedModule & { readonly workloads: string[] }>();
  for (const { ref, observed, revisions, before: ran } of workloads) {
    for (const { revision } of revisions) {
      if (ran.get(revision.filter) === revision.id) continue;
      const current = observedFilter(revision.filter, { ref, workload: observed }, snapshot);
      const change = { filter: revision.filter, ...compare(runningVersion(current, snapshot, sizes), revision) };
      const key = dataKey(change);
      const entry = found.get(key) ?? { ...change, workloads: [] };
      entry.workloads.push(describeWorkload(ref));
      found.set(key, entry);
    }
  }
  return [...found.values()];
}

function compare(
  before: ModuleVersion | 'none' | 'unknown',
  { module: { digest, bytes }, settings }: Revision,
): Pick<PlannedModule, 'state' | 'before' | 'after'> {
  const image = settings.image?.reference;
  const after = { digest, ...sizeOf(bytes.length), ...defined({ image }) };
  if (typeof before === 'string') return { state: before === 'none' ? 'new' : 'unknown', after };
  const isSame = before.digest === digest && before.image === image;
  return { state: isSame ? 'same' : 'other', before, after };
}

/** The cluster tells the digest of what runs, not its size: that is known of what the run has read. */
function runningVersion(
  current: ObservedFilter,
  snapshot: ClusterSnapshot,
  sizes: ReadonlyMap<string, number>,
): ModuleVersion | 'none' | 'unknown' {
  const source = runningSource(current, snapshot);
  if (source.state === 'none') return 'none';
  if (source.state === 'unknown' || source.digest === undefined) return 'unknown';
  const pinned = source.state === 'known' && source.pulled ? source.pinned : undefined;
  const image = (current.configMap && imageOf(current.configMap)) ?? pinned;
  return { digest: source.digest, ...sizeOf(sizes.get(source.digest) ?? 0), ...defined({ image }) };
}

/** A module whose bytes nobody has needed has none. */
function sizeOf(bytes: number): Pick<ModuleVersion, 'bytes'> {
  return bytes === 0 ? {} : { bytes };
}
