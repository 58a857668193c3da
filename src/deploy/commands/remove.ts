import { defined } from '../../base/defined.ts';
import { type Attempt, attempt, Findings } from '../../base/problem.ts';
import { count } from '../../base/text.ts';
import { FILTER_LABEL } from '../../mesh/identity/names.ts';
import { isExpired } from '../../mesh/identity/state.ts';
import { filtersOn, stateOn } from '../../mesh/template/template.ts';
import { type DeployContext, during } from '../context.ts';
import { knownFilters, type Observation, type ObservedWorkload, observedFilter } from '../observe/snapshot.ts';
import { findGarbage, type GarbagePlace } from '../plan/garbage.ts';
import type { Plan, PlannedWorkload } from '../plan/plan.ts';
import { findWayBack } from '../plan/rollback-target.ts';
import { planWorkload } from '../plan/workload.ts';
import type { RolloutPolicy } from '../policy.ts';
import { missingRights, neededRights, rightProblem } from '../preflight/permissions.ts';
import type { DraftRequest, RemovalRequest } from '../request.ts';
import { carryOut } from '../rollout/execute-plan.ts';
import { untouchedTarget } from '../rollout/target-report.ts';
import { stillRunning } from '../verify/still-running.ts';
import { cancellation, NOTHING_COLLECTED, type Outcome } from './outcome.ts';
import { missingFilter, namedWithout, nothingToRemove } from './present.ts';
import { observeScope, type Scoped } from './scope.ts';

/** Which filters a workload is to lose, and where objects without any workload are to go too. */
interface Removal {
  readonly filtersOf: (workload: ObservedWorkload) => readonly string[];
  readonly orphans: (scoped: Scoped<RemovalRequest>) => readonly GarbagePlace[];
}

/** Objects that no workload uses may be those of a run that is about to use them; a sweep leaves younger ones alone, in milliseconds. */
const ORPHAN_AGE_MS = 3_600_000;

/** Takes a filter away from the workloads of a scope: template first, wait, then its objects. */
export function remove(draft: DraftRequest<RemovalRequest>, context: DeployContext): Promise<Outcome> {
  const { filter } = draft.request.scope;
  return takeAway(draft, context, {
    // Without a name nobody knows which filter is meant; that is a problem already.
    filtersOf: (workload) => (filter === undefined ? [] : knownFilters(workload, filter)),
    orphans: ({ namespaces }) => (filter === undefined ? [] : namespaces.map((namespace) => ({ namespace, filter }))),
  });
}

/** Takes away every filter of the scope whose time is over, and the objects of filters that no workload has any more. */
export function sweep(draft: DraftRequest<RemovalRequest>, context: DeployContext): Promise<Outcome> {
  const { filter } = draft.request.scope;
  const now = context.date();
  return takeAway(draft, context, {
    filtersOf: (workload) => {
      const state = stateOn(workload.workload);
      return knownFilters(workload, filter).filter((name) => state[name] !== undefined && isExpired(state[name], now));
    },
    orphans: ({ namespaces, observation }) =>
      namespaces.flatMap((namespace) =>
        orphanedFilters(namespace, observation, now)
          .filter((name) => filter === undefined || name === filter)
          .map((name) => ({ namespace, filter: name })),
      ),
  });
}

/** Filters that have objects in a namespace, all of them old, and that no pod template carries. */
function orphanedFilters(namespace: string, observation: Observation, now: Date): string[] {
  const carried = new Set(observation.workloads(namespace).flatMap(({ workload }) => filtersOn(workload)));
  const ages = new Map<string, number>();
  for (const { metadata } of [...observation.configMaps(namespace), ...observation.inserters(namespace)]) {
    const filter = metadata.labels?.[FILTER_LABEL];
    if (filter === undefined || carried.has(filter)) continue;
    const age = now.getTime() - Date.parse(metadata.creationTimestamp ?? '');
    ages.set(filter, Math.min(ages.get(filter) ?? Number.POSITIVE_INFINITY, age));
  }
  return [...ages].filter(([, age]) => age >= ORPHAN_AGE_MS).map(([filter]) => filter);
}

async function takeAway(
  draft: DraftRequest<RemovalRequest>,
  context: DeployContext,
  removal: Removal,
): Promise<Outcome> {
  const { client, log } = context;
  const findings = new Findings();
  const { plan, scoped } = await log.group('Observe and plan', async () => {
    const observed = findings.takeAny(await observeScope(draft, client));
    return { plan: findings.takeAny(planRemoval(observed, removal, context)), scoped: observed };
  });
  const known = findings.clean;
  const found = plan.workloads.some(({ removals }) => removals.length > 0) || plan.garbage.length > 0;
  const nothing = known && !found ? { nothing: nothingToRemove(scoped) } : {};
  if (known && !found && scoped.request.missing === 'fail') findings.add(missingFilter(scoped));
  const policy = policyOf(scoped.request);
  findings.add((await missingRights(neededRights(plan, policy), client, log)).map(rightProblem));
  const without = found ? namedWithout(scoped) : [];
  if (!findings.clean) {
    const targets = known && found ? plan.workloads.map(untouchedTarget) : [];
    return { targets, problems: findings.problems, warnings: without, collected: NOTHING_COLLECTED, ...nothing };
  }
  const done = await carryOut(plan, scoped.observation, policy, scoped.request, context);
  const warnings = [...without, ...done.warnings];
  const running = context.signal.aborted ? [] : await stillRunning(done.collected, during(context, 'cleaning up'));
  const problems = [...done.problems, ...running, ...cancellation(context, done.targets)];
  return { ...done, warnings, problems, ...nothing };
}

function planRemoval(
  scoped: Scoped<RemovalRequest>,
  { filtersOf, orphans }: Removal,
  { log, date }: DeployContext,
): Attempt<Plan> {
  const findings = new Findings();
  const { observation, request } = scoped;
  const options = { run: request.run, wait: request.wait, now: date() };
  const workloads = scoped.workloads.flatMap((observed): PlannedWorkload[] => {
    const removals = filtersOf(observed);
    const { ref, workload } = observed;
    if (removals.length === 0 && request.scope.entries.length === 0) return [];
    const wayBack = removals.flatMap((filter) => {
      const back = findWayBack(observedFilter(filter, observed, observation), undefined, observation);
      return back === undefined ? [] : [[filter, back] as const];
    });
    const wanted = {
      ref,
      observed: workload,
      revisions: [],
      removals,
      wave: 1,
      adopted: [],
      volumes: [],
      wayBack: new Map(wayBack),
    };
    return [findings.takeAny(planWorkload(wanted, options))];
  });
  const plan = { configMaps: [], inserters: [], workloads, warnings: [] };
  const garbage = findGarbage(plan, observation, { keepRevisions: 0 }, orphans(scoped));
  log.info(`${count(workloads.length, 'workload')} and ${count(garbage.length, 'object')} to clear.`);
  return attempt({ ...plan, garbage }, findings.problems);
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
