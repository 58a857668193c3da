import { defined } from '../../base/defined.ts';
import type { Problem } from '../../base/problem.ts';
import { pushImages, reportImages } from '../apply/push-image.ts';
import { firstExpiry } from '../plan/plan.ts';
import { NOTHING_COLLECTED, type OutcomeOf } from '../report/conclude.ts';
import type { ImageReport } from '../report/image-report.ts';
import { type CarriedOut, type DeployPlan, STOPPED } from '../report/report.ts';
import type { DeployRequest } from '../request.ts';
import { executePlans } from '../rollout/execute-plan.ts';
import { untouchedTarget } from '../rollout/target-report.ts';
import type { ClusterTask, RunContext } from './cluster-task.ts';
import { usersOf } from './examine.ts';
import {
  type Examined,
  type ExaminedCluster,
  examineClusters,
  problemsOf,
  requestedFilters,
  warningsOf,
  writeWarningsOf,
} from './examine-clusters.ts';
import { expectationOf } from './expected-plan.ts';
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
  const skipped = reportImages(filters, 'skipped');
  if (examined.some((one) => problemsOf(one).length > 0)) {
    return examined.map((one) => refused(one, skipped, problemsOf(one)));
  }
  const planned = examined.filter((one) => one.state === 'planned');
  const expectation = expectationOf(planned, planned[0]?.deployment.request.expectPlan);
  if (expectation.state === 'other') return planned.map((one) => refused(one, skipped, expectation.problems));
  const late = (await run.beforeWrites?.()) ?? [];
  if (late.length > 0) return examined.map((one) => refused(one, skipped, late));
  const pushed = await pushImages(filters, run);
  if (pushed.problems.length > 0) return examined.map((one) => refused(one, pushed.images, pushed.problems));
  const outcomes = await execute(planned, pushed.images, run);
  return expectation.state === 'whole' ? outcomes : outcomes.map((one) => begun(one, expectation.done));
}

/** The outcome of a run that has found some of its plan carried out. */
function begun(outcome: OutcomeOf<'deploy'>, carriedOut: CarriedOut): OutcomeOf<'deploy'> {
  const { plan } = outcome;
  return plan.state === 'made' ? { ...outcome, plan: { ...plan, carriedOut } } : outcome;
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
    proxies: examined.deployment.proxies,
    plan: { ...examined.deployment.plan, warnings: writeWarningsOf(examined) },
  }));
  const { executed, problems } = await executePlans(plans, request, request, run);
  return executed.map(({ planned: { examined }, done }) => ({
    command: 'deploy',
    ...done,
    problems: [
      ...done.problems,
      ...problems,
      ...cancellation(run, done.targets, 'has its old revision or the new one'),
    ],
    permissions: examined.examination.permissions,
    ...usersOf(examined.examination),
    missingForCleanup: examined.deployment.missingForCleanup,
    ...defined({ movedTags: examined.deployment.plan.movedTags }),
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
    targets: isPlanned ? deployment.plan.workloads.map((planned) => untouchedTarget(planned, deployment.plan)) : [],
    ...defined({ movedTags: deployment.plan.movedTags }),
    plan: isPlanned ? madePlan(examined, images) : STOPPED,
  };
}

function madePlan({ deployment: { plan, snapshot } }: ExaminedCluster, images: readonly ImageReport[]): DeployPlan {
  return { state: 'made', images, pluginKind: snapshot.pluginKind, ...defined({ expires: firstExpiry(plan) }) };
}
