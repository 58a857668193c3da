import { internalProblem, type Problem } from '../../base/problem.ts';
import { shareOf } from '../../base/share.ts';
import type { DeployContext } from '../context.ts';
import { planWaves, wavesIn } from '../plan/waves.ts';
import type { RolloutPolicy } from '../policy.ts';
import { ClusterExecution, type ClusterPlan, type ExecutedPlan, type RunOptions } from './cluster-execution.ts';
import { RolloutCoordinator } from './coordinator.ts';
import { StopCondition } from './stop-condition.ts';

/** What was done in each cluster, in their order, and what went wrong apart from them. */
export interface ExecutedPlans {
  readonly clusters: readonly ExecutedPlan[];
  readonly problems: readonly Problem[];
}

/**
 * Does what the plans of all clusters of a run say: shared objects, settings of running proxies, workloads wave by wave over all
 * clusters, and at the end what is superseded. A failure in one cluster stops them all, as far as the policy says; each keeps what
 * it has verified, unless all are to go back. Never throws.
 */
export async function executePlans(
  planned: readonly ClusterPlan[],
  policy: RolloutPolicy,
  options: RunOptions,
  { log, signal }: Pick<DeployContext, 'log' | 'signal'>,
): Promise<ExecutedPlans> {
  const parts = planned.map(({ plan: { workloads }, addedWave = 0 }) => ({ workloads, addedWave }));
  const waves = planWaves(parts, policy.wait ? policy.canary : undefined);
  const all = parts.reduce((sum, { workloads }) => sum + workloads.length, 0);
  const stop = new StopCondition(shareOf(policy.maxFailures, all), signal);
  const executions = planned.map(
    (one, index) => new ClusterExecution(one, wavesIn(waves, index), policy, options, stop),
  );
  const problems: Problem[] = [];
  try {
    await new RolloutCoordinator(executions, waves, { policy, stop, log, signal }).run();
  } catch (error) {
    problems.push(internalProblem(error));
  }
  return { clusters: await Promise.all(executions.map((one) => one.finish(problems.length === 0))), problems };
}

/** Returns what was done in all clusters as one. */
export function mergeExecuted({ clusters, problems }: ExecutedPlans): ExecutedPlan {
  return {
    targets: clusters.flatMap(({ targets }) => targets),
    problems: [...clusters.flatMap((cluster) => cluster.problems), ...problems],
    warnings: clusters.flatMap(({ warnings }) => warnings),
    collected: {
      deleted: clusters.flatMap(({ collected }) => collected.deleted),
      left: clusters.flatMap(({ collected }) => collected.left),
    },
  };
}
