import type { Problem } from '../../base/problem.ts';
import type { RequestCounts } from '../../cluster/client.ts';
import type { PluginKind } from '../../cluster/resources.ts';
import type { ModuleSource } from '../../filter/module/module.ts';
import type { FilterSettings } from '../../filter/settings.ts';
import type { Provenance } from '../../provenance/policy.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import type { Newer } from '../observe/superseded.ts';
import type { RolloutPolicy } from '../policy.ts';
import type { Verification } from './evidence-level.ts';
import type { ImageReport } from './image-report.ts';
import type { RolloutPhase } from './phase.ts';
import type { PlanReport } from './plan-report.ts';
import type { NothingToRemove } from './removal-report.ts';
import type { RenderReport } from './render-report.ts';
import type { StatusReport } from './status-report.ts';

/** What the action can do. */
export const COMMANDS = ['deploy', 'plan', 'status', 'remove', 'render', 'sweep'] as const;
export type Command = (typeof COMMANDS)[number];

/** What happened to one of the four steps for a workload. */
export type StepState = 'done' | 'unchanged' | 'failed' | 'skipped';

/** The steps in their order. */
export const STEPS = ['configMap', 'filterResource', 'template', 'rollout'] as const;
export type Step = (typeof STEPS)[number];

/**
 * `rolled-back`: nothing was wrong with it, but the run rolled it back to what it was, because others failed; `untouched`: the
 * run ended before it came to this workload; `superseded`: another run has brought something newer meanwhile.
 */
export type TargetOutcome =
  | 'deployed'
  | 'removed'
  | 'unchanged'
  | 'failed'
  | 'rolled-back'
  | 'untouched'
  | 'superseded';

export interface TargetRevision {
  readonly filter: string;
  /** The wanted revision; omitted when the filter is to be taken away. */
  readonly revision?: string;
  /** The revision that was there before; omitted when there was none, equal when nothing changed. */
  readonly before?: string;
  /** Set when the settings went into the running proxies, without a restart. */
  readonly pushed?: true;
}

/** What happened to a workload's rollback. */
export interface Rollback {
  /** `failed`: see the problem; `skipped`: the run was cancelled, or told to keep what failed. */
  readonly state: 'rolled-back' | 'failed' | 'skipped';
  /** What its pod template has after it, by filter; null for none. */
  readonly to: Readonly<Record<string, string | null>>;
  readonly durationMs: number;
  /** Of a failed one: whether its pod template is as before, still what the run wrote, or nobody knows. */
  readonly template?: 'before' | 'new' | 'unknown';
  /** What kept its pods from being ready before the run already: nobody waited until they were. */
  readonly unready?: string;
  /** Why going back did not succeed, or what is left to do by hand. */
  readonly problem?: Problem;
}

/** What happened to one workload. */
export interface TargetReport {
  readonly ref: WorkloadRef;
  readonly outcome: TargetOutcome;
  /** In what condition the run leaves it. */
  readonly phase: RolloutPhase;
  /** The phase that its rollout came to before it was rolled back; omitted without a rollback. */
  readonly rolledBackFrom?: RolloutPhase;
  readonly revisions: readonly TargetRevision[];
  readonly steps: Readonly<Record<Step, StepState>>;
  readonly pods: { readonly ready: number; readonly wanted: number };
  /** From 1; omitted when a run has one wave only. */
  readonly wave?: number;
  /** Time from the workload's patch to the verdict; omitted when nobody waited. */
  readonly durationMs?: number;
  readonly verification?: Verification;
  readonly rollback?: Rollback;
  /** Of `superseded`: what runs there now. */
  readonly newer?: Newer;
  /** What others had changed of this action since the last run, and this run repaired. */
  readonly drift: readonly string[];
  /** The EnvoyFilters that are not this action's and that ours runs in the place of, `namespace/name`; absent for none. */
  readonly takenOver?: readonly string[];
  /** Other filters of this action that its pods run; absent for none. */
  readonly alsoRuns?: readonly string[];
  readonly problem?: Problem;
  /** Set where its pods are not ready, as before the run, and nothing was verified: what keeps them from it. */
  readonly unready?: string;
  /** What the workload's pods, events and proxies say, when it failed. */
  readonly evidence: readonly string[];
}

