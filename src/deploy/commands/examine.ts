import { defined } from '../../base/defined.ts';
import type { Permission } from '../../base/permission.ts';
import type { Problem } from '../../base/problem.ts';
import type { Warning } from '../../base/warning.ts';
import { permissionOf } from '../../cluster/access.ts';
import type { AccessRequest } from '../../cluster/client.ts';
import { type DeployContext, during } from '../context.ts';
import type { PlannedDeployment } from '../plan/plan.ts';
import { deployPermissions } from '../preflight/all-permissions.ts';
import { checkFilter, checkWithoutCluster } from '../preflight/filter-check.ts';
import {
  missingPermissions,
  permissionProblem,
  requiredPermissions,
  targetPermissions,
  userLacking,
} from '../preflight/permissions.ts';
import type { Preflight, TrialContext } from '../preflight/revision-checks.ts';
import { checkRunningProxies } from '../preflight/running-proxies-check.ts';
import type { DeployRequest, RequestOrProblems } from '../request.ts';

/** What speaks against carrying out a plan, besides what planning itself has found. */
export interface Examination {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
  readonly missing: readonly AccessRequest[];
  /** Who lacks it; omitted where nothing is missing, or nobody knows. */
  readonly user?: string;
  /** All that the request may need, missing or not. */
  readonly permissions: readonly Permission[];
}

/**
 * Looks at one thing before the first write; writes nothing. It is asked even where something else is wrong already, and looks
 * then at what is known.
 */
type Check = (deployment: PlannedDeployment, context: DeployContext) => Promise<Preflight>;

/** In the order in which people read what they find. */
const CHECKS: readonly Check[] = [checkFilter, checkRunningProxies];

/** Makes every check before the first write, whatever was found before: everything that is wrong is told in one run. */
export async function examineDeployment(deployment: PlannedDeployment, context: DeployContext): Promise<Examination> {
  const { plan, request, snapshot } = deployment;
  const found: Preflight[] = [];
  const looking = during(context, 'inspecting what runs');
  for (const check of CHECKS) found.push(await check(deployment, looking));
  // A target that could not be planned needs permissions all the same.
  const further = deployment.problems.length === 0 ? [] : targetPermissions(request, snapshot);
  const permissions = [...requiredPermissions(plan, request), ...further];
  const missing = await missingPermissions(permissions, context.client, context.log);
  return {
    problems: found.flatMap(({ problems }) => problems),
    warnings: found.flatMap(({ warnings }) => warnings),
    permissions: [...deployPermissions(request), ...permissions.map(permissionOf)],
    missing,
    ...defined({ user: await userLacking(missing, context) }),
  };
}

/** Everything that is wrong, in the order in which it is read. */
export function deploymentProblems(deployment: PlannedDeployment, { problems, missing, user }: Examination): Problem[] {
  const lacking = missing.map((permission) => permissionProblem(permission, user));
  return [...deployment.problems, ...problems, ...lacking];
}

/** What can be said without the cluster, where it cannot be asked: whether the filter itself is good. */
export function examineWithoutCluster(
  requested: RequestOrProblems<Pick<DeployRequest, 'filters'>>,
  context: TrialContext,
): Promise<Preflight> {
  return checkWithoutCluster(requested.request, requested.ok ? new Set() : requested.unknown, context);
}
