import { pause } from '../../base/concurrency.ts';
import { messageOf, type Problem } from '../../base/problem.ts';
import { nameSome } from '../../base/text.ts';
import { permissionOf } from '../../cluster/access.ts';
import { isApiError } from '../../cluster/errors.ts';
import { describeRefusal, isRefused } from '../../cluster/node-refusal.ts';
import type { Pod, Workload } from '../../cluster/objects.ts';
import { readPodRefusal } from '../../cluster/pod-refusal.ts';
import { hasProxyContainer, isReady } from '../../cluster/pods.ts';
import { POD } from '../../cluster/resources.ts';
import { knownByName } from '../../mesh/proxy/refused-filter.ts';
import { explainMissingMount, mountsFilter } from '../../mesh/template/injection.ts';
import type { DeployContext } from '../context.ts';
import { templateKinds } from '../kinds/kinds.ts';
import { evidenceSource } from '../observe/evidence-source.ts';
import { aboutFilterOf, noEffect, type VerifiableWorkload } from '../plan/wanted-place.ts';
import type { RolloutPolicy } from '../policy.ts';
import type { ProxyInspector } from '../verify/proxy-inspector.ts';
import { diagnosePod } from '../wait/diagnose.ts';
import { FailFast } from '../wait/fail-fast.ts';
import type { RolloutGoal } from '../wait/rollout-goal.ts';
import { rolloutProblem } from '../wait/rollout-problem.ts';
import type { StuckVerdict } from '../wait/rollout-result.ts';
import { type PlannedScout, scoutTemplate } from './plan-scouts.ts';
import type { NewPod } from './scout-pod.ts';
import { foundInScout, isOwnTrouble } from './scout-problem.ts';
import type { ScoutWatch } from './scout-watch.ts';

/** What a scout came to. `untried` says nothing of the filter; `why` is a clause. */
export type ScoutVerdict =
  | { readonly state: 'passed' }
  | { readonly state: 'refused'; readonly problem: Problem }
  | { readonly state: 'untried'; readonly why: string; readonly permission?: Problem['permission'] }
  | { readonly state: 'cancelled' };

export interface ScoutContext extends DeployContext {
  readonly policy: Pick<RolloutPolicy, 'scout' | 'verify' | 'timeoutMs'>;
  readonly inspector: ProxyInspector;
  readonly watch: ScoutWatch;
}

/** A sidecar starts within seconds; after so long, in milliseconds, one that says nothing says nothing of the filter. */
const READY_MS = 60_000;
/** An API server that does not show the pod for this long is not waited for: what it shows then comes too late to save anything. */
const TROUBLE_MS = 10_000;
/** A pod that no node takes for this long is not waited for: it is nobody's but ours. */
const UNSCHEDULED_MS = 5_000;
/** How long a proxy may take to tell. */
const PROXY_MS = 15_000;
/** The filter is in the first configuration that a scout gets: a place that is not there then does not come. */
const PLACE_MS = 2_000;
const POLL_MS = 500;

/**
 * Makes the pod of a scout and looks until it is known whether its proxy runs the filters. Leaves the pod to whoever calls. Never throws.
 */
export async function tryScout(scout: PlannedScout, body: NewPod, context: ScoutContext): Promise<ScoutVerdict> {
  try {
    const created = await create(scout, body, context);
    context.watch.show(created);
    if (!hasProxyContainer(created)) {
      return untried('Istio injects no sidecar into a pod of its own there');
    }
    const workload = workloadOf(scout, created);
    const unmounted = missingMount(scout, created, workload);
    if (unmounted !== undefined) return unmounted;
    const verdict = await untilReady(scout, workload, context);
    return verdict ?? (await verify(scout, workload, context));
  } catch (error) {
    return context.signal.aborted ? { state: 'cancelled' } : refusedPod(error, scout);
  }
}

function untried(why: string): Extract<ScoutVerdict, { readonly state: 'untried' }> {
  return { state: 'untried', why };
}

/** Makes the pod. One of its name is there where the answer to the first attempt was lost. */
async function create({ namespace }: PlannedScout, body: NewPod, { client }: ScoutContext): Promise<Pod> {
  try {
    return await client.create<Pod>(POD, namespace, body);
  } catch (error) {
    if (!isApiError(error, 409)) throw error;
    return client.get<Pod>(POD, namespace, body.metadata.name);
  }
}

/** The API server does not take the pod: a permission, a quota or a policy keeps it off, and none of them is the filter's. */
function refusedPod(error: unknown, { namespace }: PlannedScout): ScoutVerdict {
  const message = messageOf(error);
  if (
    isApiError(error, 403) &&
    readPodRefusal(message) === undefined &&
    /cannot create resource "pods"/.test(message)
  ) {
    const permission = permissionOf({ verb: 'create', resource: POD, namespace });
    return { state: 'untried', why: 'the kubeconfig user cannot create pods', permission };
  }
  return untried(`the pod was not taken (${message})`);
}

/**
 * A scout as whoever inspects the pods of workloads sees it: its sidecar is that of a workload whose template is the pod itself, of any
 * kind whose pods have one.
 */
function workloadOf({ namespace, name, revisions }: PlannedScout, pod: Pod): VerifiableWorkload {
  const kind = templateKinds()[0]?.resource.kind ?? '';
  const observed: Workload = {
    kind,
    metadata: { name, namespace },
    spec: { template: scoutTemplate(pod) },
  };
  return {
    ref: { kind, namespace, name },
    observed,
    revisions: revisions.map(({ verifiable }) => verifiable),
  };
}

