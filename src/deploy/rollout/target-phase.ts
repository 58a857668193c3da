import type { ProblemKind } from '../../base/problem.ts';
import { mayHaveArrived } from '../report/may-have-arrived.ts';
import type { RolloutPhase } from '../report/phase.ts';
import { isPushed, type TargetReport } from '../report/report.ts';

type Unphased = Omit<TargetReport, 'phase' | 'rolledBackFrom'>;

/** Returns the report of a target with its phase, and with the one that it was rolled back from. */
export function withPhase(target: Unphased): TargetReport {
  const { rollback, ...forward } = target;
  return {
    ...target,
    phase: phaseOf(target),
    ...(rollback !== undefined && { rolledBackFrom: phaseOf(forward) }),
  };
}

/** The condition of a workload, from what was done for it, its problem and its rollback. */
function phaseOf(target: Unphased): RolloutPhase {
  const { outcome, steps, problem, durationMs, rollback, verification, unready } = target;
  if (outcome === 'superseded') return 'superseded';
  if (problem?.kind === 'deleted' || rollback?.problem?.kind === 'deleted') return 'deleted';
  if (outcome === 'waiting') return 'waiting-for-promotion';
  if (rollback?.state === 'failed') return 'rollback-failed';
  if (rollback?.unconfirmed) return 'rollback-unconfirmed';
  if (rollback?.state === 'rolled-back') return outcome === 'rolled-back' ? 'rolled-back-with-run' : 'rolled-back';
  // Only a cancelled run skips it.
  if (rollback !== undefined) return 'rollback-interrupted';
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
  deleted: 'deleted',
  promotion: 'waiting-for-promotion',
  // None of these says anything about its pods.
  input: 'unobserved',
  filter: 'unobserved',
  test: 'unobserved',
  provenance: 'unobserved',
  unreviewed: 'unobserved',
  registry: 'unobserved',
  targets: 'unobserved',
  kubeconfig: 'unobserved',
  credentials: 'unobserved',
  connection: 'unobserved',
  permission: 'unobserved',
  cluster: 'unobserved',
  mount: 'unobserved',
  rollback: 'unobserved',
  'rolled-back-not-ready': 'unobserved',
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
