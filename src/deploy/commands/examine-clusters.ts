import type { Problem } from '../../base/problem.ts';
import type { Warning } from '../../base/warning.ts';
import { besideWarnings } from '../plan/make-plan.ts';
import type { PlannedDeployment } from '../plan/plan.ts';
import { type DeployRequest, type FilterRequest, requestProblems } from '../request.ts';
import { type ClusterTask, inCluster, type RunContext } from './cluster-task.ts';
import { deploymentProblems, type Examination, examineDeployment } from './examine.ts';
import { planDeployment } from './plan-deployment.ts';

/** What a deployment would do in one cluster, and what speaks against it. */
export interface ExaminedCluster {
  readonly state: 'planned';
  readonly task: ClusterTask<DeployRequest>;
  readonly deployment: PlannedDeployment;
  readonly examination: Examination;
}

/** Its API server has stopped to answer, or the run was cancelled before it did. */
interface UnansweredCluster {
  readonly state: 'unanswered';
  readonly task: ClusterTask<DeployRequest>;
  readonly problems: readonly Problem[];
}

export type Examined = ExaminedCluster | UnansweredCluster;

/**
 * Observes, plans and checks a deployment in all clusters at once, and waits for each: what is wrong in one keeps the run from writing
 * to any. Writes nothing, never throws.
 */
export async function examineClusters(
  tasks: readonly ClusterTask<DeployRequest>[],
  { log }: Pick<RunContext, 'log'>,
): Promise<readonly Examined[]> {
  const planned = await log.group('Observe and plan', () =>
    Promise.all(
      tasks.map(async (task) => ({
        task,
        result: await inCluster(task, () => planDeployment(task.requested, task.context)),
      })),
    ),
  );
  return Promise.all(
    planned.map(async ({ task, result }): Promise<Examined> => {
      if (!result.ok) return { state: 'unanswered', task, problems: result.problems };
      const deployment = result.value;
      const examined = await inCluster(task, () => examineDeployment(deployment, task.context));
      return examined.ok
        ? { state: 'planned', task, deployment, examination: examined.value }
        : { state: 'unanswered', task, problems: examined.problems };
    }),
  );
}

/** Everything that keeps the run from writing to a cluster, in the order in which it is read. */
export function problemsOf(examined: Examined): readonly Problem[] {
  if (examined.state === 'planned') return deploymentProblems(examined.deployment, examined.examination);
  return [...requestProblems(examined.task.requested), ...examined.problems];
}

/** What is worth a warning about a cluster. */
export function warningsOf({ deployment, examination }: ExaminedCluster): readonly Warning[] {
  // What was planned of a faulty request is for checks alone.
  return [...(deployment.problems.length === 0 ? deployment.plan.warnings : []), ...examination.warnings];
}

/** The same of a cluster that is written to, or would be. */
export function writeWarningsOf(examined: ExaminedCluster): readonly Warning[] {
  return [...warningsOf(examined), ...besideWarnings(examined.deployment.plan.workloads)];
}

/** The filters of a run, each once, however many clusters get it. */
export function requestedFilters(tasks: readonly ClusterTask<DeployRequest>[]): FilterRequest[] {
  const byName = new Map(tasks.flatMap(({ requested }) => requested.request.filters.map((one) => [one.name, one])));
  return [...byName.values()];
}
