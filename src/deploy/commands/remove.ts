import { defined } from '../../base/defined.ts';
import { Diagnostics, type PartialResult, partialResult } from '../../base/problem.ts';
import { count } from '../../base/text.ts';
import { FILTER_LABEL } from '../../mesh/identity/names.ts';
import { isExpired } from '../../mesh/identity/state.ts';
import { filtersOn, stateOn } from '../../mesh/template/template.ts';
import { type DeployContext, during } from '../context.ts';
import {
  type ClusterSnapshot,
  knownFilters,
  type ObservedWorkload,
  observedFilter,
  revisionRunOn,
} from '../observe/snapshot.ts';
import { findGarbage, type GarbagePlace } from '../plan/garbage.ts';
import type { Plan, PlannedWorkload } from '../plan/plan.ts';
import { findRollbackTarget } from '../plan/rollback-target.ts';
import { planWorkload } from '../plan/workload.ts';
import type { RolloutPolicy } from '../policy.ts';
import { removalPermissions } from '../preflight/all-permissions.ts';
import { missingPermissions, permissionOf, permissionProblem, requiredPermissions } from '../preflight/permissions.ts';
import { NOTHING_COLLECTED, type OutcomeOf } from '../report/conclude.ts';
import type { RemovalRequest, RequestOrProblems } from '../request.ts';
import { executePlans, mergeExecuted } from '../rollout/execute-plan.ts';
import { untouchedTarget } from '../rollout/target-report.ts';
import { stillRunning } from '../verify/still-running.ts';
import { cancellation, STOPPED } from './outcome.ts';
import { missingFilter, namedWithout, nothingToRemove } from './present.ts';
import { type ResolvedScope, resolveScope } from './scope.ts';

/** Which filters a workload is to lose, and where objects without any workload are to go too. */
interface Removal {
  readonly filtersOf: (workload: ObservedWorkload) => readonly string[];
  readonly orphans: (resolved: ResolvedScope<RemovalRequest>) => readonly GarbagePlace[];
}

/** Objects that no workload uses may be those of a run that is about to use them; a sweep leaves younger ones alone, in milliseconds. */
const ORPHAN_AGE_MS = 3_600_000;

const FOUND = { state: 'found' } as const;

/** Takes a filter away from the workloads of a scope: template first, wait, then its objects. */
export function remove(
  requested: RequestOrProblems<RemovalRequest>,
  context: DeployContext,
): Promise<OutcomeOf<'remove'>> {
  const { filter } = requested.request.scope;
  return takeAway('remove', requested, context, {
    // Without a name nobody knows which filter is meant; that is a problem already.
    filtersOf: (workload) => (filter === undefined ? [] : knownFilters(workload, filter)),
    orphans: ({ namespaces }) => (filter === undefined ? [] : namespaces.map((namespace) => ({ namespace, filter }))),
  });
}

/** Takes away every filter of the scope whose time is over, and the objects of filters that no workload has any more. */
export function sweep(
  requested: RequestOrProblems<RemovalRequest>,
  context: DeployContext,
): Promise<OutcomeOf<'sweep'>> {
  const { filter } = requested.request.scope;
  const now = context.date();
  return takeAway('sweep', requested, context, {
    filtersOf: (workload) => {
      const state = stateOn(workload.workload);
      return knownFilters(workload, filter).filter((name) => state[name] !== undefined && isExpired(state[name], now));
    },
    orphans: ({ namespaces, snapshot }) =>
      namespaces.flatMap((namespace) =>
        orphanedFilters(namespace, snapshot, now)
          .filter((name) => filter === undefined || name === filter)
          .map((name) => ({ namespace, filter: name })),
      ),
  });
}

/** Filters that have objects in a namespace, all of them old, and that no pod template carries. */
function orphanedFilters(namespace: string, snapshot: ClusterSnapshot, now: Date): string[] {
  const carried = new Set(snapshot.workloads(namespace).flatMap(({ workload }) => filtersOn(workload)));
  const ages = new Map<string, number>();
  for (const { metadata } of [...snapshot.configMaps(namespace), ...snapshot.filterResources(namespace)]) {
    const filter = metadata.labels?.[FILTER_LABEL];
    if (filter === undefined || carried.has(filter)) continue;
    const age = now.getTime() - Date.parse(metadata.creationTimestamp ?? '');
    ages.set(filter, Math.min(ages.get(filter) ?? Number.POSITIVE_INFINITY, age));
  }
  return [...ages].filter(([, age]) => age >= ORPHAN_AGE_MS).map(([filter]) => filter);
}

