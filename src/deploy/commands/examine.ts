import { defined } from '../../base/defined.ts';
import { sideBySide } from '../../base/log.ts';
import { onlyShows, type Permission } from '../../base/permission.ts';
import type { Problem } from '../../base/problem.ts';
import type { Warning } from '../../base/warning.ts';
import { permissionOf } from '../../cluster/access.ts';
import type { AccessRequest } from '../../cluster/client.ts';
import { type DeployContext, during } from '../context.ts';
import { installedKinds } from '../kinds/kinds.ts';
import type { PlannedDeployment } from '../plan/plan.ts';
import { deployPermissions } from '../preflight/all-permissions.ts';
import { checkFilter, checkWithoutCluster } from '../preflight/filter-check.ts';
import { checkLentTemplates } from '../preflight/lent-templates.ts';
import {
  missingPermissions,
  onlyReads,
  permissionProblem,
  requiredPermissions,
  targetPermissions,
  userLacking,
} from '../preflight/permissions.ts';
import type { Preflight, TrialContext } from '../preflight/revision-checks.ts';
import { checkRunningProxies } from '../preflight/running-proxies-check.ts';
import type { PlanReport, UnwritingAccount } from '../report/report.ts';
import type { DeployRequest, RequestOrProblems } from '../request.ts';

/** What speaks against carrying out a plan, besides what planning itself has found. */
export interface Examination {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
  readonly missing: readonly AccessRequest[];
  /** Whether the user of the kubeconfig may write anything of what the plan writes or, where that is nothing, of what it might. */
  readonly account: 'writes' | UnwritingAccount;
  /** Who lacks it, or what cleaning up takes; omitted where nothing is missing, or nobody knows. */
  readonly user?: string;
  /** All that the request may need, missing or not. */
  readonly permissions: readonly Permission[];
}

/**
 * Looks at one thing before the first write; writes nothing. It is asked even where something else is wrong already, and looks
 * then at what is known. All are made side by side.
 */
type Check = (deployment: PlannedDeployment, context: DeployContext) => Promise<Preflight>;

/** In the order in which people read what they find. */
const CHECKS: readonly Check[] = [checkLentTemplates, checkFilter, checkRunningProxies];

/** Makes every check before the first write, whatever another one finds: everything that is wrong is told in one run. */
export async function examineDeployment(deployment: PlannedDeployment, context: DeployContext): Promise<Examination> {
  const { plan, request, snapshot } = deployment;
  const looking = during(context, 'inspecting what runs');
  // A target that could not be planned needs permissions all the same.
  const further = deployment.problems.length === 0 ? [] : targetPermissions(request, snapshot);
  const permissions = [...requiredPermissions(plan, request), ...further];
  // None waits for another: a trial is a process, the rest are requests.
  const [found, missing, kinds] = await Promise.all([
    sideBySide(
      context.log,
      CHECKS.map((check) => (log) => check(deployment, { ...looking, log })),
    ),
    missingPermissions(permissions, context.client, context.log),
    installedKinds(context.client),
  ]);
  const problems = found.flatMap((one) => one.problems);
  return {
    problems,
    warnings: found.flatMap(({ warnings }) => warnings),
    permissions: [...deployPermissions(request, kinds), ...permissions.map(permissionOf)],
    missing,
    account: await accountOf(deployment, { problems, permissions, missing }, context),
    ...defined({ user: await userLacking([...missing, ...deployment.missingForCleanup], context) }),
  };
}

/** Where a plan needs no write, it is asked for what a Role is to offer. */
async function accountOf(
  deployment: PlannedDeployment,
  { problems, permissions, missing }: Pick<Examination, 'problems' | 'missing'> & { permissions: AccessRequest[] },
  { client, log }: DeployContext,
): Promise<Examination['account']> {
  if (permissions.length > 0) return onlyReads(permissions, missing) ? 'only-reads' : 'writes';
  if (!lacksSome([...deployment.problems, ...problems], deployment)) return 'writes';
  const writes = targetPermissions(deployment.request, deployment.snapshot);
  // Of targets whose namespaces may not be listed, there is no namespace to ask for.
  if (writes.length === 0) return 'unknown';
  return onlyReads(writes, await missingPermissions(writes, client, log)) ? 'only-reads' : 'writes';
}

/** Whether a page has to offer a Role. */
function lacksSome(
  problems: readonly Problem[],
  { missingForCleanup }: Pick<PlannedDeployment, 'missingForCleanup'>,
): boolean {
  return missingForCleanup.length > 0 || problems.some(({ permission }) => permission !== undefined);
}

/** What a plan says of the permissions of its account: one that only reads is to be given nothing more. */
export function readingOf(
  { problems, permissions, account }: Examination,
  deployment: Pick<PlannedDeployment, 'problems' | 'missingForCleanup'>,
): Pick<PlanReport, 'permissions' | 'account'> {
  if (account === 'writes') return { permissions };
  const lacks = lacksSome([...deployment.problems, ...problems], deployment);
  return { permissions: permissions.filter(onlyShows), ...(lacks && { account }) };
}

/** Who lacks a permission, as a report has it. */
export function usersOf({ user }: Examination): { readonly users?: readonly string[] } {
  return user === undefined ? {} : { users: [user] };
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
