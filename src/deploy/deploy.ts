import { untilAborted } from '../base/concurrency.ts';
import { bad, type Checked, Findings, good, type Problem } from '../base/problem.ts';
import { count } from '../base/text.ts';
import { ApiError } from '../cluster/errors.ts';
import { resourceName } from '../cluster/resources.ts';
import { resolveTargets } from '../targets/resolve.ts';
import { workloadKey } from '../targets/target.ts';
import { type Applied, applyPlan } from './apply.ts';
import { awaitRollouts } from './await-rollouts.ts';
import { concludeTarget, untouchedTarget } from './conclude.ts';
import { type DeployContext, evidenceSource } from './context.ts';
import { type Diagnosis, diagnose } from './diagnose.ts';
import { observe } from './observe.ts';
import { countWrites, makePlan, neededRights, type Plan, type PlannedWorkload } from './plan.ts';
import type { Report, TargetReport } from './report.ts';
import type { DeployRequest, DraftRequest } from './request.ts';

/** How long evidence for the report may take, in milliseconds. */
const DIAGNOSE_MS = 15_000;

/** The engine's part of a report. */
export type Outcome = Pick<Report, 'targets' | 'problems' | 'warnings'>;

/**
 * Brings every target of a request to its revisions: observe, plan, apply, wait. Nothing is written unless the request,
 * its targets, the mounts and the rights check out; their problems come back together, with those of a faulty draft.
 */
export async function deploy(draft: DraftRequest, context: DeployContext): Promise<Outcome> {
  const planned = await context.log.group('Observe and plan', () => prepare(draft, context));
  if (!planned.ok) return { targets: [], problems: planned.problems, warnings: [] };
  const { plan, request } = planned.value;
  const rights = await checkRights(plan, context);
  if (rights.length > 0) return { targets: plan.workloads.map(untouchedTarget), problems: rights, warnings: [] };

  const applied = await apply(plan, request, context);
  const { rollouts, problems } = await awaitRollouts(plan, applied, request, context);
  const failed = plan.workloads.filter(({ ref }) => {
    const state = rollouts.get(workloadKey(ref))?.state;
    return state === 'timeout' || state === 'failed' || state === 'stuck';
  });
  const diagnoses = await diagnoseInTime(failed, context);
  const evidence = { applied, rollouts, diagnoses, timeoutMs: request.timeoutMs };
  const targets = plan.workloads.map((workload) => concludeTarget(workload, evidence));
  return {
    targets,
    problems: [...objectProblems(applied), ...problems, ...cancellation(context, targets)],
    warnings: applied.warnings,
  };
}

interface Prepared {
  readonly plan: Plan;
  readonly request: DeployRequest;
}

async function prepare(draft: DraftRequest, { client, log }: DeployContext): Promise<Checked<Prepared>> {
  const findings = new Findings();
  if (!draft.ok) findings.add(...draft.problems);
  const entries = draft.ok ? draft.request.filters.flatMap(({ targets }) => targets) : draft.targets;
  const { observation, problems } = await observe(client, entries);
  findings.add(...problems);
  if (!draft.ok) {
    findings.add(...resolveTargets(entries, observation.catalogue, draft.defaults).problems);
    return bad(...findings.problems);
  }
  const plan = findings.take(makePlan(draft.request, observation));
  if (plan === undefined || !findings.clean) return bad(...findings.problems);
  const writes = countWrites(plan);
  const rolling = plan.workloads.filter(({ patch }) => patch?.spec !== undefined).length;
  log.info(
    writes === 0
      ? `${count(plan.workloads.length, 'target')}, nothing to write.`
      : `${count(plan.workloads.length, 'target')}, ${count(writes, 'object')} to write, ${count(rolling, 'workload')} to roll.`,
  );
  return good({ plan, request: draft.request });
}

/** Asks for every right that the plan needs, so that a missing one is known before the first write. */
async function checkRights(plan: Plan, { client, log }: DeployContext): Promise<Problem[]> {
  const missing: Problem[] = [];
  await Promise.all(
    neededRights(plan).map(async (right) => {
      const { verb, resource, namespace } = right;
      const words = `${verb} ${resourceName(resource)} in namespace "${namespace}"`;
      try {
        if (await client.allows(right)) return;
        missing.push({
          kind: 'permission',
          message: `The user of the kubeconfig may not ${words}.`,
          remedy: 'Grant the right with a Role and a RoleBinding; nothing was written.',
        });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        // Not being able to ask is no proof of a missing right; the write itself will tell.
        log.debug(`Cannot ask whether one may ${words}: ${error.message}`);
      }
    }),
  );
  return missing.sort((a, b) => a.message.localeCompare(b.message));
}

function apply(plan: Plan, request: DeployRequest, { client, log, signal }: DeployContext): Promise<Applied> {
  const write = (): Promise<Applied> =>
    applyPlan(plan, { client, request, signal, onWritten: (line) => log.info(line) });
  return countWrites(plan) === 0 ? write() : log.group('Apply', write);
}

/** Evidence must not hold up the report of a failure: a server that hangs is not waited for long. */
async function diagnoseInTime(
  failed: readonly PlannedWorkload[],
  context: DeployContext,
): Promise<ReadonlyMap<string, Diagnosis>> {
  if (failed.length === 0) return new Map();
  const inTime = AbortSignal.any([context.signal, AbortSignal.timeout(DIAGNOSE_MS)]);
  return untilAborted(diagnose(failed, evidenceSource(context)), inTime).catch(() => new Map());
}

function objectProblems({ configMaps, envoyFilters }: Applied): Problem[] {
  return [...configMaps.values(), ...envoyFilters.values()].flatMap((result) =>
    result.state === 'failed' ? [result.problem] : [],
  );
}

function cancellation({ signal }: DeployContext, targets: readonly TargetReport[]): Problem[] {
  const untouched = targets.filter(({ outcome }) => outcome === 'untouched').length;
  if (!signal.aborted || untouched === 0) return [];
  return [
    {
      kind: 'cancelled',
      message: `The run was cancelled before it came to ${count(untouched, 'workload')}.`,
      remedy: 'Nothing is half written: each workload has its old revision or the new one. Run again to finish.',
    },
  ];
}
