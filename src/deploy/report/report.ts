import type { Permission } from '../../base/permission.ts';
import type { Problem } from '../../base/problem.ts';
import type { Warning } from '../../base/warning.ts';
import type { RequestCounts } from '../../cluster/client.ts';
import type { PluginKind } from '../../cluster/resources.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import type { Newer } from '../observe/superseded.ts';
import type { RolloutPolicy } from '../policy.ts';
import type { TestedFilter } from '../test-report.ts';
import type { FoundByCheck } from './check-report.ts';
import type { Collected } from './collected.ts';
import type { Verification } from './evidence-level.ts';
import type { FilterReport } from './filter-report.ts';
import type { ImageReport } from './image-report.ts';
import type { MovedTag } from './moved-tag.ts';
import type { RolloutPhase, TargetOutcome } from './phase.ts';
import type { MadePlan } from './plan-report.ts';
import type { NothingToRemove } from './removal-report.ts';
import type { RenderedFiles } from './render-report.ts';
import type { Rollback } from './rollback-report.ts';
import type { RolloutTimes } from './rollout-times.ts';
import type { ScoutReport } from './scout-report.ts';
import type { SoakReport } from './soak-report.ts';
import type { FilterStatus, FoundStatus } from './status-report.ts';
import type { WavePart } from './wave-mark.ts';

export type { Collected, Left } from './collected.ts';
export type { FilterReport } from './filter-report.ts';
export type { Rollback } from './rollback-report.ts';
export type { TargetOutcome };

/** What the action can do. */
export const COMMANDS = ['deploy', 'plan', 'status', 'remove', 'render', 'sweep', 'check'] as const;
export type Command = (typeof COMMANDS)[number];

/** What happened to one of the four steps for a workload. */
export type StepState = 'done' | 'unchanged' | 'failed' | 'skipped';

/** The steps in their order. */
const STEPS = ['configMap', 'filterResource', 'template', 'rollout'] as const;
export type Step = (typeof STEPS)[number];

export interface TargetRevision {
  readonly filter: string;
  /** The wanted revision; omitted when the filter is to be taken away. */
  readonly revision?: string;
  /** The revision that was there before; omitted when there was none, equal when nothing changed. */
  readonly before?: string;
  /** Set where it has the bytes that its tag named before: their digest, and the image that they were in. */
  readonly earlier?: { readonly digest: string; readonly image?: string };
  /** Set when the settings went into the running proxies, without a restart. */
  readonly pushed?: true;
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
  /** As its target has it, with what its cluster adds; omitted when a run has one wave only. */
  readonly wave?: number;
  readonly wavePart?: WavePart;
  /** Time from the workload's patch to the verdict; omitted when nobody waited. */
  readonly durationMs?: number;
  /** Omitted where this run has not patched it. */
  readonly times?: RolloutTimes;
  readonly verification?: Verification;
  /** What was seen of its pods while they were watched; omitted where they were not. */
  readonly soak?: SoakReport;
  readonly rollback?: Rollback;
  /** Of `superseded`: what runs there now; without a revision where another run has removed the filter. */
  readonly newer?: Newer;
  /** What others had changed of this action since the last run, and this run repaired. */
  readonly drift: readonly string[];
  /** The EnvoyFilters that are not this action's and that ours runs in the place of, `namespace/name`; absent for none. */
  readonly takenOver?: readonly string[];
  /** Other filters of this action that its pods run; absent for none. */
  readonly alsoRuns?: readonly string[];
  readonly problem?: Problem;
  /** Set where its pods are not ready, as before the run, and nothing was verified: what keeps them from it. It may have been left as it was for that. */
  readonly unready?: string;
  /** Of `waiting`: where its rollout stands: `paused at step 2 of 4 of its canary`. */
  readonly waiting?: string;
  /** What the workload's pods, events and proxies say, when it failed. */
  readonly diagnosis: readonly string[];
}

/** A cluster that a run spoke to, or was told to skip, as it did not answer. */
export type ClusterConnection = {
  /** What the run calls it. */
  readonly name: string;
  readonly context: string;
  /** The same, where kubectl has to be told it: the kubeconfig has others. */
  readonly kubectlContext?: string;
} & ({ readonly state: 'connected'; readonly version: string } | { readonly state: 'skipped'; readonly why: string });

