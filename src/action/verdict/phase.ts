import { targetKind } from '../../deploy/kinds/kinds.ts';
import { ROLLOUT_PHASES, type RolloutPhase } from '../../deploy/report/phase.ts';
import type { ChangeReport, TargetReport } from '../../deploy/report/report.ts';

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

/** The targets of each condition, in the order of the report. */
export function byPhase(report: Pick<ChangeReport, 'targets'>): ReadonlyMap<RolloutPhase, readonly TargetReport[]> {
  const groups = new Map<RolloutPhase, TargetReport[]>(ROLLOUT_PHASES.map((phase) => [phase, []]));
  for (const target of report.targets) groups.get(target.phase)?.push(target);
  return groups;
}

/** The targets of a report that are in a condition. */
export type TargetsOfPhase = (phase: RolloutPhase) => readonly TargetReport[];

/** Returns what looks up the targets of each condition. */
export function phasesOf(report: Pick<ChangeReport, 'targets'>): TargetsOfPhase {
  const phases = byPhase(report);
  return (phase) => phases.get(phase) ?? [];
}

/** Whether a target has what was wanted in its pod template, and no pod that could show what that does: 0 replicas. */
export function isIdle({ phase, outcome, pods }: Pick<TargetReport, 'phase' | 'outcome' | 'pods'>): boolean {
  return phase === 'succeeded' && outcome !== 'removed' && pods.wanted === 0;
}

/** Whether a target failed for what was wrong before: it was not ready, so the run left it as it was. */
export function wasUnreadyBefore({ phase, unready }: TargetReport): boolean {
  return phase === 'untouched' && unready !== undefined;
}

/** Whether a target has lost the filter, and had no pod to lose it: 0 replicas. */
export function isIdleWithout(target: TargetReport): boolean {
  return target.phase === 'succeeded' && target.outcome === 'removed' && wantsNoPods(target);
}

/** Whether a target is to have no pods. Nobody knows that of one whose pods others make, such as a Gateway. */
export function wantsNoPods({ ref, pods }: Pick<TargetReport, 'ref' | 'pods'>): boolean {
  return pods.wanted === 0 && !targetKind(ref).binding.inPlace;
}

/** Whether the rollback of a workload failed for its pods alone: its pod template is back. */
export function isBackButUnready({ phase, rollback }: Pick<TargetReport, 'phase' | 'rollback'>): boolean {
  return phase === 'rollback-failed' && rollback?.template === 'before';
}

/** How many targets are in one of some conditions. */
export function countPhases(
  phases: ReadonlyMap<RolloutPhase, readonly TargetReport[]>,
  ...wanted: readonly RolloutPhase[]
): number {
  return wanted.reduce((sum, phase) => sum + (phases.get(phase)?.length ?? 0), 0);
}
