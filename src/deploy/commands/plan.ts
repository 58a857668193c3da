import { mapLimited } from '../../base/concurrency.ts';
import { defined } from '../../base/defined.ts';
import type { Problem } from '../../base/problem.ts';
import { secretsInValue } from '../../base/redaction/configuration-secrets.ts';
import type { AccessRequest } from '../../cluster/client.ts';
import { reportImages } from '../apply/push-image.ts';
import type { DeployContext } from '../context.ts';
import { readinessOf } from '../kinds/kinds.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import { describeAdoptions } from '../plan/adopted-envoy-filters.ts';
import { changesPods, firstExpiry, type Plan, restarts } from '../plan/plan.ts';
import { verifiedLevel } from '../plan/rollback-target.ts';
import { planWaves } from '../plan/waves.ts';
import { describeChanges, type ProposedChange } from '../preflight/changes.ts';
import { dryRunChange, nothingAdmitted } from '../preflight/dry-run.ts';
import { describeAccess, permissionOf } from '../preflight/permissions.ts';
import type { OutcomeOf } from '../report/conclude.ts';
import type { MadePlan, PlannedChange } from '../report/plan-report.ts';
import type { DeployRequest, RequestOrProblems } from '../request.ts';
import { mustBeReadyBefore, unreadyWarning } from '../rollout/ready-before.ts';
import { untouchedTarget } from '../rollout/target-report.ts';
import { diagnoseInTime } from '../wait/diagnose.ts';
import { goalOfCurrentPods } from '../wait/rollout-watch.ts';
import { deploymentProblems, examineDeployment } from './examine.ts';
import { STOPPED } from './outcome.ts';
import { planDeployment } from './plan-deployment.ts';

/** More dry runs at once than connections would only queue. */
const PARALLEL = 8;

/**
 * What `deploy` would do: each write with its difference, what restarts, which permissions are missing, and what the API server's
 * admission says to a dry run where it may be asked. Writes nothing.
 */
export async function planCommand(requested: RequestOrProblems, context: DeployContext): Promise<OutcomeOf<'plan'>> {
  const { log } = context;
  const deployment = await log.group('Observe and plan', () => planDeployment(requested, context));
  const examined = await examineDeployment(deployment, context);
  const { permissions } = examined;
  if (deployment.problems.length > 0) {
    const problems = deploymentProblems(deployment, examined);
    return { command: 'plan', targets: [], problems, permissions, warnings: examined.warnings, plan: STOPPED };
  }
  const { plan, request, snapshot } = deployment;
  const proposed = describeChanges(plan, snapshot, request.wait);
  // What stands in the cluster may have secrets that no input has; values of a secret's name may be other names, too.
  for (const secret of proposed.flatMap(({ sides = [] }) => secretsInValue(sides))) context.mask?.(secret, 'whole');
  const changes = await log.group('Dry run', () =>
    mapLimited(proposed, PARALLEL, async (proposed): Promise<PlannedChange> => {
      return { ...proposed.change, admission: await admissionOf(proposed, examined.missing, context) };
    }),
  );
  const expires = firstExpiry(plan);
  const unready = await warnUnready(plan, request, snapshot, context);
  return {
    command: 'plan',
    targets: plan.workloads.map((planned) =>
      planned.patch === undefined ? { ...untouchedTarget(planned), outcome: 'unchanged' } : untouchedTarget(planned),
    ),
    problems: [...examined.problems, ...refusals(changes)],
    permissions,
    warnings: [...plan.warnings, ...examined.warnings, ...unready],
    plan: {
      state: 'made',
      changes,
      ...describeRestarts(plan, request),
      adoptions: describeAdoptions(plan, snapshot),
      images: reportImages(request.filters, 'planned'),
      ...defined({ expires }),
      missingPermissions: examined.missing.map(permissionOf),
    },
  };
}

/** Which workloads `deploy` would wait for, as they are not ready now, each with what keeps it from that. */
function warnUnready(
  { workloads }: Plan,
  request: DeployRequest,
  snapshot: ClusterSnapshot,
  context: DeployContext,
): Promise<string[]> {
  const held = workloads.filter((planned) =>
    mustBeReadyBefore(
      planned,
      request,
      (filter, id) => verifiedLevel(planned.ref, { filter, id }, snapshot) !== undefined,
    ),
  );
  return mapLimited(held, PARALLEL, async (planned) =>
    unreadyWarning(planned, request.timeoutMs, await diagnoseInTime(goalOfCurrentPods(planned), context)),
  );
}

/** A dry run needs the very permission that the write needs. */
async function admissionOf(
  proposed: ProposedChange,
  missing: readonly AccessRequest[],
  { client, signal }: DeployContext,
): Promise<PlannedChange['admission']> {
  const { action, kind, namespace } = proposed.change;
  const permission = missing.find(
    (one) =>
      one.resource.kind === kind &&
      one.namespace === namespace &&
      // Deleting is what a dry run of another change does not need.
      (one.verb !== 'delete' || action === 'delete'),
  );
  if (permission !== undefined) return nothingAdmitted(`the kubeconfig user cannot ${describeAccess(permission)}`);
  if (signal.aborted) return nothingAdmitted('the run was cancelled');
  return dryRunChange(proposed, client);
}

function refusals(changes: readonly PlannedChange[]): Problem[] {
  return changes.flatMap(({ kind, namespace, name, admission }): Problem[] => {
    if (admission.state !== 'refused') return [];
    return [
      {
        kind: 'cluster',
        subject: `${kind} ${namespace}/${name}`,
        message: `would be rejected by the API server: ${admission.message}`,
        remedy: 'Change what the message names, or contact the owner of the admission policy.',
      },
    ];
  });
}

function describeRestarts(
  { workloads }: Plan,
  { wait, canary }: DeployRequest,
): Pick<MadePlan, 'restarts' | 'inPlace' | 'waves'> {
  const waves = planWaves([{ workloads, addedWave: 0 }], wait ? canary : undefined);
  const changing = waves.flatMap((wave, index) =>
    wave
      .flat()
      .filter(changesPods)
      .map((planned) => ({ planned, ref: planned.ref, wave: index + 1 })),
  );
  return {
    restarts: changing.flatMap(({ planned, ref, wave }) =>
      restarts(planned) ? [{ ref, pods: readinessOf(ref, planned.observed).wanted, wave }] : [],
    ),
    inPlace: changing.flatMap(({ planned, ref, wave }) => (restarts(planned) ? [] : [{ ref, wave }])),
    waves: new Set(changing.map(({ wave }) => wave)).size,
  };
}
