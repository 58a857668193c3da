import { defined } from '../../base/defined.ts';
import type { Problem } from '../../base/problem.ts';
import type { Warning } from '../../base/warning.ts';
import { inClusterName, type WorkloadRef } from '../../targets/target.ts';
import type { CommandOutcome, OutcomeOf } from './conclude.ts';
import type { MadePlan } from './plan-report.ts';
import type { PresentFilter } from './removal-report.ts';
import {
  type Collected,
  type Command,
  type DeployPlan,
  type RemovalReport,
  STOPPED,
  type Stopped,
  type TargetReport,
} from './report.ts';
import type { FoundStatus } from './status-report.ts';

/** What a command has found and done in one cluster, and how that is called; without a name where the run has no other. */
export interface ClusterOutcome<O extends CommandOutcome = CommandOutcome> {
  readonly cluster: string | undefined;
  readonly outcome: O;
}

type Parts<C extends Command> = readonly ClusterOutcome<OutcomeOf<C>>[];

/**
 * What a deployment has done in all clusters of a run. Here alone the outcomes of single clusters get the names of these; what all of
 * them say alike is said once, of none.
 */
export function mergeDeploy(parts: Parts<'deploy'>): OutcomeOf<'deploy'> {
  const made = parts.flatMap(({ outcome: { plan } }) => (plan.state === 'made' ? [plan] : []));
  return { command: 'deploy', ...mergeChange(parts), plan: mergeDeployPlans(made) };
}

/** What a plan has found for all clusters of a run. */
export function mergePlan(parts: Parts<'plan'>): OutcomeOf<'plan'> {
  const made = parts.flatMap(({ cluster, outcome: { plan } }) =>
    plan.state === 'made' ? [inPlan(plan, cluster)] : [],
  );
  return { command: 'plan', ...mergeSaid(parts), targets: mergeTargets(parts), plan: mergePlans(made) };
}

/** What status has found in all clusters of a run. */
export function mergeStatus(parts: Parts<'status'>): OutcomeOf<'status'> {
  const read = parts.flatMap(({ cluster, outcome: { status } }) =>
    status.state === 'read' ? [inStatus(status, cluster)] : [],
  );
  return { command: 'status', ...mergeSaid(parts), status: mergeFound(read) };
}

/** What a removal has done in all clusters of a run. */
export function mergeRemoval<C extends 'remove' | 'sweep'>(
  command: C,
  parts: Parts<'remove' | 'sweep'>,
): Omit<OutcomeOf<'remove'>, 'command'> & { readonly command: C } {
  return { command, ...mergeChange(parts), removal: mergeRemovals(parts) };
}

/** What the outcomes of all commands have. */
function mergeSaid(
  parts: readonly ClusterOutcome[],
): Pick<CommandOutcome, 'problems' | 'warnings' | 'permissions' | 'missingForCleanup'> {
  const permissions = parts.flatMap(({ outcome }) => outcome.permissions ?? []);
  const missingForCleanup = distinct(parts.flatMap(({ outcome }) => outcome.missingForCleanup ?? []));
  const asked = parts.some(({ outcome }) => outcome.permissions !== undefined);
  return {
    problems: sayOnce(
      parts.map(({ cluster, outcome }) => ({ cluster, said: outcome.problems })),
      inProblem,
    ),
    warnings: sayOnce(
      parts.map(({ cluster, outcome }) => ({ cluster, said: outcome.warnings })),
      inWarning,
    ),
    ...(asked && { permissions: distinct(permissions) }),
    ...(missingForCleanup.length > 0 && { missingForCleanup }),
  };
}

function mergeChange(parts: Parts<'deploy' | 'remove' | 'sweep'>): ReturnType<typeof mergeSaid> & {
  readonly targets: readonly TargetReport[];
  readonly collected: Collected;
} {
  const deleted = parts.flatMap(({ cluster, outcome }) =>
    outcome.collected.deleted.map((object) => inClusterName(cluster, object)),
  );
  const left = parts.flatMap(({ cluster, outcome }) =>
    outcome.collected.left.map(({ object, runOn, ...rest }) => ({
      ...rest,
      object: inClusterName(cluster, object),
      ...defined({ runOn: runOn && inRef(runOn, cluster) }),
    })),
  );
  return { ...mergeSaid(parts), targets: mergeTargets(parts), collected: { deleted, left } };
}

function mergeTargets(
  parts: readonly {
    readonly cluster: string | undefined;
    readonly outcome: { readonly targets: readonly TargetReport[] };
  }[],
): readonly TargetReport[] {
  return parts.flatMap(({ cluster, outcome }) => outcome.targets.map((target) => inTarget(target, cluster)));
}

function mergeDeployPlans(made: readonly DeployPlan[]): DeployPlan | Stopped {
  const [first] = made;
  if (first === undefined) return STOPPED;
  const [expires] = made.flatMap((plan) => plan.expires ?? []).sort();
  return {
    state: 'made',
    // They are pushed once, for all clusters.
    images: distinct(made.flatMap(({ images }) => images)),
    pluginKind: first.pluginKind,
    ...defined({ expires }),
  };
}

function mergePlans(made: readonly MadePlan[]): MadePlan | Stopped {
  if (made.length === 0) return STOPPED;
  const [expires] = made.flatMap((plan) => plan.expires ?? []).sort();
  const restarts = made.flatMap((plan) => plan.restarts);
  const inPlace = made.flatMap((plan) => plan.inPlace);
  return {
    state: 'made',
    changes: made.flatMap(({ changes }) => changes),
    restarts,
    inPlace,
    adoptions: made.flatMap(({ adoptions }) => adoptions),
    images: distinct(made.flatMap(({ images }) => images)),
    ...defined({ expires }),
    waves: new Set([...restarts, ...inPlace].map(({ wave }) => wave)).size,
    missingPermissions: made.flatMap(({ missingPermissions }) => missingPermissions),
  };
}

