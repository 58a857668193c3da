import { mapLimited } from '../../base/concurrency.ts';
import { defined } from '../../base/defined.ts';
import { aboutOneOf, aboutSubject, messageOf, type Problem } from '../../base/problem.ts';
import { callProblem } from '../../cluster/errors.ts';
import type { KubernetesObject } from '../../cluster/objects.ts';
import { ENVOY_FILTER } from '../../cluster/resources.ts';
import { PUSHED_ANNOTATION } from '../../mesh/identity/names.ts';
import { revisionName } from '../../mesh/identity/revision.ts';
import { type EnvoyFilter, settingsOf } from '../../mesh/objects/envoy-filter.ts';
import { workloadKey } from '../../targets/target.ts';
import { writeObject } from '../apply/objects.ts';
import type { WriteContext } from '../apply/workload.ts';
import { type DeployContext, during } from '../context.ts';
import { readinessOf } from '../kinds/kinds.ts';
import { settingsIn } from '../observe/snapshot.ts';
import { objectKey, type Plan, type PlannedFilterResource, type PlannedWorkload } from '../plan/plan.ts';
import type { VerifiableWorkload } from '../plan/wanted-place.ts';
import type { RolloutPolicy } from '../policy.ts';
import type { Verification } from '../report/evidence-level.ts';
import { mayHaveArrived } from '../report/may-have-arrived.ts';
import type { Rollback, StepState } from '../report/report.ts';
import { Verifier } from '../verify/verifier.ts';

/** What happened to settings that were put into running proxies. */
export interface PushResult {
  readonly step: StepState;
  /** The revision whose settings the proxies had before. */
  readonly before: string;
  /** By `workloadKey`. */
  readonly verifications: ReadonlyMap<string, Verification>;
  readonly problems: ReadonlyMap<string, Problem>;
  /** Set when the settings of before were put back. */
  readonly rollback?: Rollback;
}

interface PushContext extends DeployContext {
  readonly policy: RolloutPolicy;
  readonly write: WriteContext;
}

const PARALLEL_WORKLOADS = 4;

/**
 * Replaces the settings of EnvoyFilters that running pods use, looks whether every proxy takes them, and puts the old ones
 * back where one does not. A proxy that refuses keeps serving with its old listener meanwhile. By `objectKey`.
 */
export async function pushSettings(plan: Plan, context: PushContext): Promise<ReadonlyMap<string, PushResult>> {
  const pushes = plan.filterResources.filter(({ pushedOver }) => pushedOver !== undefined);
  const results = new Map<string, PushResult>();
  for (const planned of pushes) {
    const key = objectKey(planned.namespace, planned.podRevision);
    const users = usersOf(planned, plan);
    results.set(key, await context.log.group(`Push settings of ${key}`, () => pushOne(planned, users, context)));
  }
  return results;
}

/**
 * Puts back what was pushed and is there still, or may be, once the run has failed elsewhere. Returns what became of every push, by
 * `objectKey`.
 */
export async function putBackSettings(
  plan: Plan,
  pushes: ReadonlyMap<string, PushResult>,
  context: PushContext,
): Promise<ReadonlyMap<string, PushResult>> {
  const results = new Map(pushes);
  for (const planned of plan.filterResources) {
    const key = objectKey(planned.namespace, planned.podRevision);
    const push = results.get(key);
    if (push === undefined || !isThere(push)) continue;
    const rollback = await context.log.group(`Roll back settings of ${key}`, () => {
      context.log.info('Another workload failed; rolling back to the previous settings.');
      return rollBackSettings(planned, push.before, usersOf(planned, plan), during(context, 'rolling back'));
    });
    results.set(key, { ...push, verifications: new Map(), rollback });
  }
  return results;
}

/** Whether proxies may have settings that this run has pushed. */
export function isThere({ step, rollback, problems }: PushResult): boolean {
  if (rollback !== undefined) return false;
  // What was not answered for may have been done.
  return step === 'done' || (step === 'failed' && [...problems.values()].some(mayHaveArrived));
}

/** The workloads whose pods have an EnvoyFilter. */
function usersOf({ namespace, podRevision }: PlannedFilterResource, { workloads }: Plan): PlannedWorkload[] {
  const key = objectKey(namespace, podRevision);
  return workloads.filter(
    ({ ref, revisions }) =>
      ref.namespace === namespace && revisions.some((one) => objectKey(ref.namespace, one.podRevision) === key),
  );
}

