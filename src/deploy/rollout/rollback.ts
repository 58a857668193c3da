import { defined } from '../../base/defined.ts';
import { describeProblem, type Problem } from '../../base/problem.ts';
import { callProblem } from '../../cluster/errors.ts';
import type { Workload } from '../../cluster/objects.ts';
import { pluginSettings } from '../../mesh/objects/wasm-plugin.ts';
import { revisionOn } from '../../mesh/template/template.ts';
import { describeWorkload } from '../../targets/target.ts';
import { type Replanned, type WriteContext, writeChange } from '../apply/workload.ts';
import type { DeployContext } from '../context.ts';
import { targetKind } from '../kinds/kinds.ts';
import { readTarget } from '../kinds/target-access.ts';
import { deletedProblem, isGone } from '../observe/deleted.ts';
import type { Met } from '../observe/superseded.ts';
import { otherRunOn } from '../plan/foreign-change.ts';
import { changesPods, type PlannedWorkload } from '../plan/plan.ts';
import type { RolloutPolicy } from '../policy.ts';
import { mayHaveArrived } from '../report/may-have-arrived.ts';
import type { Rollback } from '../report/report.ts';
import { Verifier } from '../verify/verifier.ts';
import type { Heartbeat } from '../wait/heartbeat.ts';
import type { RolloutWatch } from '../wait/rollout-watch.ts';
import { UNREADY_ENDS, type UnreadyState, wasUnready } from './ready-before.ts';
import { concludeRollback, type RollbackEnd, type RollbackFacts } from './rollback-end.ts';
import { returnsToObserved, rollbackGoal, rollbackPatch } from './rollback-patch.ts';
import {
  failedCallWords,
  type RollbackFailure,
  stuckPodsWords,
  templateAfter,
  undoneProblem,
} from './rollback-problem.ts';
import { replaceStuckPods } from './stuck-pods.ts';
import { failureOf, reachedBy, resultOf, rolloutGoalOf, type WorkloadRollout, writeOf } from './workload-rollout.ts';

/** What rolling workloads back works with. */
export interface RollbackContext extends DeployContext {
  readonly heartbeat: Heartbeat;
  readonly policy: RolloutPolicy;
  readonly write: WriteContext;
}

/**
 * Whether a failed workload is to be rolled back: this run has changed its template, or may have, or a killed one has and nobody
 * has ever verified it. A workload that was verified and fails now has another trouble, which going back would not fix.
 */
export function canRollBack(rollout: WorkloadRollout, wasVerified: boolean): boolean {
  const { planned } = rollout;
  const { result } = writeOf(rollout);
  // What is gone in place, with no pod that might not become ready without it, is as it should be.
  if (targetKind(planned.ref).binding.inPlace && planned.revisions.length === 0) return false;
  if (result.state === 'done' && changesPods(planned)) return true;
  // Nobody knows whether it has the change: what was not answered for may have been done.
  if (result.state === 'failed') return mayHaveArrived(result.problem) && changesPods(planned);
  // A run that did not come to it has changed nothing there.
  if (result.state === 'skipped' && changesPods(planned)) return false;
  const changes = planned.revisions.some(
    ({ podRevision }) => planned.rollbackTargets.get(podRevision.filter)?.id !== podRevision.id,
  );
  return changes && !wasVerified;
}

/**
 * Rolls a workload back to what it goes back to: our keys of its template and its state, nothing else; then waits until its pods
 * are ready. A StatefulSet's stuck pods are deleted, because its controller waits for them for ever
 * (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback). Where another run has put something
 * newer there, nothing is done, and that is the result; `undefined` if the change that was not answered for has never come there.
 * `all`: the rollouts of the cluster, one of which may be why.
 */
export async function rollBack(
  rollout: WorkloadRollout,
  watch: RolloutWatch,
  context: RollbackContext,
  all: readonly WorkloadRollout[],
): Promise<Rollback | { readonly met: Met } | undefined> {
  const started = context.now();
  const facts = factsOf(rollout);
  context.log.info(whyRolledBack(rollout, all));
  const found = await findChanged(facts, context);
  const restored = found.state === 'changed' ? await restoreTemplate(facts, found.current, context) : found;
  const end = restored.state === 'restored' ? await awaitRestored(facts, restored, watch, context) : restored;
  // Nothing has to be fixed any more, but what came to be known of the revision is told.
  const { problem } = facts;
  if (end.state === 'superseded' && problem !== undefined) {
    const text = `Its revision failed before another run replaced it: ${describeProblem(problem)}`;
    const subject = describeWorkload(facts.planned.ref);
    context.write.warnings.add({ topic: 'Replaced by another run', subject, text });
  }
  return concludeRollback(end, facts, context.now() - started, 'written' in restored ? restored.written : undefined);
}

