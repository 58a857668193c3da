import { defined } from '../../base/defined.ts';
import { dataKey } from '../../base/json.ts';
import type { Problem } from '../../base/problem.ts';
import { listWords, nameSome } from '../../base/text.ts';
import { onlySubject, type Warning } from '../../base/warning.ts';
import type { Revision } from '../../mesh/identity/revision.ts';
import {
  describeWorkload,
  namespacesOf,
  type TargetEntry,
  type WorkloadRef,
  workloadKey,
} from '../../targets/target.ts';
import { targetKind } from '../kinds/kinds.ts';
import { ordersOn } from '../plan/order.ts';
import { kindsOf, orderTargets, revisionMaker } from '../plan/target-settings.ts';
import type { RenderedRevision } from '../report/render-report.ts';
import type { RenderRequest } from '../request.ts';

/** What is merged into the workloads of an entry. */
export interface Patch {
  readonly entry: TargetEntry;
  /** Omitted where they are selected. */
  readonly ref?: WorkloadRef;
  readonly revisions: Revision[];
}

/** What a patch takes for granted that only the cluster, or Git, could tell: that a Rollout has a pod template of its own. */
export function referenceWarnings(filters: RenderRequest['filters']): Warning[] {
  const names = filters.flatMap(({ targets }) =>
    targets.flatMap((entry) =>
      kindsOf(entry).some((kind) => targetKind({ kind }).binding.templateSource !== undefined)
        ? [entry.type === 'named' ? describeWorkload(entry.workload) : entry.origin]
        : [],
    ),
  );
  const distinct = [...new Set(names)];
  if (distinct.length === 0) return [];
  const text = `${nameSome(distinct, 3)}: the patch is for a Rollout with a pod template of its own. One that has a workloadRef takes no template beside it: name the Deployment of the workloadRef in the target list instead, such as "deployment/NAME".`;
  return [{ topic: 'Rollouts with workloadRef', ...onlySubject(distinct), text }];
}

/** One text for each patch: filters that go to the same workloads share it. */
export function patchKey(entry: TargetEntry): string {
  if (entry.type === 'named') return workloadKey(entry.workload);
  return dataKey([entry.namespaces, entry.kinds, entry.selector?.text, entry.name]);
}

/** Tells the order of a filter on the workloads of an entry. Where workloads are selected, any filters may be on one of them. */
export function orderEntries(filters: RenderRequest['filters']): (filter: number, entry: TargetEntry) => number {
  if (filters.some(({ targets }) => targets.some(({ type }) => type === 'selected'))) {
    const orders = ordersOn(filters.map(({ settings }) => settings));
    return (filter) => orders[filter] ?? 0;
  }
  const named = filters.map(({ targets }) =>
    targets.flatMap((entry) => (entry.type === 'named' ? [{ ref: entry.workload, override: entry.override }] : [])),
  );
  const orderOn = orderTargets(filters, named);
  return (filter, entry) => (entry.type === 'named' ? orderOn(filter, entry.workload) : 0);
}

/** What a kustomization would patch twice: the later patch replaces the annotations of the earlier one, and its filters. */
export function maybeOverlapping(patches: readonly Patch[]): Problem[] {
  const filtersIn = ({ revisions }: Patch): string => listWords(revisions.map(({ filter }) => filter).sort(), 'and');
  const selected = patches.filter(({ ref }) => ref === undefined);
  return selected.flatMap(({ entry, ...patch }): Problem[] => {
    const own = filtersIn({ entry, ...patch });
    const spaces = new Set(namespacesOf(entry));
    const other = patches.find(
      (one) => filtersIn(one) !== own && namespacesOf(one.entry).some((name) => spaces.has(name)),
    );
    if (other === undefined) return [];
    return [
      {
        kind: 'targets',
        subject: entry.origin,
        ...defined({ at: entry.at }),
        message: `selects workloads for ${own}, and ${other.entry.origin} may mean some of them for ${filtersIn(other)}: one patch would replace the other.`,
        remedy: 'Give these filters the same entry, or name the workloads one by one.',
      },
    ];
  });
}

/** Returns the ids of the revisions that the files are of, each once. */
export function revisionsIn(filters: RenderRequest['filters']): RenderedRevision[] {
  const orderOf = orderEntries(filters);
  return filters.flatMap((filter, index) => {
    const revisionOn = revisionMaker(filter);
    const ids = filter.targets.flatMap((entry) =>
      kindsOf(entry).map((kind) => revisionOn({ kind }, entry.override, orderOf(index, entry)).id),
    );
    return [...new Set(ids)].map((revision) => ({ filter: filter.name, revision }));
  });
}
