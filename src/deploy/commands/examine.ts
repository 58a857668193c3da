import type { Problem } from '../../base/problem.ts';
import type { Right } from '../../cluster/client.ts';
import { type DeployContext, during } from '../context.ts';
import type { Prepared } from '../plan/plan.ts';
import { checkFilter, checkWithoutCluster, type Preflight, type TrialContext } from '../preflight/filter-check.ts';
import { lookFirst } from '../preflight/look-first.ts';
import { missingRights, neededRights, rightProblem, rightsOfTargets } from '../preflight/permissions.ts';
import type { DeployRequest, DraftRequest } from '../request.ts';

/** What speaks against carrying out a plan, besides what planning itself has found. */
export interface Examination {
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
  readonly missing: readonly Right[];
}

/**
 * Looks at one thing before the first write; writes nothing. It is asked even where something else is wrong already, and looks
 * then at what is known.
 */
type Check = (prepared: Prepared, context: DeployContext) => Promise<Preflight>;

/** In the order in which people read what they find. */
const CHECKS: readonly Check[] = [checkFilter, lookFirst];

/** Makes every check before the first write, whatever was found before: everything that is wrong is told in one run. */
export async function examine(prepared: Prepared, context: DeployContext): Promise<Examination> {
  const { plan, request, observation } = prepared;
  const found: Preflight[] = [];
  const looking = during(context, 'inspecting what runs');
  for (const check of CHECKS) found.push(await check(prepared, looking));
  // A target that could not be planned needs rights all the same.
  const further = prepared.problems.length === 0 ? [] : rightsOfTargets(request, observation);
  const rights = [...neededRights(plan, request), ...further];
  return {
    problems: found.flatMap(({ problems }) => problems),
    warnings: found.flatMap(({ warnings }) => warnings),
    missing: await missingRights(rights, context.client, context.log),
  };
}

/** Everything that is wrong, in the order in which it is read. */
export function everyProblem(prepared: Prepared, { problems, missing }: Examination): Problem[] {
  return [...prepared.problems, ...problems, ...missing.map(rightProblem)];
}

/** What can be said without the cluster, where it cannot be asked: whether the filter itself is good. */
export function examineWithoutCluster(
  draft: DraftRequest<Pick<DeployRequest, 'filters' | 'check'>>,
  context: TrialContext,
): Promise<Preflight> {
  return checkWithoutCluster(draft.request, draft.ok ? new Set() : draft.unknown, context);
}