function mergeFound(found: readonly FoundStatus[]): FoundStatus | Stopped {
  if (found.length === 0) return STOPPED;
  const all = (pick: (one: FoundStatus) => readonly string[] | undefined): readonly string[] | undefined =>
    found.some((one) => pick(one) !== undefined) ? found.flatMap((one) => pick(one) ?? []) : undefined;
  return {
    state: 'read',
    workloads: found.flatMap(({ workloads }) => workloads),
    namespaces: found.flatMap(({ namespaces }) => namespaces),
    garbage: found.flatMap(({ garbage }) => garbage),
    ...defined({
      kept: all(({ kept }) => kept),
      inUse: all(({ inUse }) => inUse),
      unknown: all(({ unknown }) => unknown),
    }),
  };
}

/** What there was to remove anywhere; where it is not known of one cluster, it is not known. */
function mergeRemovals(
  parts: readonly { readonly cluster: string | undefined; readonly outcome: Pick<RemovalReport, 'removal'> }[],
): RemovalReport['removal'] {
  const removals = parts.map(({ outcome }) => outcome.removal);
  const found = removals.find(({ state }) => state === 'found');
  if (found !== undefined) return found;
  const nothing = parts.flatMap(({ cluster, outcome: { removal } }) =>
    removal.state === 'nothing' ? [{ cluster, removal }] : [],
  );
  const [first] = nothing;
  if (first === undefined || nothing.length < parts.length) return STOPPED;
  return {
    ...first.removal,
    namespaces: nothing.flatMap(({ cluster, removal }) =>
      removal.namespaces.map((namespace) => inClusterName(cluster, namespace)),
    ),
    present: nothing.flatMap(({ cluster, removal }) => removal.present.map((one) => inPresent(one, cluster))),
  };
}

function inRef(ref: WorkloadRef, cluster: string | undefined): WorkloadRef {
  return { ...ref, ...defined({ cluster }) };
}

/** Returns the problem as one of a cluster; as it is without a name. */
export function inProblem(problem: Problem, cluster: string | undefined): Problem {
  if (cluster === undefined) return problem;
  const { subject } = problem;
  return { ...problem, subject: subject === undefined ? `cluster ${cluster}` : inClusterName(cluster, subject) };
}

function inWarning(warning: Warning, cluster: string | undefined): Warning {
  const { subject, text } = warning;
  return {
    ...warning,
    text: inClusterName(cluster, text),
    ...defined({ subject: subject && inClusterName(cluster, subject) }),
  };
}

function inTarget(target: TargetReport, cluster: string | undefined): TargetReport {
  const { ref, problem, rollback } = target;
  return {
    ...target,
    ref: inRef(ref, cluster),
    ...defined({ problem: problem && inProblem(problem, cluster) }),
    ...(rollback !== undefined && {
      rollback: {
        ...rollback,
        ...defined({ problem: rollback.problem && inProblem(rollback.problem, cluster) }),
      },
    }),
  };
}

function inPlan(plan: MadePlan, cluster: string | undefined): MadePlan {
  return {
    ...plan,
    changes: plan.changes.map((change) => ({ ...change, ...defined({ cluster }) })),
    restarts: plan.restarts.map((one) => ({ ...one, ref: inRef(one.ref, cluster) })),
    inPlace: plan.inPlace.map((one) => ({ ...one, ref: inRef(one.ref, cluster) })),
    adoptions: plan.adoptions.map((one) => ({
      ...one,
      what: inClusterName(cluster, one.what),
      workloads: one.workloads.map((name) => inClusterName(cluster, name)),
    })),
    missingPermissions: plan.missingPermissions.map((one) => ({ ...one, ...defined({ cluster }) })),
  };
}

function inStatus(found: FoundStatus, cluster: string | undefined): FoundStatus {
  const named = (names: readonly string[]): string[] => names.map((name) => inClusterName(cluster, name));
  const { kept, inUse, unknown } = found;
  return {
    state: 'read',
    workloads: found.workloads.map((one) => ({ ...one, ref: inRef(one.ref, cluster) })),
    namespaces: named(found.namespaces),
    garbage: named(found.garbage),
    ...defined({ kept: kept && named(kept), inUse: inUse && named(inUse), unknown: unknown && named(unknown) }),
  };
}

function inPresent({ namespace, workloads, ...rest }: PresentFilter, cluster: string | undefined): PresentFilter {
  return {
    ...rest,
    namespace: inClusterName(cluster, namespace),
    workloads: workloads.map((ref) => inRef(ref, cluster)),
  };
}

/** Returns what all clusters say alike once, as it is, then what only some do, each with its cluster. */
function sayOnce<T>(
  parts: readonly { readonly cluster: string | undefined; readonly said: readonly T[] }[],
  inCluster: (one: T, cluster: string | undefined) => T,
): T[] {
  const sets = parts.map(({ said }) => new Set(said.map(keyOf)));
  const isCommon = (one: T): boolean => parts.length > 1 && sets.every((set) => set.has(keyOf(one)));
  const [first] = parts;
  const common = (first?.said ?? []).filter(isCommon);
  const own = parts.flatMap(({ cluster, said }) =>
    said.filter((one) => !isCommon(one)).map((one) => inCluster(one, cluster)),
  );
  return [...common, ...own];
}

function distinct<T>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}

/** What is told of a problem, and not what it came from, makes it another one. */
function keyOf(item: unknown): string {
  return JSON.stringify(item, (key, value: unknown) => (key === 'cause' ? undefined : value));
}
