import { mapLimited } from '../../base/concurrency.ts';
import { defined } from '../../base/defined.ts';
import type { Problem } from '../../base/problem.ts';
import { maskFound, secretsInValue } from '../../base/redaction/configuration-secrets.ts';
import type { Warning } from '../../base/warning.ts';
import { permissionOf } from '../../cluster/access.ts';
import type { AccessRequest } from '../../cluster/client.ts';
import { refusedWriteRemedy } from '../../cluster/refusal-remedy.ts';
import { reportImages } from '../apply/push-image.ts';
import type { DeployContext } from '../context.ts';
import { readinessOf } from '../kinds/kinds.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import { describeAdoptions } from '../plan/adopted-envoy-filters.ts';
import { changesPods, firstExpiry, type Plan, restarts } from '../plan/plan.ts';
import { verifiedLevel } from '../plan/rollback-target.ts';
import { type ClusterWave, type ClusterWorkloads, markIn, planWaves, type Wave, wavesIn } from '../plan/waves.ts';
import type { PlanPart } from '../plan-digest.ts';
import type { ProposedChange } from '../preflight/changes.ts';
import { dryRunChange, nothingAdmitted } from '../preflight/dry-run.ts';
import { moduleChanges } from '../preflight/module-changes.ts';
import { describeAccess } from '../preflight/permissions.ts';
import { settingsChanges } from '../preflight/settings-changes.ts';
import type { OutcomeOf } from '../report/conclude.ts';
import type { MadePlan, PlannedChange } from '../report/plan-report.ts';
import { STOPPED } from '../report/report.ts';
import { countWaves } from '../report/wave-mark.ts';
import type { DeployRequest } from '../request.ts';
import { mustBeReadyBefore, unreadyWarning } from '../rollout/ready-before.ts';
import { untouchedTarget } from '../rollout/target-report.ts';
import { diagnoseInTime } from '../wait/diagnose.ts';
import { goalOfCurrentPods } from '../wait/rollout-goal.ts';
import { type ClusterTask, inCluster, type RunContext } from './cluster-task.ts';
import { deploymentProblems, readingOf, usersOf } from './examine.ts';
import {
  type Examined,
  type ExaminedCluster,
  examineClusters,
  problemsOf,
  warningsOf,
  writeWarningsOf,
} from './examine-clusters.ts';
import { partsOf, proposedChanges } from './expected-plan.ts';

/** More dry runs at once than connections would only queue. */
const PARALLEL = 8;

/**
 * What `deploy` would do in each cluster: each write with its difference, what restarts, which permissions are missing, and what the
 * API server's admission says to a dry run where it may be asked. Writes nothing, never throws.
 */
export async function planCommand(
  tasks: readonly ClusterTask<DeployRequest>[],
  run: RunContext,
): Promise<readonly OutcomeOf<'plan'>[]> {
  const examined = await examineClusters(tasks, run);
  const planned = examined.filter(isPlanned);
  const parts = planned.map(({ deployment, task: { addedWave } }) => ({
    workloads: deployment.plan.workloads,
    addedWave,
  }));
  const waves = wavesOf(planned, parts);
  const proposed = planned.map(proposedChanges);
  const reviewable = partsOf(planned, proposed);
  return run.log.group('Dry run', () =>
    Promise.all(
      examined.map(async (one): Promise<OutcomeOf<'plan'>> => {
        if (!isPlanned(one)) return unplanned(one, planProblems(one));
        const at = planned.indexOf(one);
        const described = await inCluster(one.task, () =>
          describePlan(one, wavesIn(waves, parts, at), { proposed: proposed[at] ?? [], parts: reviewable[at] ?? [] }),
        );
        return described.ok ? described.value : unplanned(one, described.problems);
      }),
    ),
  );
}

function isPlanned(examined: Examined): examined is ExaminedCluster {
  return examined.state === 'planned' && examined.deployment.problems.length === 0;
}

/** An account that only reads lacks nothing for a plan. */
function planProblems(examined: Examined): readonly Problem[] {
  if (examined.state !== 'planned' || examined.examination.account !== 'only-reads') return problemsOf(examined);
  return deploymentProblems(examined.deployment, { ...examined.examination, missing: [] });
}

