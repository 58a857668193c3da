import type { Problem } from '../../base/problem.ts';
import { formatDuration, sentence } from '../../base/text.ts';
import { describeWorkload } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import { readinessOf, targetKind } from '../kinds/kinds.ts';
import { readTarget } from '../kinds/target-access.ts';
import type { RolloutPolicy } from '../policy.ts';
import { remedyOf } from '../wait/rollout-result.ts';
import type { RolloutWatch } from '../wait/rollout-watch.ts';
import {
  type EndedRollout,
  endedRollout,
  latestWorkload,
  rolloutGoalOf,
  type WaitingRollout,
} from './workload-rollout.ts';

interface PromotionContext extends DeployContext {
  readonly policy: RolloutPolicy;
}

/** Holds up what waits for somebody to promote it, where the run is to wait for that. */
export class PromotionGate {
  readonly #watch: RolloutWatch;
  readonly #context: PromotionContext;
  readonly #problems: Problem[] = [];

  constructor(watch: RolloutWatch, context: PromotionContext) {
    this.#watch = watch;
    this.#context = context;
  }

  /** What was to be waited for and was not promoted in its time. It is no fault of the filter, so nothing is rolled back for it. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /**
   * Returns how a rollout that waited has ended meanwhile: whoever aborts it takes its pods away from under their verification.
   * `undefined` if it waits still, or that cannot be seen. Never throws.
   */
  async lost(waiting: EndedRollout): Promise<EndedRollout | undefined> {
    if (waiting.end.state !== 'waiting') return undefined;
    const { client, log } = this.#context;
    const { ref, observed } = waiting.planned;
    try {
      const readiness = readinessOf(ref, await readTarget(client, ref, observed));
      const { state, message, ready, wanted } = readiness;
      if (state !== 'failed') return undefined;
      return endedRollout(waiting, { ...waiting.end, state, message, ready, wanted, ...remedyOf(readiness) });
    } catch (error) {
      log.debug(`${describeWorkload(ref)} after its verification: ${String(error)}`);
      return undefined;
    }
  }

  /** Returns how a rollout ended after somebody has promoted it, or the rollout as it is: still waiting. */
  async pass(waiting: WaitingRollout): Promise<WaitingRollout | EndedRollout> {
    const { log, policy, signal } = this.#context;
    const { planned, end } = waiting;
    log.info(sentence(`${describeWorkload(planned.ref)} waits for promotion: ${end.message}`));
    if (policy.promote === 'report' || signal.aborted) return waiting;
    const goal = { ...rolloutGoalOf(planned), throughPromotion: true } as const;
    const left = Math.max(0, policy.timeoutMs - end.durationMs);
    const result = await this.#watch.follow(goal, latestWorkload(waiting), left);
    if (result === undefined) return waiting;
    const seen = { ...result, durationMs: end.durationMs + result.durationMs };
    if (seen.state !== 'waiting') return endedRollout(waiting, seen);
    this.#problems.push(unpromotedProblem(waiting, policy.timeoutMs));
    return { ...waiting, end: seen };
  }
}

function unpromotedProblem({ planned: { ref }, end }: WaitingRollout, timeoutMs: number): Problem {
  const command = targetKind(ref).promotion?.(ref).promote;
  return {
    kind: 'promotion',
    subject: describeWorkload(ref),
    message: sentence(`was not promoted within ${formatDuration(timeoutMs)}: ${end.message}`),
    remedy: `Nothing was rolled back. Promote it${command === undefined ? '' : ` (${command})`} and re-run the job, or set a longer "timeout". With "promote: report", a run does not wait for the promotion.`,
  };
}