/** A filter as it was asked for. */
export interface FilterReport {
  readonly name: string;
  readonly digest: string;
  readonly bytes: number;
  /** What it was before it was shrunk, and how that was done, in words. */
  readonly original?: { readonly digest: string; readonly bytes: number; readonly how: string };
  readonly settings: FilterSettings;
  /** Which build made it; omitted when no attestation was asked for or found. */
  readonly provenance?: Provenance;
  /** Where it came from, and what that was resolved to. */
  readonly source?: ModuleSource;
  /** Why it is mounted or pulled, as a clause; omitted when nobody would ask. */
  readonly delivered?: string;
}

/** An object that could not go. */
export interface Left {
  readonly object: string;
  readonly why: string;
  /** The pod that keeps it, as it still runs its revision and is not about to end; omitted when something else does. */
  readonly runBy?: string;
  /** The permissions without which no run can delete it: `list pods in namespace "shop"`. */
  readonly missing?: readonly string[];
  /** The workload that this pod is of; omitted when no workload of this action has made it. */
  readonly runOn?: WorkloadRef;
}

/** Objects that nobody names any more, or that an adoption has replaced: `ConfigMap shop/add-header-0123456789`. */
export interface Collected {
  readonly deleted: readonly string[];
  /** Garbage that is still there, and why. */
  readonly left: readonly Left[];
}

/** The result of a run: the one model that summary, log, annotations and outputs are made from. */
export interface Report {
  readonly command: Command;
  readonly outcome:
    | 'deployed'
    | 'removed'
    | 'unchanged'
    | 'superseded'
    | 'planned'
    | 'reported'
    | 'rendered'
    | 'failed';
  /** Whether anything was written to the cluster that is still there: false again when all of it was rolled back. */
  readonly changed: boolean;
  readonly cancelled: boolean;
  readonly filters: readonly FilterReport[];
  readonly targets: readonly TargetReport[];
  /** What is wrong apart from a single workload's failure. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
  readonly collected: Collected;
  /** What brings images to the proxies there; omitted when nobody came to see. */
  readonly pluginKind?: PluginKind;
  /** The images that filters were pushed as, or would be; omitted when nothing was to be pushed. */
  readonly images?: readonly ImageReport[];
  readonly cluster?: { readonly context: string; readonly version: string };
  /** How the run was told to roll out. */
  readonly policy: RolloutPolicy;
  /** The inputs that were refused, in whose place settings and policy hold stand-ins; absent for none. */
  readonly refusedInputs?: readonly string[];
  readonly requests: RequestCounts;
  readonly durationMs: number;
  /** When `sweep` may remove the first filter of the targets, ISO 8601; absent for never. */
  readonly expires?: string;
  /** Where a removal looked that found nothing to do, and what is there. */
  readonly nothing?: NothingToRemove;
  /** What `plan` found; absent for the other commands. */
  readonly plan?: PlanReport;
  /** What `status` found. */
  readonly status?: StatusReport;
  /** What `render` wrote. */
  readonly rendered?: RenderReport;
}

/** Whether a workload's proxies were given settings without a restart. */
export function isPushed({ revisions, steps }: Pick<TargetReport, 'revisions' | 'steps'>): boolean {
  return revisions.some(({ pushed }) => pushed) && steps.filterResource === 'done';
}

/** How many targets had an outcome. */
export function countOutcome({ targets }: Pick<Report, 'targets'>, outcome: TargetOutcome): number {
  return targets.filter((target) => target.outcome === outcome).length;
}

/** Every problem of a run: the general ones, then the workloads'. */
export function runProblems({ problems, targets }: Pick<Report, 'problems' | 'targets'>): Problem[] {
  const ofTargets = targets.flatMap(({ problem, rollback }) => [problem, rollback?.problem]);
  return [...problems, ...ofTargets.filter((problem) => problem !== undefined)];
}