function unplanned(examined: Examined, problems: readonly Problem[]): OutcomeOf<'plan'> {
  const nothing = { command: 'plan', targets: [], problems, plan: STOPPED } as const;
  return examined.state === 'planned'
    ? { ...nothing, ...readingOf(examined.examination, examined.deployment), warnings: warningsOf(examined) }
    : { ...nothing, warnings: [] };
}

/** The waves of all clusters, as `deploy` would take them. */
function wavesOf(planned: readonly ExaminedCluster[], parts: readonly ClusterWorkloads[]): readonly Wave[] {
  const [first] = planned;
  return planWaves(parts, first?.deployment.request.wait ? first.deployment.request.canary : undefined);
}

async function describePlan(
  examined: ExaminedCluster,
  waves: readonly ClusterWave[],
  { proposed, parts }: { readonly proposed: readonly ProposedChange[]; readonly parts: readonly PlanPart[] },
): Promise<OutcomeOf<'plan'>> {
  const {
    task: { context },
    deployment: { plan, request, snapshot, missingForCleanup },
    examination,
  } = examined;
  // What stands in the cluster may have secrets that no input has.
  const { mask } = context;
  if (mask !== undefined) {
    for (const secret of proposed.flatMap(({ sides = [] }) => secretsInValue(sides))) maskFound(secret, mask);
  }
  const changes = await mapLimited(proposed, PARALLEL, async (one): Promise<PlannedChange> => {
    return { ...one.change, admission: await admissionOf(one, examination.missing, context) };
  });
  const expires = firstExpiry(plan);
  const lacking = examination.missing.map((permission) => ({
    ...permissionOf(permission),
    ...defined({ user: examination.user }),
  }));
  const unready = await warnUnready(plan, request, snapshot, context);
  return {
    command: 'plan',
    targets: plan.workloads.map((planned) => ({
      ...untouchedTarget(planned, plan),
      ...(planned.patch === undefined && { outcome: 'unchanged' }),
    })),
    problems: [...examination.problems, ...refusals(changes)],
    ...readingOf(examination, examined.deployment),
    ...usersOf(examination),
    missingForCleanup,
    ...defined({ movedTags: plan.movedTags }),
    warnings: [...writeWarningsOf(examined), ...unready],
    plan: {
      state: 'made',
      changes,
      modules: moduleChanges(plan, snapshot),
      settings: settingsChanges(plan, snapshot),
      ...describeRestarts(waves),
      adoptions: describeAdoptions(plan, snapshot),
      images: reportImages(request.filters, 'planned'),
      ...defined({ expires }),
      parts,
      missingPermissions: examination.account === 'only-reads' ? [] : lacking,
      uncheckedPermissions: examination.account === 'only-reads' ? lacking : [],
    },
  };
}

/** Which workloads `deploy` would wait for, as they are not ready now, each with what keeps it from that. */
function warnUnready(
  { workloads }: Plan,
  request: DeployRequest,
  snapshot: ClusterSnapshot,
  context: DeployContext,
): Promise<Warning[]> {
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
        remedy:
          refusedWriteRemedy(admission.message, namespace) ??
          'Change what the message names, or contact the owner of the admission policy.',
      },
    ];
  });
}

/** `waves`: those of the run, with the workloads of one cluster. */
function describeRestarts(waves: readonly ClusterWave[]): Pick<MadePlan, 'restarts' | 'inPlace' | 'waves'> {
  const changing = waves.flatMap((wave) =>
    wave.workloads.filter(changesPods).map((planned) => ({ planned, ref: planned.ref, mark: markIn(wave, planned) })),
  );
  return {
    restarts: changing.flatMap(({ planned, ref, mark }) =>
      restarts(planned) ? [{ ref, pods: readinessOf(ref, planned.observed).wanted, ...mark }] : [],
    ),
    inPlace: changing.flatMap(({ planned, ref, mark }) => (restarts(planned) ? [] : [{ ref, ...mark }])),
    waves: countWaves(changing.map(({ mark }) => mark)),
  };
}