async function takeAway<C extends 'remove' | 'sweep'>(
  command: C,
  requested: RequestOrProblems<RemovalRequest>,
  context: DeployContext,
  removal: Removal,
): Promise<Omit<OutcomeOf<'remove'>, 'command'> & { readonly command: C }> {
  const { client, log } = context;
  const diagnostics = new Diagnostics();
  const { plan, resolved } = await log.group('Observe and plan', async () => {
    const observed = diagnostics.unwrapPartial(await resolveScope(requested, client));
    return {
      plan: diagnostics.unwrapPartial(planRemoval(observed, removal, diagnostics.ok, context)),
      resolved: observed,
    };
  });
  const known = diagnostics.ok;
  const found = plan.workloads.some(({ removals }) => removals.length > 0) || plan.garbage.length > 0;
  const reached = found ? FOUND : nothingToRemove(resolved);
  if (known && !found && resolved.request.missing === 'fail') diagnostics.add(missingFilter(resolved));
  const policy = policyOf(resolved.request);
  const required = requiredPermissions(plan, policy);
  diagnostics.add((await missingPermissions(required, client, log)).map(permissionProblem));
  const permissions = [...removalPermissions(resolved.request), ...required.map(permissionOf)];
  const outcome = { command, removal: known ? reached : STOPPED, permissions };
  const without = found ? namedWithout(resolved) : [];
  if (!diagnostics.ok) {
    const targets = known && found ? plan.workloads.map(untouchedTarget) : [];
    return { ...outcome, targets, problems: diagnostics.problems, warnings: without, collected: NOTHING_COLLECTED };
  }
  const planned = { plan, snapshot: resolved.snapshot, context };
  const done = mergeExecuted(await executePlans([planned], policy, resolved.request, context));
  const warnings = [...without, ...done.warnings];
  const running = context.signal.aborted ? [] : await stillRunning(done.collected, during(context, 'cleaning up'));
  const problems = [...done.problems, ...running, ...cancellation(context, done.targets)];
  return { ...outcome, ...done, warnings, problems };
}

function planRemoval(
  resolved: ResolvedScope<RemovalRequest>,
  { filtersOf, orphans }: Removal,
  isComplete: boolean,
  { log, date }: DeployContext,
): PartialResult<Plan> {
  const diagnostics = new Diagnostics();
  const { snapshot, request } = resolved;
  const options = { run: request.run, wait: request.wait, now: date() };
  const workloads = resolved.workloads.flatMap((observed): PlannedWorkload[] => {
    const removals = filtersOf(observed);
    const { ref, workload } = observed;
    if (removals.length === 0 && request.scope.entries.length === 0) return [];
    const filters = removals.map((filter) => observedFilter(filter, observed, snapshot));
    const rollbackTargets = filters.flatMap((current) => {
      const back = findRollbackTarget(current, undefined, snapshot);
      return back === undefined ? [] : [[current.filter, back] as const];
    });
    const before = filters.flatMap((current) => {
      const runs = revisionRunOn(current);
      return runs === undefined ? [] : [[current.filter, runs] as const];
    });
    const wanted = {
      ref,
      observed: workload,
      revisions: [],
      removals,
      wave: 1,
      adopted: [],
      volumes: [],
      rollbackTargets: new Map(rollbackTargets),
      before: new Map(before),
    };
    return [diagnostics.unwrapPartial(planWorkload(wanted, options))];
  });
  const plan = { configMaps: [], filterResources: [], workloads, warnings: [] };
  const garbage = findGarbage(plan, snapshot, { keepRevisions: 0 }, orphans(resolved));
  if (diagnostics.ok && isComplete) {
    log.info(`${count(workloads.length, 'workload')} to change and ${count(garbage.length, 'object')} to delete.`);
  }
  return partialResult({ ...plan, garbage }, diagnostics.problems);
}

function policyOf({ wait, timeoutMs, maxParallel }: RemovalRequest): RolloutPolicy {
  return {
    wait,
    timeoutMs,
    ...defined({ maxParallel }),
    verify: 'off',
    onFailure: wait ? 'rollback' : 'keep',
    // Nothing may keep a filter where it is.
    unready: 'deploy',
    maxFailures: { count: 0 },
    soakMs: 0,
  };
}
