import { defined } from '../../base/defined.ts';
import type { Permission } from '../../base/permission.ts';
import { Diagnostics, type Problem } from '../../base/problem.ts';
import { permissionOf } from '../../cluster/access.ts';
import { FILTER_LABEL } from '../../mesh/identity/names.ts';
import { isExpired } from '../../mesh/identity/state.ts';
import { filtersOn, stateOn } from '../../mesh/template/template.ts';
import { during } from '../context.ts';
import { installedKinds } from '../kinds/kinds.ts';
import { type ClusterSnapshot, knownFilters } from '../observe/snapshot.ts';
import type { RolloutPolicy } from '../policy.ts';
import { removalPermissions } from '../preflight/all-permissions.ts';
import { missingPermissions, permissionProblem, requiredPermissions, userLacking } from '../preflight/permissions.ts';
import { NOTHING_COLLECTED, type OutcomeOf } from '../report/conclude.ts';
import { type Collected, type Left, STOPPED } from '../report/report.ts';
import type { RemovalRequest, Scope } from '../request.ts';
import { executePlans } from '../rollout/execute-plan.ts';
import { untouchedTarget } from '../rollout/target-report.ts';
import { stillRunning } from '../verify/still-running.ts';
import { answerOf, type ClusterTask, inCluster, type RunContext, type UnansweredCluster } from './cluster-task.ts';
import { hiddenRunners } from './hidden-runners.ts';
import { cancellation } from './outcome.ts';
import { isPartFound, planRemoval, type Removal, type RemovalPlan } from './plan-removal.ts';
import { keptElsewhere, missingFilter, namedWithout, nothingToRemove } from './present.ts';
import { type ResolvedScopes, resolveScopes } from './scope.ts';
import { leaveUnclear } from './unclear-objects.ts';

/** Objects that no workload uses may be those of a run that is about to use them; a sweep leaves younger ones alone, in milliseconds. */
const ORPHAN_AGE_MS = 3_600_000;

const FOUND = { state: 'found' } as const;

/** Takes filters away from the workloads of their scopes: template first, wait, then their objects. */
export function remove(
  tasks: readonly ClusterTask<RemovalRequest>[],
  run: RunContext,
): Promise<readonly OutcomeOf<'remove'>[]> {
  // Without a name nobody knows which filter is meant; that is a problem already.
  return takeAway('remove', tasks, run, {
    filtersOf: (workload, { filter }) => (filter === undefined ? [] : knownFilters(workload, filter)),
    orphans: ({ scope: { filter }, namespaces }) =>
      filter === undefined ? [] : namespaces.map((namespace) => ({ namespace, filter })),
    everywhere: ({ scope: { filter, entries }, namespaces }) =>
      filter === undefined || entries.length > 0 ? [] : namespaces.map((namespace) => ({ namespace, filter })),
  });
}

