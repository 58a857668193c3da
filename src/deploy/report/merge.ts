import { defined } from '../../base/defined.ts';
import { dataKey } from '../../base/json.ts';
import { distinctBy } from '../../base/lists.ts';
import { aboutSubject, type Problem, problemKey } from '../../base/problem.ts';
import type { Warning } from '../../base/warning.ts';
import { inClusterName, inClusterNames, type WorkloadRef } from '../../targets/target.ts';
import { inPart } from '../plan-digest.ts';
import type { CommandOutcome, OutcomeOf } from './conclude.ts';
import { joinMoves } from './moved-tag.ts';
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
import { mergeScouts } from './scout-report.ts';
import type { AskedFilters, FoundStatus } from './status-report.ts';
import { countWaves } from './wave-mark.ts';

/** What a command has found and done in one cluster, and how that is called; without a name where the run has no other. */
export interface ClusterOutcome<O extends CommandOutcome = CommandOutcome> {
  readonly cluster: string | undefined;
  readonly outcome: O;
}

type Parts<C extends Command> = readonly ClusterOutcome<OutcomeOf<C>>[];

/** What a deployment has done in all clusters of a run. Here alone outcomes get the names of clusters; what all say alike is said once. */
export function mergeDeploy(parts: Parts<'deploy'>): OutcomeOf<'deploy'> {
  const made = parts.flatMap(({ outcome: { plan } }) => (plan.state === 'made' ? [plan] : []));
  return { command: 'deploy', ...mergeChange(parts), ...mergeScouts(parts), plan: mergeDeployPlans(made) };
}

/** What a plan has found for all clusters of a run. */
export function mergePlan(parts: Parts<'plan'>): OutcomeOf<'plan'> {
  const made = parts.flatMap(({ cluster, outcome: { plan } }) =>
    plan.state === 'made' ? [inPlan(plan, cluster)] : [],
  );
  const [account] = parts.flatMap(({ outcome }) => outcome.account ?? []).sort();
  const said = { ...mergeSaid(parts), ...defined({ account }) };
  return { command: 'plan', ...said, targets: mergeTargets(parts), plan: mergePlans(made) };
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
): Pick<CommandOutcome, 'problems' | 'warnings' | 'permissions' | 'users' | 'missingForCleanup' | 'movedTags'> {
  const permissions = parts.flatMap(({ outcome }) => outcome.permissions ?? []);
  const missingForCleanup = distinctBy(
    parts.flatMap(({ outcome }) => outcome.missingForCleanup ?? []),
    dataKey,
  );
  const movedTags = joinMoves(
    parts.flatMap(({ cluster, outcome }) =>
      (outcome.movedTags ?? []).map((move) => ({
        ...move,
        workloads: move.workloads.map((ref) => inRef(ref, cluster)),
      })),
    ),
  );
  const users = [...new Set(parts.flatMap(({ outcome }) => outcome.users ?? []))];
  const asked = parts.some(({ outcome }) => outcome.permissions !== undefined);
  return {
    problems: sayOnce(
      parts.map(({ cluster, outcome }) => ({ cluster, said: outcome.problems })),
      problemKey,
      inProblem,
    ),
    warnings: sayOnce(
      parts.map(({ cluster, outcome }) => ({ cluster, said: outcome.warnings })),
      dataKey,
      inWarning,
    ),
    ...(asked && { permissions: distinctBy(permissions, dataKey) }),
    ...(users.length > 0 && { users }),
    ...(missingForCleanup.length > 0 && { missingForCleanup }),
    ...(movedTags.length > 0 && { movedTags }),
  };
}

