import type { Limiter } from '../../base/concurrency.ts';
import { defined } from '../../base/defined.ts';
import type { Workload } from '../../cluster/objects.ts';
import { describeWorkload } from '../../targets/target.ts';
import type { WriteContext } from '../apply/workload.ts';
import { type DeployContext, during } from '../context.ts';
import { readinessOf, targetKind } from '../kinds/kinds.ts';
import { readTarget } from '../kinds/target-access.ts';
import { changesPods, type PlannedWorkload, restarts } from '../plan/plan.ts';
import type { PlanningOptions } from '../plan/workload.ts';
import type { RolloutPolicy } from '../policy.ts';
import { bypassWarning } from '../report/bypass-warning.ts';
import { restartWarning } from '../report/restart-warning.ts';
import { type VerificationResult, Verifier } from '../verify/verifier.ts';
import type { RolloutResult } from '../wait/rollout-result.ts';
import { closePlugin } from './close-plugin.ts';
import {
  type EndedRollout,
  endedRollout,
  type FailedRollout,
  latestWorkload,
  unverifiedRollout,
  type VerifiedRollout,
  verifiedRollout,
  type WaitingRollout,
} from './workload-rollout.ts';

export interface VerificationContext extends DeployContext {
  readonly policy: RolloutPolicy;
  readonly planning: PlanningOptions;
  readonly write: WriteContext;
  /** By which evidence an earlier run has verified all that is wanted of a workload; `undefined` if none has. */
  readonly verifiedBefore: (planned: PlannedWorkload) => string | undefined;
}

/** Looks whether the proxies of rolled out workloads run what they should. */
export class RolloutVerification {
  readonly #context: VerificationContext;
  readonly #verifier: Verifier;
  readonly #limit: Limiter;

  /** `limit` holds back writes. */
  constructor(context: VerificationContext, limit: Limiter) {
    this.#context = context;
    this.#verifier = new Verifier(during(context, 'verifying the filter'), context.policy);
    this.#limit = limit;
  }

  /**
   * Returns whether a workload is to be looked at: pods that an earlier run has verified are not again; a probe is asked each
   * time.
   */
  #isNeeded(planned: PlannedWorkload): boolean {
    const { policy, verifiedBefore } = this.#context;
    if (changesPods(planned) || policy.probe !== undefined) return true;
    const level = verifiedBefore(planned);
    return policy.verify === 'required' ? level !== 'listener' : level === undefined;
  }

  /** Begins to look into the proxies of a workload whose new pods are ready, before its rollout is over. */
  lookAhead(planned: PlannedWorkload, observed: Workload): void {
    if (this.#isNeeded(planned)) this.#verifier.lookAhead({ ...planned, observed });
  }

  /** Returns the rollout of a workload after its proxies were looked into, as far as they have to be. */
  async verify(ended: EndedRollout): Promise<EndedRollout | VerifiedRollout | WaitingRollout | FailedRollout> {
    return this.#isNeeded(ended.planned) ? this.#look(ended) : unverifiedRollout(ended);
  }

  /** Of a Gateway, whose pods are changed as they are, the time that counts is that until they are verified. */
  async #look(ended: EndedRollout): Promise<VerifiedRollout | WaitingRollout | FailedRollout> {
    const { now } = this.#context;
    const { planned, end } = ended;
    const started = now();
    const look = (at: EndedRollout): Promise<VerificationResult> =>
      this.#verifier.verify({ ...planned, observed: latestWorkload(at) }, updatedPods(end));
    const open = await look(ended);
    const closed = open.problem === undefined ? await this.#limit(() => closePlugin(ended, this.#context)) : undefined;
    const latest = closed?.ok && closed.value !== undefined ? { ...ended, write: closed.value } : ended;
    const shown = latest === ended ? open : await look(latest);
    const gone = await this.#verifier.verifyRemoved({ ...planned, observed: latestWorkload(latest) }, planned.removals);
    const [notClosed] = closed?.ok === false ? closed.problems : [];
    const result: VerificationResult = { ...gone, ...shown, ...defined({ problem: notClosed }) };
    this.#warn(planned, result);
    const { pods } = result;
    const seen = pods === undefined ? end : { ...end, ...pods, durationMs: now() - started };
    return verifiedRollout({ ...latest, end: seen }, result);
  }

  /** Looks again at a workload that has run for a while. Never throws. */
  async verifyAgain(
    soaked: EndedRollout | VerifiedRollout,
  ): Promise<EndedRollout | VerifiedRollout | WaitingRollout | FailedRollout> {
    const { client, log } = during(this.#context, 'verifying the filter');
    const { planned, end } = soaked;
    const fail = (message: string, ready = 0, wanted = 0): EndedRollout =>
      endedRollout(soaked, { state: 'failed', message, ready, wanted, durationMs: end.durationMs });
    try {
      const observed = await readTarget(client, planned.ref, planned.observed);
      const { state, message, ready, wanted } = readinessOf(planned.ref, observed);
      if (state !== 'ready') return fail(`no longer ready: ${message}`, ready, wanted);
      return verifiedRollout(soaked, await this.#verifier.verify({ ...planned, observed }, wanted));
    } catch (error) {
      log.debug(`${describeWorkload(planned.ref)} after its soak: ${String(error)}`);
      return fail('it could not be inspected again');
    }
  }

  #warn(planned: PlannedWorkload, { problem, bypasses = [], seen = [] }: VerificationResult): void {
    if (problem !== undefined) return;
    const { ref } = planned;
    const { verifiedBefore, write } = this.#context;
    for (const clause of bypasses) write.warnings.add(bypassWarning(ref, clause));
    // What happened to pods in the time before the filter came, or since it was verified, is not the run's to tell.
    if (targetKind(ref).binding.inPlace || !(restarts(planned) || verifiedBefore(planned) === undefined)) return;
    const restarted = restartWarning(ref, seen);
    if (restarted !== undefined) write.warnings.add(restarted);
  }
}

/** How many pods there must be that have the change: of a rollout that waits for promotion, those that are ready with it. */
function updatedPods({ state, ready, wanted }: RolloutResult): number {
  return state === 'waiting' ? ready : wanted;
}
