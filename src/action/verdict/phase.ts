import type { ProblemKind } from '../../base/problem.ts';
import { mayHaveArrived, type Report, type TargetReport } from '../../deploy/report/report.ts';

/**
 * In what condition a run leaves a workload, the most urgent first.
 *
 * Failed: `stranded`: it could not be taken back; `halfway`: the run was cancelled while it was taken back; `unready`: its new
 * pods do not get ready; `ineffective`: they are ready, but the filter does not run there as it should; `refusing`: its proxies
 * do not take the settings that were pushed; `lost`: others changed it meanwhile; `unseen`: it was changed, and what became of it
 * could not be seen; `unanswered`: nobody knows whether its write arrived; `interrupted`: the run was cancelled while it waited.
 * As before: `restored`: it failed and was taken back; `withdrawn`: it was well and was taken back because others failed;
 * `kept`: the run did not touch it.
 * `superseded`: another run has brought something newer, and this one has left it alone.
 * As wanted: `unproven`: nobody saw its pods; `unready-as-before`: its pods are not ready, and were not before; `settled`: seen, by
 * the evidence of its proof.
 */
export const STANDINGS = [
  'stranded',
  'halfway',
  'unready',
  'ineffective',
  'refusing',
  'lost',
  'unseen',
  'unanswered',
  'interrupted',
  'restored',
  'withdrawn',
  'unproven',
  'unready-as-before',
  'settled',
  'superseded',
  'kept',
] as const;
export type Standing = (typeof STANDINGS)[number];

/** What is wrong in the cluster until somebody does something about it. */
export const URGENT: readonly Standing[] = [
  'stranded',
  'halfway',
  'unready',
  'ineffective',
  'refusing',
  'lost',
  'unseen',
  'unanswered',
];
/** What has its new pod template, so that somebody may want to go back. */
export const ROLLING: readonly Standing[] = ['unready', 'ineffective', 'interrupted'];
/** What a run left or put back as it found it. */
export const BACK: readonly Standing[] = ['restored', 'withdrawn', 'kept'];

/** The condition of a workload, from what was done for it, its problem and its way back. */
export function standingOf(target: TargetReport, { cancelled }: Pick<Report, 'cancelled'>): Standing {
  const { outcome, steps, problem, durationMs, rollback, proof, unready } = target;
  if (outcome === 'superseded') return 'superseded';
  if (rollback?.state === 'failed') return 'stranded';
  if (rollback?.state === 'restored') return outcome === 'restored' ? 'withdrawn' : 'restored';
  if (rollback !== undefined && cancelled) return 'halfway';
  if (isPushed(target)) {
    if (outcome === 'failed') return problem === undefined ? 'refusing' : PUSHED_AND_FAILED[problem.kind];
    return proof === undefined && durationMs === undefined ? 'unproven' : 'settled';
  }
  if (steps.template === 'failed' && problem !== undefined && mayHaveArrived(problem)) return 'unanswered';
  if (outcome === 'untouched' || steps.template === 'failed' || steps.template === 'skipped') return 'kept';
  if (unready !== undefined && outcome !== 'failed') return 'unready-as-before';
  if (outcome !== 'failed') return durationMs === undefined ? 'unproven' : 'settled';
  return problem === undefined ? 'unready' : CHANGED_AND_FAILED[problem.kind];
}

/** The condition of a workload that has its new pod template and failed, by the kind of its problem. */
const CHANGED_AND_FAILED: Readonly<Record<ProblemKind, Standing>> = {
  cancelled: 'interrupted',
  'no-effect': 'ineffective',
  proof: 'ineffective',
  rollout: 'unready',
  proxy: 'unready',
  conflict: 'lost',
  workload: 'lost',
  // None of these says anything about its pods.
  input: 'unseen',
  filter: 'unseen',
  provenance: 'unseen',
  registry: 'unseen',
  targets: 'unseen',
  kubeconfig: 'unseen',
  connection: 'unseen',
  permission: 'unseen',
  cluster: 'unseen',
  mount: 'unseen',
  rollback: 'unseen',
  internal: 'unseen',
};

/** The same for one whose proxies were given settings. */
const PUSHED_AND_FAILED: Readonly<Record<ProblemKind, Standing>> = {
  ...CHANGED_AND_FAILED,
  'no-effect': 'refusing',
  proof: 'refusing',
  rollout: 'refusing',
  proxy: 'refusing',
};

/** Whether a workload's proxies were given settings without a restart. */
export function isPushed({ revisions, steps }: TargetReport): boolean {
  return revisions.some(({ pushed }) => pushed) && steps.inserter === 'done';
}

/** The targets of each condition, in the order of the report. */
export function byStanding(
  report: Pick<Report, 'targets' | 'cancelled'>,
): ReadonlyMap<Standing, readonly TargetReport[]> {
  const groups = new Map<Standing, TargetReport[]>(STANDINGS.map((standing) => [standing, []]));
  for (const target of report.targets) groups.get(standingOf(target, report))?.push(target);
  return groups;
}

/** How many targets are in one of some conditions. */
export function countStanding(
  standings: ReadonlyMap<Standing, readonly TargetReport[]>,
  ...wanted: readonly Standing[]
): number {
  return wanted.reduce((sum, standing) => sum + (standings.get(standing)?.length ?? 0), 0);
}

/** Whether the run has left, or put back, what a workload ran before it: a killed run's leftovers are not put back. */
export function isAsBefore({ revisions, rollback }: TargetReport): boolean {
  return (
    rollback === undefined ||
    revisions.every(({ filter, before }) => (rollback.to[filter] ?? null) === (before ?? null))
  );
}