function mergeChange(parts: Parts<'deploy' | 'remove' | 'sweep'>): ReturnType<typeof mergeSaid> & {
  readonly targets: readonly TargetReport[];
  readonly collected: Collected;
} {
  const deleted = parts.flatMap(({ cluster, outcome }) => inClusterNames(cluster, outcome.collected.deleted));
  const left = parts.flatMap(({ cluster, outcome }) =>
    outcome.collected.left.map(({ object, runOn, ...rest }) => ({
      ...rest,
      object: inClusterName(cluster, object),
      ...defined({ runOn: runOn && inRef(runOn, cluster) }),
    })),
  );
  const foundBefore = parts.some(({ outcome }) => outcome.collected.foundBefore) ? { foundBefore: true as const } : {};
  return { ...mergeSaid(parts), targets: mergeTargets(parts), collected: { deleted, left, ...foundBefore } };
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
    images: distinctBy(
      made.flatMap(({ images }) => images),
      dataKey,
    ),
    pluginKind: first.pluginKind,
    ...defined({ expires, carriedOut: first.carriedOut }),
  };
}

function mergePlans(made: readonly MadePlan[]): MadePlan | Stopped {
  if (made.length === 0) return STOPPED;
  const [expires] = made.flatMap((plan) => plan.expires ?? []).sort();
  const restarts = made.flatMap((plan) => plan.restarts);
  const inPlace = made.flatMap((plan) => plan.inPlace);
  const images = made.flatMap((plan) => plan.images);
  return {
    state: 'made',
    changes: made.flatMap(({ changes }) => changes),
    modules: made.flatMap(({ modules }) => modules),
    settings: made.flatMap(({ settings }) => settings),
    restarts,
    inPlace,
    adoptions: made.flatMap(({ adoptions }) => adoptions),
    images: distinctBy(images, dataKey),
    ...defined({ expires }),
    parts: made.flatMap(({ parts }) => parts),
    waves: countWaves([...restarts, ...inPlace]),
    missingPermissions: made.flatMap(({ missingPermissions }) => missingPermissions),
    uncheckedPermissions: made.flatMap(({ uncheckedPermissions }) => uncheckedPermissions),
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
      asked: mergeAsked(found.flatMap(({ asked }) => asked ?? [])),
      kept: all(({ kept }) => kept),
      inUse: all(({ inUse }) => inUse),
      inUseUnseen: all(({ inUseUnseen }) => inUseUnseen),
      unknown: all(({ unknown }) => unknown),
    }),
  };
}

function mergeAsked(asked: readonly AskedFilters[]): AskedFilters | undefined {
  if (asked.length === 0) return undefined;
  const once = (names: readonly string[]): string[] => [...new Set(names)];
  return { names: once(asked.flatMap(({ names }) => names)), present: once(asked.flatMap(({ present }) => present)) };
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
  return subject === undefined
    ? aboutSubject(problem, `cluster ${cluster}`)
    : { ...problem, subject: inClusterName(cluster, subject) };
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
    modules: plan.modules.map((one) => ({ ...one, workloads: inClusterNames(cluster, one.workloads) })),
    restarts: plan.restarts.map((one) => ({ ...one, ref: inRef(one.ref, cluster) })),
    inPlace: plan.inPlace.map((one) => ({ ...one, ref: inRef(one.ref, cluster) })),
    adoptions: plan.adoptions.map((one) => ({
      ...one,
      what: inClusterName(cluster, one.what),
      workloads: inClusterNames(cluster, one.workloads),
    })),
    parts: plan.parts.map((part) => inPart(part, cluster)),
    missingPermissions: plan.missingPermissions.map((one) => ({ ...one, ...defined({ cluster }) })),
    uncheckedPermissions: plan.uncheckedPermissions.map((one) => ({ ...one, ...defined({ cluster }) })),
  };
}

function inStatus(found: FoundStatus, cluster: string | undefined): FoundStatus {
  const { namespaces, garbage, kept, inUse, inUseUnseen, unknown } = found;
  const lists = Object.entries(defined({ namespaces, garbage, kept, inUse, inUseUnseen, unknown }));
  return {
    ...found,
    workloads: found.workloads.map((one) => ({ ...one, ref: inRef(one.ref, cluster) })),
    ...Object.fromEntries(lists.map(([name, objects]) => [name, inClusterNames(cluster, objects)])),
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
  keyOf: (one: T) => string,
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
