import { defined } from '../../base/defined.ts';
import type { Problem } from '../../base/problem.ts';
import { pushImages, reportImages } from '../apply/push-image.ts';
import { firstExpiry } from '../plan/plan.ts';
import { NOTHING_COLLECTED, type OutcomeOf } from '../report/conclude.ts';
import type { ImageReport } from '../report/image-report.ts';
import { type DeployPlan, STOPPED } from '../report/report.ts';
import type { DeployRequest } from '../request.ts';
import { executePlans } from '../rollout/execute-plan.ts';
import { untouchedTarget } from '../rollout/target-report.ts';
import type { ClusterTask, RunContext } from './cluster-task.ts';
import {
  type Examined,
  type ExaminedCluster,
  examineClusters,
  problemsOf,
  requestedFilters,
  warningsOf,
  writeWarningsOf,
} from './examine-clusters.ts';
import { cancellation } from './outcome.ts';

/**
 * Brings every target of a request to its revisions in all clusters: observe, plan, check, push, write, roll out, verify, roll back,
 * collect. Nothing is pushed, or written to any cluster, unless the request, its targets, the mounts, the permissions and the filter
 * itself check out in all of them; their problems come back together, with those of a faulty request. Returns the outcome in each
 * cluster. Never throws.
 */
export async function deploy(
  tasks: readonly ClusterTask<DeployRequest>[],
  run: RunContext,
): Promise<readonly OutcomeOf<'deploy'>[]> {
  const examined = await examineClusters(tasks, run);
  const filters = requestedFilters(tasks);
  if (examined.some((one) => problemsOf(one).length > 0)) {
    const images = reportImages(filters, 'skipped');
    return examined.map((one) => refused(one, images, problemsOf(one)));
  }
  const pushed = await pushImages(filters, run);
  if (pushed.problems.length > 0) return examined.map((one) => refused(one, pushed.images, pushed.problems));
  return execute(
    examined.filter((one) => one.state === 'planned'),
    pushed.images,
    run,
  );
}

/** Carries out what was planned in each cluster. */
async function execute(
  clusters: readonly ExaminedCluster[],
  images: readonly ImageReport[],
  run: RunContext,
): Promise<readonly OutcomeOf<'deploy'>[]> {
  const [first] = clusters;
  if (first === undefined) return [];
  // Policy and run are the same in all clusters; only the targets are not.
  const { request } = first.deployment;
  const plans = clusters.map((examined) => ({
    ...examined.task,
    examined,
    snapshot: examined.deployment.snapshot,
    plan: { ...examined.deployment.plan, warnings: writeWarningsOf(examined) },
  }));
  const { executed, problems } = await executePlans(plans, request, request, run);
  return executed.map(({ planned: { examined }, done }) => ({
    command: 'deploy',
    ...done,
    problems: [...done.problems, ...problems, ...cancellation(run, done.targets)],
    permissions: examined.examination.permissions,
    missingForCleanup: examined.deployment.missingForCleanup,
    plan: madePlan(examined, images),
  }));
}

/** What becomes of a cluster that nothing is written to, because of problems in it or in another one. */
function refused(
  examined: Examined,
  images: readonly ImageReport[],
  problems: readonly Problem[],
): OutcomeOf<'deploy'> {
  const nothing = { command: 'deploy', problems, collected: NOTHING_COLLECTED } as const;
  if (examined.state === 'unanswered') return { ...nothing, targets: [], warnings: [], plan: STOPPED };
  const { deployment, examination } = examined;
  const { permissions } = examination;
  const isPlanned = deployment.problems.length === 0;
  return {
    ...nothing,
    permissions,
    warnings: warningsOf(examined),
    targets: isPlanned ? deployment.plan.workloads.map(untouchedTarget) : [],
    plan: isPlanned ? madePlan(examined, images) : STOPPED,
  };
}

function madePlan({ deployment: { plan, snapshot } }: ExaminedCluster, images: readonly ImageReport[]): DeployPlan {
  return { state: 'made', images, pluginKind: snapshot.pluginKind, ...defined({ expires: firstExpiry(plan) }) };
}