/** What injects the targets' sidecars mounts nothing by annotations; that of a gateway does not have to. */
function missingMount(
  scout: PlannedScout,
  pod: Pod,
  { ref, observed, revisions }: VerifiableWorkload,
): ScoutVerdict | undefined {
  const missing = scout.revisions.find(
    ({ podRevision, filter }) => podRevision.image === undefined && !mountsFilter(pod, filter),
  );
  if (missing === undefined) return undefined;
  const { message, remedy } = explainMissingMount(observed.spec?.template ?? {}, missing.filter);
  if (scout.gateways) return untried(message);
  const problem = aboutFilterOf(
    noEffect(ref, `the filter is not in it: ${message}`, remedy),
    missing.filter,
    revisions,
  );
  return { state: 'refused', problem: foundInScout(problem, scout) };
}

/** Waits until the pod is ready; `undefined` once it is. */
async function untilReady(
  scout: PlannedScout,
  workload: VerifiableWorkload,
  context: ScoutContext,
): Promise<ScoutVerdict | undefined> {
  const { watch, signal, now, policy } = context;
  const failFast = new FailFast(evidenceSource(context), now);
  const goal = goalOf(workload);
  const started = now();
  const mayTake = Math.min(policy.timeoutMs, READY_MS);
  for (;;) {
    if (signal.aborted) return { state: 'cancelled' };
    if (watch.lost !== undefined) return untried(`its pod could not be watched (${watch.lost})`);
    const { trouble } = watch;
    if (trouble !== undefined && now() - trouble.since >= TROUBLE_MS) {
      return untried(`the API server did not show its pod (${trouble.text})`);
    }
    const pod = watch.podOf(scout.name);
    if (pod === undefined) return untried('its pod was deleted by somebody else');
    const passed = now() - started;
    const elsewhere = unplaced(pod, passed);
    if (elsewhere !== undefined) return untried(elsewhere);
    const stuck = await failFast.inspectPod(goal, pod);
    if (stuck !== undefined) return stuckVerdict(stuck, pod, { scout, workload, goal, passed }, context);
    if (isReady(pod)) return undefined;
    if (passed >= mayTake) return untried('its pod was not ready in time, and nothing says why');
    await watch.next(signal);
  }
}

/** Why a pod does not come to run at all, which is about nodes and not about the filter. A clause. */
function unplaced(pod: Pod, passedMs: number): string | undefined {
  if (isRefused(pod)) return `nodes do not run its pod (${describeRefusal(pod)})`;
  const waits = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  if (waits === undefined || passedMs < UNSCHEDULED_MS) return undefined;
  return `its pod could not be scheduled (${waits.message ?? waits.reason ?? 'no node takes it'})`;
}

function goalOf({ ref, revisions }: VerifiableWorkload): RolloutGoal {
  return {
    ref,
    podRevisions: revisions.map(({ podRevision }) => podRevision),
    removals: [],
    known: knownByName(revisions),
  };
}

interface Stuck {
  readonly scout: PlannedScout;
  readonly workload: VerifiableWorkload;
  readonly goal: RolloutGoal;
  readonly passed: number;
}

async function stuckVerdict(
  stuck: StuckVerdict,
  pod: Pod,
  { scout, workload, goal, passed }: Stuck,
  context: ScoutContext,
): Promise<ScoutVerdict> {
  const diagnosis = await diagnosePod(goal, pod, context);
  if (context.signal.aborted) return { state: 'cancelled' };
  if (isOwnTrouble(diagnosis)) return untried(diagnosis.cause ?? stuck.message);
  const result = { state: 'stuck', ...stuck, ready: 0, wanted: 1, durationMs: passed } as const;
  const { ref, observed } = workload;
  const revisions = scout.revisions.map(({ planned }) => planned);
  const problem = rolloutProblem({ ref, observed, revisions }, result, diagnosis, context.policy.timeoutMs, 'none');
  return problem === undefined ? untried(stuck.message) : { state: 'refused', problem: foundInScout(problem, scout) };
}

/** Looks into the proxy of a pod that is ready. */
async function verify(scout: PlannedScout, workload: VerifiableWorkload, context: ScoutContext): Promise<ScoutVerdict> {
  const { policy, inspector, watch, signal, now, log } = context;
  if (policy.verify === 'off') return { state: 'passed' };
  for (const started = now(); ; await pause(POLL_MS, signal)) {
    if (signal.aborted) return { state: 'cancelled' };
    const pod = watch.podOf(scout.name);
    if (pod === undefined) return untried('its pod was deleted by somebody else');
    const verdict = await inspector.inspect(pod, workload);
    if (verdict.state === 'verified') return { state: 'passed' };
    const passed = now() - started;
    // Whether requests reach a place depends on ports and neighbours that a scout does not have.
    if (verdict.problem.kind === 'no-effect' && (verdict.state === 'failed' || passed >= PLACE_MS)) {
      const filters = nameSome(scout.revisions.map(({ filter }) => filter));
      log.debug(`The scout in ${scout.namespace} has no place for ${filters}: ${verdict.problem.message}`);
      return { state: 'passed' };
    }
    if (verdict.state === 'failed') return { state: 'refused', problem: foundInScout(verdict.problem, scout) };
    if (passed >= PROXY_MS) return untried(`its proxy does not tell (${verdict.problem.message})`);
  }
}