function factsOf(rollout: WorkloadRollout): RollbackFacts {
  const { planned } = rollout;
  const { problem } = failureOf(rollout);
  return { planned, write: writeOf(rollout), before: conditionBefore(rollout), problem, result: resultOf(rollout) };
}

/** Reads whether the workload has the change: what was not answered for may have been done, or not. */
async function findChanged(
  { planned, write }: RollbackFacts,
  { client }: RollbackContext,
): Promise<{ readonly state: 'changed'; readonly current: Workload } | RollbackEnd> {
  const isUnknown = write.result.state === 'failed';
  return orFailed(planned, isUnknown ? 'unknown' : 'new', async () => {
    const current = await readTarget(client, planned.ref, planned.observed);
    return isUnknown && !hasChange(planned, current) ? { state: 'not-needed' } : { state: 'changed', current };
  });
}

/** A workload whose template is as it goes back to. */
interface Restored {
  readonly state: 'restored';
  /** As it was before the template was written, and after that. */
  readonly current: Workload;
  readonly written: Workload;
}

async function restoreTemplate(
  { planned, write }: RollbackFacts,
  current: Workload,
  context: RollbackContext,
): Promise<Restored | RollbackEnd> {
  const { ref } = planned;
  return orFailed(planned, 'new', async () => {
    const replan = (workload: Workload): Replanned => rollbackPatch({ planned, write }, workload);
    const first = replan(current);
    if (!first.ok) return withdrawn(first.problems[0], first.met);
    const change = { ref, observed: current, patch: first.value, verb: 'rolled back' as const, replan };
    const { result, workload: written = current } = await writeChange(change, context.write);
    switch (result.state) {
      case 'failed': {
        const { problem, met } = result;
        if (met !== undefined || ['conflict', 'deleted'].includes(problem.kind)) return withdrawn(problem, met);
        return { state: 'failed', why: failedCallWords(problem), template: templateAfter(problem), call: problem };
      }
      case 'skipped':
        return { state: 'skipped' };
      default:
        return { state: 'restored', current, written };
    }
  });
}

/** Somebody has changed or deleted the workload: another run with something newer, or whoever else. */
function withdrawn(problem: Problem, met: Met | undefined): RollbackEnd {
  return met === undefined ? { state: 'refused', problem } : { state: 'superseded', met };
}

/** Waits until what was restored runs in the pods. */
async function awaitRestored(
  { planned, before }: RollbackFacts,
  { current, written }: Restored,
  watch: RolloutWatch,
  context: RollbackContext,
): Promise<RollbackEnd> {
  const { ref } = planned;
  const kind = targetKind(ref);
  return orFailed(planned, 'before', async () => {
    if (kind.binding.inPlace) {
      const why = await verifyRollback(planned, written, context);
      if (why === undefined) return { state: 'rolled-back' };
      return context.signal.aborted ? { state: 'unconfirmed' } : { state: 'failed', why, template: 'before' };
    }
    const stuck = kind.stuckPods(current) === 'replaced' ? [] : await replaceStuckPods(planned, context);
    // It was not ready with what it goes back to, so nobody waits until it is.
    if (before !== undefined && stuck.length === 0) return { state: 'rolled-back', unready: before.words };
    const { podRevisions, removals } = rollbackGoal(planned);
    const ready = watch.follow({ ref, podRevisions, removals }, written, context.policy.timeoutMs, {
      isRollback: true,
    });
    const ended = await context.heartbeat.during(ref, written, ready, (workload) => watch.show(ref, workload));
    if (ended?.state === 'ready') return { state: 'rolled-back' };
    // One that was found before its promotion begins the steps of that revision anew.
    if (ended?.state === 'waiting') return { state: 'rolled-back', waiting: ended.message };
    if (ended?.other !== undefined) return { state: 'superseded', met: ended.other };
    // Kubernetes goes on with it; nobody waits for it any more.
    if (ended?.state === 'cancelled') return { state: 'unconfirmed' };
    if (ended?.state === 'deleted') return withdrawn(deletedProblem(ref, 'while this run rolled it back'), undefined);
    // Its pods do not run what it was rolled back to, so that they are not ready says nothing of that.
    if (ended?.state === 'superseded') return { state: 'refused', problem: undoneProblem(ref, ended) };
    if (ended !== undefined && stuck.length === 0 && wasUnready(planned) && UNREADY_ENDS.has(ended.state)) {
      const after = await readTarget(context.client, ref, planned.observed);
      if (isAsBefore(planned, after)) return { state: 'rolled-back', unready: ended.message };
    }
    // What the API server does not show is not asked for again.
    const seen = ended === undefined || ended.state === 'unseen' ? written : await readAgain(planned, written, context);
    const missing =
      ended?.state === 'unseen'
        ? `nobody saw its pods become ready, because the API server did not show it any more (${ended.trouble})`
        : `its pods do not become ready (${ended?.message || 'its state could not be followed'})`;
    const { remedy = ended?.resume } = ended ?? {};
    return stuck.length === 0
      ? { state: 'failed', why: missing, template: 'before', seen, ...defined({ remedy }) }
      : { state: 'failed', why: `${missing}: ${stuckPodsWords(ref, stuck)}`, template: 'before', seen, pods: stuck };
  });
}