/** The revisions that the targets run or were to run, each once, in order of appearance. */
export function allRevisions({ targets }: Pick<Report, 'targets'>): string[] {
  const revisions = targets.flatMap((target) => target.revisions.flatMap(({ revision }) => revision ?? []));
  return [...new Set(revisions)];
}

/** Whether a write that failed like this may have taken effect all the same: its answer never came, or says nothing of it. */
export function mayHaveArrived({ kind }: Pick<Problem, 'kind'>): boolean {
  return MAY_HAVE_ARRIVED[kind];
}

const MAY_HAVE_ARRIVED: Readonly<Record<Problem['kind'], boolean>> = {
  connection: true,
  cancelled: true,
  internal: true,
  // The API server has answered, or was never asked.
  input: false,
  filter: false,
  provenance: false,
  registry: false,
  targets: false,
  kubeconfig: false,
  permission: false,
  cluster: false,
  mount: false,
  workload: false,
  conflict: false,
  rollout: false,
  'no-effect': false,
  verification: false,
  proxy: false,
  rollback: false,
};

/**
 * The revisions that the targets run at the end, each once, in order of appearance: after a rollback those that were there
 * before, after another run those that it has brought. Of a plan, those that they would run.
 */
export function finalRevisions({ command, targets }: Pick<Report, 'command' | 'targets'>): string[] {
  if (command === 'plan') return allRevisions({ targets });
  return [...new Set(targets.flatMap((target) => target.revisions.flatMap((one) => finalRevision(target, one) ?? [])))];
}

/** What a target runs of a filter at the end; `undefined` for nothing. */
export function finalRevision(
  { outcome, steps, rollback, newer }: TargetReport,
  { filter, revision, before }: TargetRevision,
): string | undefined {
  if (newer?.filter === filter) return newer.revision;
  if (rollback?.state === 'rolled-back' || rollback?.template === 'before') return rollback.to[filter] ?? undefined;
  const written = steps.template === 'done' || steps.template === 'unchanged';
  return outcome === 'untouched' || outcome === 'superseded' || !written ? before : revision;
}

/** What a run's outcome is, from its targets and problems: anything wrong or left out makes it a failure. */
export function concludeRun({
  command,
  targets,
  problems,
  collected,
  requests,
}: Pick<Report, 'command' | 'targets' | 'problems' | 'collected' | 'requests'>): Pick<
  Report,
  'outcome' | 'changed' | 'cancelled'
> {
  const all = runProblems({ targets, problems });
  // A plan touches nothing, and that is no failure.
  const left = command === 'plan' ? [] : targets;
  const has = (...outcomes: readonly TargetOutcome[]): boolean =>
    left.some(({ outcome }) => outcomes.includes(outcome));
  // What a run leaves alone because another one has brought something newer is that one's business.
  const superseded = has('superseded');
  const wrong = problems.length > 0 || has('failed', 'rolled-back') || (has('untouched') && !superseded);
  const done = targets.some(({ outcome, steps, rollback }) => {
    if (rollback?.state === 'rolled-back' || outcome === 'superseded') return false;
    // Objects that no workload came to use are collected again.
    const shared = outcome !== 'untouched' && [steps.configMap, steps.filterResource].includes('done');
    return shared || steps.template === 'done';
  });
  // After a failure what is deleted is what this run itself had made.
  const collectedOthers = wrong ? collected.left.length > 0 : collected.deleted.length > 0;
  // A write whose answer never came may have taken effect.
  const unanswered = requests.writes > 0 && all.some(mayHaveArrived);
  const changed = done || unanswered || collectedOthers;
  const cancelled = all.some(({ kind }) => kind === 'cancelled');
  const success = superseded ? 'superseded' : SUCCESS[command](changed);
  return { outcome: wrong ? 'failed' : success, changed, cancelled };
}

const SUCCESS: Readonly<Record<Command, (changed: boolean) => Report['outcome']>> = {
  deploy: (changed) => (changed ? 'deployed' : 'unchanged'),
  remove: (changed) => (changed ? 'removed' : 'unchanged'),
  sweep: (changed) => (changed ? 'removed' : 'unchanged'),
  plan: () => 'planned',
  status: () => 'reported',
  render: () => 'rendered',
};
