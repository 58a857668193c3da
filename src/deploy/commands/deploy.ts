import { defined } from '../../base/defined.ts';
import type { Problem } from '../../base/problem.ts';
import { pushImages, reportImages } from '../apply/push-image.ts';
import type { DeployContext } from '../context.ts';
import { firstExpiry } from '../plan/plan.ts';
import type { ImageReport } from '../report/image-report.ts';
import type { DraftRequest } from '../request.ts';
import { carryOut } from '../rollout/execute-plan.ts';
import { untouchedTarget } from '../rollout/target-report.ts';
import { everyProblem, examine } from './examine.ts';
import { cancellation, NOTHING_COLLECTED, type Outcome } from './outcome.ts';
import { prepare } from './prepare.ts';

/**
 * Brings every target of a request to its revisions: observe, plan, check, push, write, roll, prove, take back, collect. Nothing is
 * pushed or written unless the request, its targets, the mounts, the rights and the filter itself check out; their problems
 * come back together, with those of a faulty draft.
 */
export async function deploy(draft: DraftRequest, context: DeployContext): Promise<Outcome> {
  const prepared = await context.log.group('Observe and plan', () => prepare(draft, context));
  const examined = await examine(prepared, context);
  const problems = everyProblem(prepared, examined);
  if (prepared.problems.length > 0) {
    return { targets: [], problems, warnings: examined.warnings, collected: NOTHING_COLLECTED };
  }
  const { plan, request, observation } = prepared;
  const { pluginKind } = observation;
  const warnings = [...plan.warnings, ...examined.warnings];
  const refuse = (why: readonly Problem[], images: readonly ImageReport[]): Outcome => ({
    targets: plan.workloads.map(untouchedTarget),
    problems: why,
    warnings,
    collected: NOTHING_COLLECTED,
    images,
    pluginKind,
  });
  if (problems.length > 0) return refuse(problems, reportImages(request.filters, 'skipped'));
  const pushed = await pushImages(request.filters, context);
  if (pushed.problems.length > 0) return refuse(pushed.problems, pushed.images);
  const done = await carryOut({ ...plan, warnings }, observation, request, request, context);
  const { images } = pushed;
  const expires = firstExpiry(plan);
  return {
    ...done,
    problems: [...done.problems, ...cancellation(context, done.targets)],
    images,
    pluginKind,
    ...defined({ expires }),
  };
}