/** Stands for what a run ended too early to have: its inputs were bad, the cluster did not answer, or it was cancelled. Its problems say why. */
export interface Stopped {
  readonly state: 'stopped';
}

export const STOPPED: Stopped = { state: 'stopped' };

/** What the report of every command has. */
export interface ReportBase {
  /** Whether anything was written to the cluster that is still there: false again when all of it was rolled back. */
  readonly changed: boolean;
  readonly cancelled: boolean;
  /** Empty for commands that bring no filter, and where none could be read. */
  readonly filters: readonly FilterReport[];
  /** What is wrong apart from a single workload's failure. */
  readonly problems: readonly Problem[];
  /** All that the command may need with its inputs, for whoever lacks some of it; omitted where the cluster was not asked. */
  readonly permissions?: readonly Permission[];
  /** Who lacks some of it, by the names that the API servers give; empty or omitted where nobody does, or none tells. */
  readonly users?: readonly string[];
  /** Those without which the run has done what was wanted and left something undone that a warning tells; empty or omitted for none. */
  readonly missingForCleanup?: readonly Permission[];
  readonly warnings: readonly Warning[];
  /** Tags that name other bytes now than those that workloads run; absent where no filter comes from a tag. */
  readonly movedTags?: readonly MovedTag[];
  /** Empty where no API server has answered, or none was asked. */
  readonly clusters: readonly ClusterConnection[];
  /** How the run was told to roll out. */
  readonly policy: RolloutPolicy;
  /** The inputs that were refused, in whose place settings and policy hold stand-ins. */
  readonly refusedInputs: readonly string[];
  readonly requests: RequestCounts;
  /** Whether it was told to fail where others have changed something; see `failsForDrift`. Absent for not. */
  readonly failOnDrift?: boolean;
  /** Whether it was told to fail where a filter has crashed; see `failsForCrash`. Absent for not. */
  readonly failOnCrash?: boolean;
  /** The file of the workspace that holds the complete report; omitted where nobody asked for one. */
  readonly reportFile?: string;
  /** The file of the workspace that holds the results of tests as JUnit XML; omitted where nobody asked for one. */
  readonly junitFile?: string;
  /** What the tests of filters have come to; omitted where none was run. */
  readonly tests?: readonly TestedFilter[];
  /** ISO 8601: when the run began. */
  readonly started: string;
  readonly durationMs: number;
}

/** What a command that changes workloads has done. */
interface ChangeBase extends ReportBase {
  readonly targets: readonly TargetReport[];
  readonly collected: Collected;
}

/** What a deployment has once it is planned, also if it is then refused. */
export interface DeployPlan {
  readonly state: 'made';
  /** The images that filters were pushed as; empty where nothing was to be pushed. */
  readonly images: readonly ImageReport[];
  /** What brings images to the proxies there. */
  readonly pluginKind: PluginKind;
  /** When `sweep` may remove the first filter of the targets, ISO 8601; omitted for never. */
  readonly expires?: string;
  /** How much of the reviewed plan earlier runs have carried out; omitted for none, and where none was reviewed. */
  readonly carriedOut?: CarriedOut;
}

/** `unknown` where nothing is left to write, and only the digest of the reviewed plan is known. */
export type CarriedOut = 'part' | 'all' | 'unknown';

export interface DeployReport extends ChangeBase {
  readonly command: 'deploy';
  readonly outcome: 'deployed' | 'unchanged' | 'waiting' | 'superseded' | 'failed';
  readonly plan: DeployPlan | Stopped;
  /** What scouts have tried first; omitted where none was to be sent. */
  readonly scouts?: ScoutReport;
}

/** An account that may write nothing of what a plan would, or of which nobody knows whether it may. */
export type UnwritingAccount = 'only-reads' | 'unknown';

