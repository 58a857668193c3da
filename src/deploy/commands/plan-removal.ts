import { Diagnostics, type PartialResult, partialResult } from '../../base/problem.ts';
import { count } from '../../base/text.ts';
import { workloadKey } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import { type ClusterSnapshot, type ObservedWorkload, observedFilter } from '../observe/snapshot.ts';
import { type FilterInNamespace, findGarbage } from '../plan/garbage.ts';
import type { Plan, PlannedWorkload } from '../plan/plan.ts';
import { type NotedBefore, noteBefore } from '../plan/rollback-target.ts';
import { planWorkload } from '../plan/workload.ts';
import type { RemovalRequest, Scope } from '../request.ts';
import type { ResolvedPart, ResolvedScopes } from './scope.ts';

/** Which filters a workload is to lose, and where objects without any workload are to go too. */
export interface Removal {
  readonly filtersOf: (workload: ObservedWorkload, scope: Scope) => readonly string[];
  readonly orphans: (part: ResolvedPart<RemovalRequest>, snapshot: ClusterSnapshot) => readonly FilterInNamespace[];
}

/** Whether a plan takes something of a scope's filter away, or has to leave it where not all that may use it was seen. */
export function isPartFound(
  { scope: { filter }, workloads, namespaces }: ResolvedPart<RemovalRequest>,
  plan: Plan,
  snapshot: ClusterSnapshot,
): boolean {
  const meant = new Set(workloads.map(({ ref }) => workloadKey(ref)));
  const isMeant = (name: string): boolean => filter === undefined || name === filter;
  return (
    plan.workloads.some(({ ref, removals }) => meant.has(workloadKey(ref)) && removals.some(isMeant)) ||
    plan.garbage.some((garbage) => isMeant(garbage.filter)) ||
    namespaces.some(
      (namespace) => !snapshot.isComplete(namespace) && snapshot.filtersWithObjects(namespace).some(isMeant),
    )
  );
}

/** Plans what goes in one cluster: filters from workloads, and what is left over of them. */
export function planRemoval(
  resolved: ResolvedScopes<RemovalRequest>,
  { filtersOf, orphans }: Removal,
  isComplete: boolean,
  { log, date }: DeployContext,
): PartialResult<Plan> {
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
    };
    return [diagnostics.unwrapPartial(planWorkload(wanted, options))];
  });
  const plan = { configMaps: [], filterResources: [], workloads, warnings: [] };
  const garbage = findGarbage(
    plan,
    snapshot,
    { keepRevisions: 0 },
    resolved.parts.flatMap((part) => orphans(part, snapshot)),
  );
  if (diagnostics.ok && isComplete) {
    log.info(`${count(workloads.length, 'workload')} to change and ${count(garbage.length, 'object')} to delete.`);
  }
  return partialResult({ ...plan, garbage }, diagnostics.problems);
}