async function pushOne(
  planned: PlannedFilterResource,
  users: readonly PlannedWorkload[],
  context: PushContext,
): Promise<PushResult> {
  const { podRevision, pushedOver } = planned;
  const before = pushedOver?.metadata.annotations?.[PUSHED_ANNOTATION] ?? podRevision.id;
  const none = { before, verifications: new Map(), problems: new Map() };
  if (context.signal.aborted) return { ...none, step: 'skipped' };
  const written = await writeObject(ENVOY_FILTER, planned, context.write);
  if (written.state === 'failed') {
    const problems = new Map(
      users.map(({ ref, revisions }) => [workloadKey(ref), aboutOneOf(written.problem, podRevision.filter, revisions)]),
    );
    return { ...none, step: 'failed', problems };
  }
  if (!context.policy.wait) return { ...none, step: 'done' };
  const { verifications, problems } = await verifyAll(users, during(context, 'verifying the filter'));
  if (problems.size === 0 || context.policy.onFailure === 'keep' || context.signal.aborted) {
    return { before, step: 'done', verifications, problems };
  }
  context.log.info('A proxy rejects the new settings; rolling back to the previous ones.');
  const rollback = await rollBackSettings(planned, before, users, during(context, 'rolling back'));
  return { before, step: 'done', verifications: new Map(), problems, rollback };
}

async function verifyAll(
  users: readonly VerifiableWorkload[],
  context: PushContext,
): Promise<Pick<PushResult, 'verifications' | 'problems'>> {
  const verifier = new Verifier(context, context.policy);
  const verifications = new Map<string, Verification>();
  const problems = new Map<string, Problem>();
  await mapLimited(users, PARALLEL_WORKLOADS, async (user) => {
    const { verification, problem } = await verifier.verify(user, readinessOf(user.ref, user.observed).wanted);
    if (problem !== undefined) problems.set(workloadKey(user.ref), problem);
    else if (verification !== undefined) verifications.set(workloadKey(user.ref), verification);
  });
  return { verifications, problems };
}

async function rollBackSettings(
  planned: PlannedFilterResource,
  before: string,
  users: readonly PlannedWorkload[],
  context: PushContext,
): Promise<Rollback> {
  const { client, now } = context;
  const { namespace, podRevision, revision, pushedOver } = planned;
  const { metadata, spec } = pushedOver as EnvoyFilter;
  const started = now();
  const name = `EnvoyFilter ${objectKey(namespace, podRevision)}`;
  const end = (state: Rollback['state'], problem?: Problem): Rollback => ({
    state,
    to: { [podRevision.filter]: before },
    durationMs: now() - started,
    ...defined({ problem }),
  });
  try {
    const has = await settingsNow(planned, context);
    if (has !== undefined && has !== revision.id && has !== before) return end('failed', overtaken(name, has));
    const pushed = metadata.annotations?.[PUSHED_ANNOTATION];
    const body: KubernetesObject & { spec: EnvoyFilter['spec'] } = {
      metadata: {
        name: metadata.name,
        namespace,
        ...defined({ labels: metadata.labels }),
        ...(pushed !== undefined && { annotations: { [PUSHED_ANNOTATION]: pushed } }),
      },
      spec,
    };
    if (has !== before) await client.apply(ENVOY_FILTER, namespace, body, { force: true });
    // The probe expects what the new settings do.
    const { probe: _, ...unprobed } = context.policy;
    const old = { settings: settingsOf({ metadata, spec }) };
    const { problems } = await verifyAll(
      // Other filters of these workloads may have been rolled back, too.
      users.map((user) => ({ ...user, revisions: [{ podRevision, revision: old }] })),
      { ...context, policy: unprobed },
    );
    const [problem] = problems.values();
    return problem === undefined ? end('rolled-back') : end('failed', { ...problem, kind: 'rollback', subject: name });
  } catch (error) {
    return end('failed', { ...aboutSubject(callProblem(error, `rolling back ${name}`), name), kind: 'rollback' });
  }
}

/** The revision whose settings proxies are given now; `undefined` where nobody may look. */
async function settingsNow(
  { namespace, podRevision }: PlannedFilterResource,
  { client, log }: DeployContext,
): Promise<string | undefined> {
  try {
    const filterResource = await client.get<EnvoyFilter>(ENVOY_FILTER, namespace, revisionName(podRevision));
    return settingsIn({ filterResource }, podRevision.id);
  } catch (error) {
    log.debug(`EnvoyFilter ${objectKey(namespace, podRevision)} before it is put back: ${messageOf(error)}`);
    return undefined;
  }
}

function overtaken(subject: string, revision: string): Problem {
  return {
    kind: 'conflict',
    subject,
    message: `was not rolled back: another run has pushed the settings of revision ${revision}, and this run leaves them as they are.`,
    remedy: 'Use "concurrency" in the workflow to keep runs apart.',
  };
}
