import { internalProblem, type Problem } from '../../base/problem.ts';
import { shareOf } from '../../base/share.ts';
import type { DeployContext } from '../context.ts';
import { planWaves, wavesIn } from '../plan/waves.ts';
import type { RolloutPolicy } from '../policy.ts';
import { ClusterExecution, type ClusterPlan, type ExecutedPlan, type RunOptions } from './cluster-execution.ts';
import { RolloutCoordinator } from './coordinator.ts';
import { StopCondition } from './stop-condition.ts';

/** What was done for each plan, in their order, and what went wrong apart from them. */
export interface ExecutedPlans<P extends ClusterPlan> {
  readonly executed: readonly { readonly planned: P; readonly done: ExecutedPlan }[];
  readonly problems: readonly Problem[];
}

/**
 * Does what the plans of all clusters of a run say: shared objects, settings of running proxies, workloads wave by wave over all
 * clusters, and at the end what is superseded. A failure in one cluster stops them all, as far as the policy says; each keeps what
 * it has verified, unless all are to go back. Never throws.
 */
export async function executePlans<P extends ClusterPlan>(
  plans: readonly P[],
  policy: RolloutPolicy,
  options: RunOptions,
  { log, signal }: Pick<DeployContext, 'log' | 'signal'>,
): Promise<ExecutedPlans<P>> {
  const parts = plans.map(({ plan: { workloads }, addedWave }) => ({ workloads, addedWave }));
  const waves = planWaves(parts, policy.wait ? policy.canary : undefined);
  const all = parts.reduce((sum, { workloads }) => sum + workloads.length, 0);
  const stop = new StopCondition(shareOf(policy.maxFailures, all), signal);
  const executions = plans.map((planned, index) => ({
    planned,
    execution: new ClusterExecution(planned, wavesIn(waves, parts, index), policy, options, stop),
  }));
  const clusters = executions.map(({ execution }) => execution);
  const problems: Problem[] = [];
  try {
    await new RolloutCoordinator(clusters, waves, { policy, stop, log, signal }).run();
  } catch (error) {
    problems.push(internalProblem(error));
  }
  const executed = executions.map(async ({ planned, execution }) => {
    return { planned, done: await execution.finish(problems.length === 0) };
  });
  return { executed: await Promise.all(executed), problems };
}
