import { defined } from '../../base/defined.ts';
import type { Problem } from '../../base/problem.ts';
import { pushImages, reportImages } from '../apply/push-image.ts';
import type { DeployContext } from '../context.ts';
import { firstExpiry } from '../plan/plan.ts';
import { NOTHING_COLLECTED, type OutcomeOf } from '../report/conclude.ts';
import type { ImageReport } from '../report/image-report.ts';
import type { RequestOrProblems } from '../request.ts';
import { executePlans, mergeExecuted } from '../rollout/execute-plan.ts';
import { untouchedTarget } from '../rollout/target-report.ts';
import { deploymentProblems, examineDeployment } from './examine.ts';
import { cancellation, STOPPED } from './outcome.ts';
import { planDeployment } from './plan-deployment.ts';

/**
 * Brings every target of a request to its revisions: observe, plan, check, push, write, roll out, verify, roll back, collect.
 * Nothing is pushed or written unless the request, its targets, the mounts, the permissions and the filter itself check out;
 * their problems come back together, with those of a faulty request.
 */
export async function deploy(requested: RequestOrProblems, context: DeployContext): Promise<OutcomeOf<'deploy'>> {
  const deployment = await context.log.group('Observe and plan', () => planDeployment(requested, context));
  const examined = await examineDeployment(deployment, context);
  const problems = deploymentProblems(deployment, examined);
  const { permissions } = examined;
  if (deployment.problems.length > 0) {
    const { warnings } = examined;
    return {
      command: 'deploy',
      targets: [],
      problems,
      permissions,
      warnings,
      collected: NOTHING_COLLECTED,
      plan: STOPPED,
    };
  }
  const { plan, request, snapshot } = deployment;
  const { pluginKind } = snapshot;
  const warnings = [...plan.warnings, ...examined.warnings];
  const refuse = (why: readonly Problem[], images: readonly ImageReport[]): OutcomeOf<'deploy'> => ({
    command: 'deploy',
    targets: plan.workloads.map(untouchedTarget),
    problems: why,
    permissions,
    warnings,
    collected: NOTHING_COLLECTED,
    plan: { state: 'made', images, pluginKind },
  });
  if (problems.length > 0) return refuse(problems, reportImages(request.filters, 'skipped'));
  const pushed = await pushImages(request.filters, context);
  if (pushed.problems.length > 0) return refuse(pushed.problems, pushed.images);
  const planned = { plan: { ...plan, warnings }, snapshot, context };
  const done = mergeExecuted(await executePlans([planned], request, request, context));
  const { images } = pushed;
  const expires = firstExpiry(plan);
  return {
    command: 'deploy',
    ...done,
    problems: [...done.problems, ...cancellation(context, done.targets)],
    permissions,
    plan: { state: 'made', images, pluginKind, ...defined({ expires }) },
  };
}
