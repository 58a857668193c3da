import type { ProblemKind } from '../../base/problem.ts';
import { mayHaveArrived, type Report, type TargetReport } from '../../deploy/report/report.ts';

/**
 * In what condition a run leaves a workload, the most urgent first.
 *
 * Failed: `rollback-failed`: it could not be rolled back; `rollback-interrupted`: the run was cancelled while it was rolled back;
 * `not-ready`: its new pods do not become ready; `no-effect`: they are ready, but the filter does not run there as it should;
 * `settings-rejected`: its proxies do not take the settings that were pushed; `overwritten`: others changed it meanwhile;
 * `unobserved`: it was changed, and what happened to it could not be seen; `write-unconfirmed`: nobody knows whether its write
 * arrived; `interrupted`: the run was cancelled while it waited. As before: `rolled-back`: it failed and was rolled back;
 * `rolled-back-with-run`: it was well and was rolled back because others failed; `untouched`: the run did not touch it.
 * `superseded`: another run has brought something newer, and this one has left it alone. As wanted: `unverified`: nobody saw its
 * pods; `not-ready-as-before`: its pods are not ready, and were not before; `succeeded`: seen, by the evidence of its
 * verification.
 */
export const ROLLOUT_PHASES = [
  'rollback-failed',
  'rollback-interrupted',
  'not-ready',
  'no-effect',
  'settings-rejected',
  'overwritten',
  'unobserved',
  'write-unconfirmed',
  'interrupted',
  'rolled-back',
  'rolled-back-with-run',
  'unverified',
  'not-ready-as-before',
  'succeeded',
  'superseded',
  'untouched',
] as const;
export type RolloutPhase = (typeof ROLLOUT_PHASES)[number];

/** What is wrong in the cluster until somebody does something about it. */
export const URGENT: readonly RolloutPhase[] = [
  'rollback-failed',
  'rollback-interrupted',
  'not-ready',
  'no-effect',
  'settings-rejected',
  'overwritten',
  'unobserved',
  'write-unconfirmed',
];
/** What has its new pod template, so that somebody may want to go back. */
export const ROLLING: readonly RolloutPhase[] = ['not-ready', 'no-effect', 'interrupted'];
/** What a run left or put back as it found it. */
export const LEFT_AS_FOUND: readonly RolloutPhase[] = ['rolled-back', 'rolled-back-with-run', 'untouched'];

/** The condition of a workload, from what was done for it, its problem and its rollback. */
export function phaseOf(target: TargetReport, { cancelled }: Pick<Report, 'cancelled'>): RolloutPhase {
  const { outcome, steps, problem, durationMs, rollback, verification, unready } = target;
  if (outcome === 'superseded') return 'superseded';
  if (rollback?.state === 'failed') return 'rollback-failed';
  if (rollback?.state === 'rolled-back') return outcome === 'rolled-back' ? 'rolled-back-with-run' : 'rolled-back';
  if (rollback !== undefined && cancelled) return 'rollback-interrupted';
  if (isPushed(target)) {
    if (outcome === 'failed') return problem === undefined ? 'settings-rejected' : PUSHED_AND_FAILED[problem.kind];
    return verification === undefined && durationMs === undefined ? 'unverified' : 'succeeded';
  }
  if (steps.template === 'failed' && problem !== undefined && mayHaveArrived(problem)) return 'write-unconfirmed';
  if (outcome === 'untouched' || steps.template === 'failed' || steps.template === 'skipped') return 'untouched';
  if (unready !== undefined && outcome !== 'failed') return 'not-ready-as-before';
  if (outcome !== 'failed') return durationMs === undefined ? 'unverified' : 'succeeded';
  return problem === undefined ? 'not-ready' : CHANGED_AND_FAILED[problem.kind];
}

/** The condition of a workload that has its new pod template and failed, by the kind of its problem. */
const CHANGED_AND_FAILED: Readonly<Record<ProblemKind, RolloutPhase>> = {
  cancelled: 'interrupted',
  'no-effect': 'no-effect',
  verification: 'no-effect',
  rollout: 'not-ready',
  proxy: 'not-ready',
  conflict: 'overwritten',
  workload: 'overwritten',
  // None of these says anything about its pods.
  input: 'unobserved',
  filter: 'unobserved',
  provenance: 'unobserved',
  registry: 'unobserved',
  targets: 'unobserved',
  kubeconfig: 'unobserved',
  connection: 'unobserved',
  permission: 'unobserved',
  cluster: 'unobserved',
  mount: 'unobserved',
  rollback: 'unobserved',
  internal: 'unobserved',
};

/** The same for one whose proxies were given settings. */
const PUSHED_AND_FAILED: Readonly<Record<ProblemKind, RolloutPhase>> = {
  ...CHANGED_AND_FAILED,
  'no-effect': 'settings-rejected',
  verification: 'settings-rejected',
  rollout: 'settings-rejected',
  proxy: 'settings-rejected',
};

/** Whether a workload's proxies were given settings without a restart. */
export function isPushed({ revisions, steps }: TargetReport): boolean {
  return revisions.some(({ pushed }) => pushed) && steps.filterResource === 'done';
}

/** The targets of each condition, in the order of the report. */
export function byPhase(
  report: Pick<Report, 'targets' | 'cancelled'>,
): ReadonlyMap<RolloutPhase, readonly TargetReport[]> {
  const groups = new Map<RolloutPhase, TargetReport[]>(ROLLOUT_PHASES.map((phase) => [phase, []]));
  for (const target of report.targets) groups.get(phaseOf(target, report))?.push(target);
  return groups;
}

/** How many targets are in one of some conditions. */
export function countPhases(
  phases: ReadonlyMap<RolloutPhase, readonly TargetReport[]>,
  ...wanted: readonly RolloutPhase[]
): number {
  return wanted.reduce((sum, phase) => sum + (phases.get(phase)?.length ?? 0), 0);
}

/** Whether the run has left, or put back, what a workload ran before it: a killed run's leftovers are not put back. */
export function isAsBefore({ revisions, rollback }: TargetReport): boolean {
  return (
    rollback === undefined ||
    revisions.every(({ filter, before }) => (rollback.to[filter] ?? null) === (before ?? null))
  );
}