export interface PlanReport extends ReportBase {
  readonly command: 'plan';
  readonly outcome: 'planned' | 'failed';
  /** Set where an account lacks a permission in a cluster, and none to write is to be offered to it. */
  readonly account?: UnwritingAccount;
  readonly targets: readonly TargetReport[];
  readonly plan: MadePlan | Stopped;
}

export interface StatusReport extends ReportBase {
  readonly command: 'status';
  readonly outcome: 'reported' | 'failed';
  readonly status: FoundStatus | Stopped;
}

interface RemovalBase extends ChangeBase {
  readonly outcome: 'removed' | 'unchanged' | 'waiting' | 'superseded' | 'failed';
  /** Whether there was anything to remove, and what is there instead. */
  readonly removal: { readonly state: 'found' } | NothingToRemove | Stopped;
}

export interface RemoveReport extends RemovalBase {
  readonly command: 'remove';
}

/** The removal of what has expired. */
export interface SweepReport extends RemovalBase {
  readonly command: 'sweep';
}

export interface RenderReport extends ReportBase {
  readonly command: 'render';
  readonly outcome: 'rendered' | 'failed';
  readonly rendered: RenderedFiles | Stopped;
}

export interface CheckReport extends ReportBase {
  readonly command: 'check';
  readonly outcome: 'passed' | 'failed';
  readonly checked: FoundByCheck | Stopped;
}

/** The result of a run, by command: the one model that summary, log, annotations and outputs are made from. */
export type Report = DeployReport | PlanReport | StatusReport | RemoveReport | SweepReport | RenderReport | CheckReport;

/** The report of a command that changes workloads. */
export type ChangeReport = DeployReport | RemoveReport | SweepReport;

/** The report of a command that removes filters. */
export type RemovalReport = RemoveReport | SweepReport;

/** The report of one command. */
export type ReportOf<C extends Command> = Extract<Report, { readonly command: C }>;

/** What of a report says which targets it has. */
export type WithTargets =
  | { readonly command: (ChangeReport | PlanReport)['command']; readonly targets: readonly TargetReport[] }
  | { readonly command: (StatusReport | RenderReport | CheckReport)['command'] };

/** Returns when `sweep` may remove the first filter of the targets, ISO 8601; `undefined` for never, or where nothing was planned. */
export function expiryOf({ plan }: DeployReport | PlanReport): string | undefined {
  return plan.state === 'made' ? plan.expires : undefined;
}

/** Returns the filters that `status` has found, one for each workload that has it; none for other commands. */
export function filtersFound(report: Report): readonly FilterStatus[] {
  if (report.command !== 'status' || report.status.state === 'stopped') return [];
  return report.status.workloads.flatMap(({ filters }) => filters);
}

/** Returns the workloads that the run has changed, or would; none for commands that change none. */
export function reportedTargets(report: WithTargets): readonly TargetReport[] {
  switch (report.command) {
    case 'deploy':
    case 'plan':
    case 'remove':
    case 'sweep':
      return report.targets;
    case 'status':
    case 'render':
    case 'check':
      return [];
  }
}

/** Whether a workload's proxies were given settings without a restart. */
export function isPushed({ revisions, steps }: Pick<TargetReport, 'revisions' | 'steps'>): boolean {
  return revisions.some(({ pushed }) => pushed) && steps.filterResource === 'done';
}

/** How many targets had an outcome. */
export function countOutcome({ targets }: Pick<ChangeReport, 'targets'>, outcome: TargetOutcome): number {
  return targets.filter((target) => target.outcome === outcome).length;
}

/** Every problem of a run: the general ones, then the workloads'. */
export function runProblems({ problems, targets }: Pick<ChangeReport, 'problems' | 'targets'>): Problem[] {
  const ofTargets = targets.flatMap(({ problem, rollback }) => [problem, rollback?.problem]);
  return [...problems, ...ofTargets.filter((problem) => problem !== undefined)];
}

/** The revisions that the targets run or were to run, each once, in order of appearance. */
export function allRevisions({ targets }: Pick<ChangeReport, 'targets'>): string[] {
  const revisions = targets.flatMap((target) => target.revisions.flatMap(({ revision }) => revision ?? []));
  return [...new Set(revisions)];
}
