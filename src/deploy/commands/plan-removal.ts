import { Diagnostics, type PartialResult, partialResult } from '../../base/problem.ts';
import { count } from '../../base/text.ts';
import { workloadKey } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import { type ClusterSnapshot, type ObservedWorkload, observedFilter } from '../observe/snapshot.ts';
import { filtersBeside } from '../plan/beside.ts';
import { type FilterInNamespace, findGarbage, type GarbagePolicy, unclearGarbage } from '../plan/garbage.ts';
import type { Garbage, Plan, PlannedWorkload } from '../plan/plan.ts';
import { type NotedBefore, noteBefore } from '../plan/rollback-target.ts';
import { otherPodsWarnings } from '../plan/template-warnings.ts';
import { planWorkload } from '../plan/workload.ts';
import type { RemovalRequest, Scope } from '../request.ts';
import type { ResolvedPart, ResolvedScopes } from './scope.ts';

/** Which filters a workload is to lose, and where objects without any workload are to go too. */
export interface Removal {
  readonly filtersOf: (workload: ObservedWorkload, scope: Scope) => readonly string[];
  readonly orphans: (part: ResolvedPart<RemovalRequest>, snapshot: ClusterSnapshot) => readonly FilterInNamespace[];
  /** The filters that are to go from every workload of a namespace, also from those that could not be listed. */
  readonly everywhere: (part: ResolvedPart<RemovalRequest>) => readonly FilterInNamespace[];
}

/** What goes in one cluster. */
export interface RemovalPlan extends Plan {
  /** What would go, too, if it were seen that nothing else uses it. */
  readonly unclear: readonly Garbage[];
}

/** Whether a plan takes something of a scope's filter away, or has to leave it where not all that may use it was seen. */
export function isPartFound(
  { scope: { filter }, workloads }: ResolvedPart<RemovalRequest>,
  plan: RemovalPlan,
): boolean {
  const meant = new Set(workloads.map(({ ref }) => workloadKey(ref)));
  const isMeant = (name: string): boolean => filter === undefined || name === filter;
  return (
    plan.workloads.some(({ ref, removals }) => meant.has(workloadKey(ref)) && removals.some(isMeant)) ||
    [...plan.garbage, ...plan.unclear].some((garbage) => isMeant(garbage.filter))
  );
}

/** As many as a deployment keeps by default, for workloads that keep the filter; where none does, nothing stays. */
const KEPT: GarbagePolicy = { keepRevisions: 1 };

/** Plans what goes in one cluster: filters from workloads, and what is left over of them. */
export function planRemoval(
  resolved: ResolvedScopes<RemovalRequest>,
  { filtersOf, orphans }: Removal,
  isComplete: boolean,
  { log, date }: DeployContext,
): PartialResult<RemovalPlan> {
  const diagnostics = new Diagnostics();
  const { snapshot, request } = resolved;
  const options = { run: request.run, started: request.started, wait: request.wait, now: date() };
  const scopesOf = new Map<string, Scope[]>();
  for (const { scope, workloads } of resolved.parts) {
    for (const { ref } of workloads) {
      const key = workloadKey(ref);
      scopesOf.set(key, [...(scopesOf.get(key) ?? []), scope]);
    }
  }
  const workloads = resolved.workloads.flatMap((observed): PlannedWorkload[] => {
    const { ref, workload } = observed;
    const scopes = scopesOf.get(workloadKey(ref)) ?? [];
    const removals = [...new Set(scopes.flatMap((scope) => filtersOf(observed, scope)))];
    if (removals.length === 0 && scopes.every(({ entries }) => entries.length === 0)) return [];
    const noted: NotedBefore = { before: new Map(), rollbackTargets: new Map() };
    for (const filter of removals) noteBefore(noted, observedFilter(filter, observed, snapshot), undefined, snapshot);
    const wanted = {
      ref,
      observed: workload,
      revisions: [],
      removals,
      wave: 1,
      adopted: [],
      volumes: [],
      ...noted,
      beside: filtersBeside({ ref, observed: workload }, removals, snapshot),
    };
    return [diagnostics.unwrapPartial(planWorkload(wanted, options))];
  });
  const plan = { configMaps: [], filterResources: [], workloads, warnings: otherPodsWarnings(workloads) };
  const places = resolved.parts.flatMap((part) => orphans(part, snapshot));
  const garbage = findGarbage(plan, snapshot, KEPT, places);
  const unclear = unclearGarbage(plan, snapshot, KEPT, places);
  if (diagnostics.ok && isComplete) {
    log.info(
      `${count(workloads.filter(({ patch }) => patch !== undefined).length, 'workload')} to change and ${count(garbage.length, 'object')} to delete.`,
    );
  }
  return partialResult({ ...plan, garbage, unclear }, diagnostics.problems);
}