/** Does one step; an error ends the rollback while the template is what it is. */
async function orFailed<T>(
  { ref }: PlannedWorkload,
  template: RollbackFailure['template'],
  step: () => Promise<T | RollbackEnd>,
): Promise<T | RollbackEnd> {
  try {
    return await step();
  } catch (error) {
    if (isGone(error, ref)) return withdrawn(deletedProblem(ref, 'before this run rolled it back'), undefined);
    const call = callProblem(error, `rolling ${describeWorkload(ref)} back`);
    // A cancelled run knows what the template is all the same, and that nothing has failed.
    if (call.kind === 'cancelled' && template !== 'unknown') {
      return { state: template === 'before' ? 'unconfirmed' : 'skipped' };
    }
    return { state: 'failed', why: failedCallWords(call), template, call };
  }
}

/** Returns, for the log, why a workload goes back: nothing may be wrong with it but that others failed. */
export function whyRolledBack(rollout: WorkloadRollout, all: readonly WorkloadRollout[]): string {
  const name = describeWorkload(rollout.planned.ref);
  if (failureOf(rollout).problem !== undefined) return `${name} failed; rolling back.`;
  const failed = all.find((one) => failureOf(one).problem !== undefined);
  // It may be in another cluster.
  const other = failed === undefined ? 'another workload' : describeWorkload(failed.planned.ref);
  return `${name}: rolling back, because ${other} failed.`;
}

/** Returns the condition that a workload was changed in although it was not ready. */
function conditionBefore(rollout: WorkloadRollout): UnreadyState | undefined {
  const reached = reachedBy(rollout);
  return reached.state === 'pending' ? undefined : reached.before;
}

/** Whether a workload is back at what the run found, with no fewer ready pods. */
function isAsBefore(planned: PlannedWorkload, after: Workload): boolean {
  const { readyPods } = targetKind(planned.ref);
  return returnsToObserved(planned) && readyPods(after) >= readyPods(planned.observed);
}

/** Whether a workload has come to what was planned for it. */
function hasChange({ observed, revisions, removals }: PlannedWorkload, current: Workload): boolean {
  const filters = [...revisions.map(({ podRevision }) => podRevision.filter), ...removals];
  return filters.some((filter) => revisionOn(current, filter) !== revisionOn(observed, filter));
}

/**
 * Why proxies that take a change as they run do not run what it was rolled back to; `undefined` if they do, or nobody is to look.
 */
async function verifyRollback(
  planned: PlannedWorkload,
  observed: Workload,
  context: RollbackContext,
): Promise<string | undefined> {
  const { verify } = context.policy;
  const revisions = rollbackGoal(planned).podRevisions.flatMap((podRevision) =>
    podRevision.plugin === undefined
      ? []
      : [{ podRevision, revision: { settings: pluginSettings(podRevision.plugin) } }],
  );
  const verifier = new Verifier(context, { verify });
  const { ref } = planned;
  const { problem } = await verifier.verify({ ref, observed, revisions }, 0);
  const gone = await verifier.verifyRemoved({ ref, observed }, rollbackGoal(planned).removals);
  return (problem ?? gone.problem)?.message;
}

/** Reads a workload once more; as its template was written, where that fails. */
async function readAgain(
  { ref, observed }: PlannedWorkload,
  written: Workload,
  { client, log }: DeployContext,
): Promise<Workload> {
  try {
    return await readTarget(client, ref, observed);
  } catch (error) {
    if (isGone(error, ref)) throw error;
    log.debug(`${describeWorkload(ref)} after its rollback: ${String(error)}`);
    return written;
  }
}

/**
 * What of another run is on a workload by now: what fails while another run replaces it fails because of that. Never throws.
 */
export async function readOther(
  planned: PlannedWorkload,
  { client, log, signal }: DeployContext,
): Promise<Met | undefined> {
  if (signal.aborted) return undefined;
  try {
    return otherRunOn(rolloutGoalOf(planned), await readTarget(client, planned.ref, planned.observed));
  } catch (error) {
    log.debug(`${describeWorkload(planned.ref)} before its verdict: ${String(error)}`);
    return undefined;
  }
}