/** Takes away every filter of the scope whose time is over, and the objects of filters that no workload has any more. */
export function sweep(
  tasks: readonly ClusterTask<RemovalRequest>[],
  run: RunContext,
  now: Date,
): Promise<readonly OutcomeOf<'sweep'>[]> {
  return takeAway('sweep', tasks, run, {
    filtersOf: (workload, { filter }) => {
      const state = stateOn(workload.workload);
      return knownFilters(workload, filter).filter((name) => state[name] !== undefined && isExpired(state[name], now));
    },
    orphans: ({ scope, namespaces }, snapshot) =>
      namespaces.flatMap((namespace) =>
        orphanedFilters(namespace, snapshot, now)
          .filter((name) => scope.filter === undefined || name === scope.filter)
          .map((name) => ({ namespace, filter: name })),
      ),
    // Which of them have expired, only the workloads say.
    everywhere: () => [],
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

/** What is to go in one cluster, and what speaks against it. */
interface PlannedRemoval {
  readonly state: 'planned';
  readonly task: ClusterTask<RemovalRequest>;
  readonly plan: RemovalPlan;
  readonly resolved: ResolvedScopes<RemovalRequest>;
  readonly problems: readonly Problem[];
  /** Whether it is known what is there, whatever else is wrong. */
  readonly isKnown: boolean;
  readonly permissions: readonly Permission[];
  /** Who lacks some of it; omitted where nobody does, or nobody knows. */
  readonly user?: string;
}

type Removed<C extends 'remove' | 'sweep'> = Omit<OutcomeOf<'remove'>, 'command'> & { readonly command: C };

/** Takes away in every cluster, or in none: what is wrong in one keeps the run from writing to any. Never throws. */
async function takeAway<C extends 'remove' | 'sweep'>(
  command: C,
  tasks: readonly ClusterTask<RemovalRequest>[],
  run: RunContext,
  removal: Removal,
): Promise<readonly Removed<C>[]> {
  const answers = await run.log.group('Observe and plan', () =>
    Promise.all(tasks.map((task) => answerOf(task, () => planInCluster(task, removal)))),
  );
  const planned = answers.filter((one) => one.state === 'planned');
  // What is in one of the clusters is not missing, though others may be without it.
  const isMissing = isMissingIn(planned);
  const examined = await Promise.all(
    answers.map((one) => (one.state === 'planned' ? answerOf(one.task, () => examineRemoval(one, isMissing)) : one)),
  );
  if (examined.some(({ problems }) => problems.length > 0)) return examined.map((one) => refused(command, one));
  return carryOut(
    command,
    examined.filter((one) => one.state === 'planned'),
    run,
  );
}

async function planInCluster(task: ClusterTask<RemovalRequest>, removal: Removal): Promise<PlannedRemoval> {
  const { requested, context } = task;
  const diagnostics = new Diagnostics();
  const resolved = diagnostics.unwrapPartial(await resolveScopes(requested, context));
  const plan = diagnostics.unwrapPartial(planRemoval(resolved, removal, diagnostics.ok, context));
  const { ok: isKnown, problems } = diagnostics;
  const hidden = await hiddenRunners(resolved.parts.flatMap(removal.everywhere), resolved.snapshot, context);
  return { state: 'planned', task, plan, resolved, problems: [...problems, ...hidden], isKnown, permissions: [] };
}

async function examineRemoval(planned: PlannedRemoval, isMissing: IsMissing): Promise<PlannedRemoval> {
  const { plan, resolved, problems, task } = planned;
  const { client, log } = task.context;
  const absent = resolved.request.missing === 'fail' ? resolved.parts.filter(({ scope }) => isMissing(scope)) : [];
  const missing = absent.flatMap((part) => missingFilter(part, resolved.snapshot));
  const required = requiredPermissions(plan, policyOf(resolved.request));
  const missingRequired = await missingPermissions(required, client, log);
  const user = await userLacking([...missingRequired, ...resolved.missingToSee], task.context);
  const permissionProblems = missingRequired.map((permission) => permissionProblem(permission, user));
  return {
    ...planned,
    problems: [...problems, ...missing, ...permissionProblems],
    permissions: [...removalPermissions(resolved.request, await installedKinds(client)), ...required.map(permissionOf)],
    ...defined({ user }),
  };
}

type IsMissing = (scope: Scope) => boolean;

/** Tells which filters are in none of the clusters; none of them while nobody knows what is there. */
function isMissingIn(planned: readonly PlannedRemoval[]): IsMissing {
  if (planned.some(({ isKnown }) => !isKnown)) return () => false;
  const found = planned.flatMap(({ plan, resolved }) => resolved.parts.filter((part) => isPartFound(part, plan)));
  const names = new Set(found.map(({ scope }) => scope.filter));
  return ({ filter }) => !names.has(filter);
}

function isFound({ plan }: PlannedRemoval): boolean {
  return [plan.garbage, plan.unclear, plan.workloads.flatMap(({ removals }) => removals)].some(
    ({ length }) => length > 0,
  );
}

function refused<C extends 'remove' | 'sweep'>(command: C, examined: PlannedRemoval | UnansweredCluster): Removed<C> {
  const nothing = { command, problems: examined.problems, targets: [], collected: NOTHING_COLLECTED };
  if (examined.state === 'unanswered') return { ...nothing, warnings: [], removal: STOPPED };
  const { plan, isKnown } = examined;
  const targets = isKnown && isFound(examined) ? plan.workloads.map((planned) => untouchedTarget(planned, plan)) : [];
  return { ...nothing, ...describeRemoval(examined), targets };
}

/** What there was to remove, and what it takes. */
function describeRemoval(
  planned: PlannedRemoval,
): Pick<Removed<'remove'>, 'removal' | 'permissions' | 'users' | 'warnings' | 'missingForCleanup'> {
  const { resolved, isKnown, permissions, user } = planned;
  const found = isFound(planned);
  const removal = found ? FOUND : nothingToRemove(resolved);
  const warnings = [...resolved.warnings, ...(found ? resolved.parts.flatMap(namedWithout) : [])];
  const { missingToSee } = resolved;
  const missing = missingToSee.length > 0 ? { missingForCleanup: missingToSee } : {};
  const users = user === undefined ? {} : { users: [user] };
  return { removal: isKnown ? removal : STOPPED, permissions, ...users, warnings, ...missing };
}

async function carryOut<C extends 'remove' | 'sweep'>(
  command: C,
  clusters: readonly PlannedRemoval[],
  run: RunContext,
): Promise<readonly Removed<C>[]> {
  const [first] = clusters;
  if (first === undefined) return [];
  // All but the scope is the same in every cluster.
  const { request } = first.resolved;
  const plans = clusters.map((removal) => ({
    ...removal.task,
    removal,
    plan: removal.plan,
    snapshot: removal.resolved.snapshot,
  }));
  const { executed, problems } = await executePlans(plans, policyOf(request), request, run);
  return Promise.all(
    executed.map(async ({ planned: { removal }, done }) => {
      const running = run.signal.aborted ? [] : await runningAfter(removal.task, done.collected);
      const unclear = await unclearAfter(removal, done);
      const left = [...done.collected.left, ...unclear.left];
      const described = describeRemoval(await withUser(removal, left));
      const { parts, snapshot } = removal.resolved;
      // A sweep leaves what has not expired yet.
      const elsewhere = command === 'remove' ? parts.flatMap((part) => keptElsewhere(part, snapshot)) : [];
      return {
        command,
        ...described,
        ...done,
        collected: { ...done.collected, left },
        warnings: [...described.warnings, ...elsewhere, ...done.warnings],
        problems: [
          ...done.problems,
          ...problems,
          ...running,
          ...unclear.problems,
          ...cancellation(run, done.targets, 'has the filter or is without it'),
        ],
      };
    }),
  );
}

/** Who could not delete what is left, where that is not known yet. */
async function withUser(removal: PlannedRemoval, left: readonly Left[]): Promise<PlannedRemoval> {
  const missing = left.flatMap((one) => one.missing ?? []);
  return { ...removal, ...defined({ user: removal.user ?? (await userLacking(missing, removal.task.context)) }) };
}

async function runningAfter(task: ClusterTask<RemovalRequest>, collected: Collected): Promise<readonly Problem[]> {
  const looked = await inCluster(task, () => stillRunning(collected, during(task.context, 'cleaning up')));
  return looked.ok ? looked.value : looked.problems;
}

/** What stays because nobody saw whether something else uses it; of a removal that failed, pods use it. */
async function unclearAfter(
  { task, plan, resolved }: PlannedRemoval,
  { targets }: Pick<Removed<'remove'>, 'targets'>,
): Promise<{ readonly left: readonly Left[]; readonly problems: readonly Problem[] }> {
  const isDone = targets.every(({ outcome }) => outcome === 'removed' || outcome === 'unchanged');
  if (plan.unclear.length === 0 || !isDone) return { left: [], problems: [] };
  const context = during(task.context, 'cleaning up');
  const left = await inCluster(task, () => leaveUnclear(plan.unclear, resolved.missingToSee, context));
  return left.ok ? { left: left.value, problems: [] } : { left: [], problems: left.problems };
}

function policyOf({ wait, timeoutMs, maxParallel, promote }: RemovalRequest): RolloutPolicy {
  return {
    wait,
    timeoutMs,
    ...defined({ maxParallel }),
    verify: 'off',
    scout: 'off',
    onFailure: wait ? 'rollback' : 'keep',
    // Nothing may keep a filter where it is.
    unready: 'deploy',
    promote,
    maxFailures: { count: 0 },
    soakMs: 0,
  };
}
