import type { Problem } from '../../base/problem.ts';
import type { Warning } from '../../base/warning.ts';
import { besideWarnings } from '../plan/make-plan.ts';
import type { Plan, PlannedDeployment } from '../plan/plan.ts';
import type { DeployRequest, FilterRequest } from '../request.ts';
import { answerOf, type ClusterTask, type RunContext, type UnansweredCluster } from './cluster-task.ts';
import { deploymentProblems, type Examination, examineDeployment } from './examine.ts';
import { planDeployment } from './plan-deployment.ts';

/** What a deployment would do in one cluster, and what speaks against it. */
export interface ExaminedCluster {
  readonly state: 'planned';
  readonly task: ClusterTask<DeployRequest>;
  readonly deployment: PlannedDeployment;
  readonly examination: Examination;
}

export type Examined = ExaminedCluster | UnansweredCluster;

/**
 * Observes, plans and checks a deployment in all clusters at once, and waits for each: what is wrong in one keeps the run from writing
 * to any. Writes nothing, never throws.
 */
export async function examineClusters(
  tasks: readonly ClusterTask<DeployRequest>[],
  { log, expectWrites }: Pick<RunContext, 'log' | 'expectWrites'>,
): Promise<readonly Examined[]> {
  const planned = await log.group('Observe and plan', () =>
    Promise.all(
      tasks.map((task) =>
        answerOf(task, async () => {
          const deployment = await planDeployment(task.requested, task.context);
          return { state: 'planned' as const, task, deployment };
        }),
      ),
    ),
  );
  if (planned.some((one) => one.state === 'planned' && hasWrites(one.deployment.plan))) expectWrites?.();
  return Promise.all(
    planned.map((one) =>
      one.state === 'unanswered'
        ? one
        : answerOf(one.task, async () => {
            return { ...one, examination: await examineDeployment(one.deployment, one.task.context) };
          }),
    ),
  );
}

function hasWrites({ workloads, configMaps, filterResources }: Plan): boolean {
  return (
    workloads.some(({ patch }) => patch !== undefined) || [...configMaps, ...filterResources].some(({ write }) => write)
  );
}

/** Everything that keeps the run from writing to a cluster, in the order in which it is read. */
export function problemsOf(examined: Examined): readonly Problem[] {
  if (examined.state === 'planned') return deploymentProblems(examined.deployment, examined.examination);
  return examined.problems;
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
