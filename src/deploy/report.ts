import type { Problem } from '../base/problem.ts';
import type { RequestCounts } from '../cluster/client.ts';
import type { FilterSettings } from '../filter/settings.ts';
import type { WorkloadRef } from '../targets/target.ts';

/** What became of one of the four steps for a workload. */
export type StepState = 'done' | 'unchanged' | 'failed' | 'skipped';

/** The steps in their order. */
export const STEPS = ['configMap', 'envoyFilter', 'template', 'rollout'] as const;
export type Step = (typeof STEPS)[number];

/** `untouched`: the run ended before it came to this workload. */
export type TargetOutcome = 'deployed' | 'unchanged' | 'failed' | 'untouched';

export interface TargetRevision {
  readonly filter: string;
  readonly revision: string;
  /** The revision that was there before; absent when there was none, equal when nothing changed. */
  readonly before?: string;
}

/** What became of one workload. */
export interface TargetReport {
  readonly ref: WorkloadRef;
  readonly outcome: TargetOutcome;
  readonly revisions: readonly TargetRevision[];
  readonly steps: Readonly<Record<Step, StepState>>;
  readonly pods: { readonly ready: number; readonly wanted: number };
  /** Time from the start of the waiting to the verdict; absent when nobody waited. */
  readonly durationMs?: number;
  readonly problem?: Problem;
  /** What the workload's pods, events and proxies say, when it failed. */
  readonly evidence: readonly string[];
}

/** A filter as it was asked for. */
export interface FilterReport {
  readonly name: string;
  readonly digest: string;
  readonly bytes: number;
  readonly settings: FilterSettings;
}

/** The result of a run: the one model that summary, log, annotations and outputs are made from. */
export interface Report {
  readonly outcome: 'deployed' | 'unchanged' | 'failed';
  /** Whether anything was written to the cluster. */
  readonly changed: boolean;
  readonly cancelled: boolean;
  readonly filters: readonly FilterReport[];
  readonly targets: readonly TargetReport[];
  /** What is wrong apart from a single workload's failure. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
  readonly cluster?: { readonly context: string; readonly version: string };
  readonly waited: boolean;
  readonly timeoutMs: number;
  readonly requests: RequestCounts;
  readonly durationMs: number;
}

/** How many targets had an outcome. */
export function countOutcome({ targets }: Pick<Report, 'targets'>, outcome: TargetOutcome): number {
  return targets.filter((target) => target.outcome === outcome).length;
}

/** Every problem of a run: the general ones, then the workloads'. */
export function allProblems({ problems, targets }: Pick<Report, 'problems' | 'targets'>): Problem[] {
  return [...problems, ...targets.flatMap(({ problem }) => (problem === undefined ? [] : [problem]))];
}

/** The revisions that the targets run or were to run, each once, in order of appearance. */
export function allRevisions({ targets }: Pick<Report, 'targets'>): string[] {
  return [...new Set(targets.flatMap(({ revisions }) => revisions.map(({ revision }) => revision)))];
}

/** What a run's outcome is, from its targets and problems: anything wrong or left out makes it a failure. */
export function concludeRun({
  targets,
  problems,
  requests,
}: Pick<Report, 'targets' | 'problems' | 'requests'>): Pick<Report, 'outcome' | 'changed' | 'cancelled'> {
  const kinds = new Set(allProblems({ targets, problems }).map(({ kind }) => kind));
  const done = targets.some(({ steps }) => [steps.configMap, steps.envoyFilter, steps.template].includes('done'));
  // A write whose answer never came may have taken effect.
  const unanswered =
    requests.writes > 0 && (['connection', 'cancelled', 'internal'] as const).some((kind) => kinds.has(kind));
  const changed = done || unanswered;
  const cancelled = kinds.has('cancelled');
  const wrong = problems.length > 0 || targets.some(({ outcome }) => outcome === 'failed' || outcome === 'untouched');
  return { outcome: wrong ? 'failed' : changed ? 'deployed' : 'unchanged', changed, cancelled };
}
