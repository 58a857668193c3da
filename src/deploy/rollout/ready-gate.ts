import { messageOf, type Problem } from '../../base/problem.ts';
import type { Workload } from '../../cluster/objects.ts';
import { describeWorkload, workloadKey } from '../../targets/target.ts';
import { type DeployContext, during } from '../context.ts';
import { readinessOf } from '../kinds/kinds.ts';
import { readTarget } from '../kinds/target-access.ts';
import { evidenceSource } from '../observe/evidence-source.ts';
import type { PlannedWorkload } from '../plan/plan.ts';
import type { RolloutPolicy } from '../policy.ts';
import { type Diagnosis, diagnoseInTime } from '../wait/diagnose.ts';
import { goalOfCurrentPods } from '../wait/rollout-goal.ts';
import type { RolloutWatch } from '../wait/rollout-watch.ts';
import {
  compareUnreadyStates,
  listUnreadyPods,
  mustBeReadyBefore,
  readUnreadyState,
  settlesInMs,
  UNREADY_ENDS,
  type UnreadyState,
  unreadyProblem,
  wasUnready,
} from './ready-before.ts';
import {
  type EndedRollout,
  endedRollout,
  type NotReadyAsBefore,
  notReadyAsBefore,
  rolloutGoalOf,
} from './workload-rollout.ts';

interface GateContext extends DeployContext {
  readonly policy: RolloutPolicy;
  /** Whether a revision was ever verified on a workload. */
  readonly isVerified: (planned: PlannedWorkload, filter: string, id: string) => boolean;
}

/**
 * Whether a workload may be changed: `ready`, or need not be; `not-ready` before the run, and why; `unknown` where its rollout cannot be
 * followed or the run was cancelled, which say so for themselves.
 */
export type GateResult =
  | { readonly state: 'ready' | 'unknown' }
  | { readonly state: 'not-ready'; readonly problem: Problem; readonly diagnosis: Diagnosis };

/**
 * Lets workloads pass to their change once they are ready. One that is in the middle of a rollout of somebody else's is waited
 * for; one that does not become ready is not to be touched.
 */
export class ReadyGate {
  readonly #watch: RolloutWatch;
  readonly #context: GateContext;
  /** By `workloadKey`. */
  readonly #verdicts = new Map<string, Promise<GateResult>>();

  constructor(watch: RolloutWatch, context: GateContext) {
    this.#watch = watch;
    this.#context = context;
  }

  /** Returns whether a workload may be changed. Waits for each once, however often it is asked. */
  pass(planned: PlannedWorkload): Promise<GateResult> {
    const key = workloadKey(planned.ref);
    const known = this.#verdicts.get(key) ?? this.#wait(planned);
    this.#verdicts.set(key, known);
    return known;
  }

  /**
   * Returns whether any of the workloads that are to be changed may be, as `pass` tells of each. Waits only where all have to be waited
   * for, and for the first alone.
   */
  async anyPasses(
    workloads: readonly PlannedWorkload[],
    pass: (planned: PlannedWorkload) => Promise<boolean>,
  ): Promise<boolean> {
    const changing = workloads.filter(({ patch }) => patch !== undefined);
    if (changing.length === 0 || changing.some((planned) => !this.holds(planned))) return true;
    const passed = changing.map(async (planned) => {
      if (!(await pass(planned))) throw new Error('not ready');
    });
    return Promise.any(passed).then(
      () => true,
      () => false,
    );
  }

  /** Returns whether a workload has to be waited for before it may be changed. */
  holds(planned: PlannedWorkload): boolean {
    return mustBeReadyBefore(planned, this.#context.policy, this.#isVerified(planned));
  }

  /**
   * Returns in what condition a workload is that is changed although it is not ready; `undefined` for every other, and where what is
   * deployed may be what mends it and nobody asked to deploy all the same.
   */
  async note(planned: PlannedWorkload): Promise<UnreadyState | undefined> {
    const { policy } = this.#context;
    if (!policy.wait || !wasUnready(planned)) return undefined;
    const deploys = planned.revisions.length > 0;
    if (deploys && policy.unready !== 'deploy') return undefined;
    const found = deploys ? await this.#settled(planned) : planned.observed;
    return found === undefined ? undefined : readUnreadyState(planned.ref, found, evidenceSource(this.#context));
  }

  /** A workload that is not ready, once its pods have had the time to show why; `undefined` if it becomes ready. */
  async #settled(planned: PlannedWorkload): Promise<Workload | undefined> {
    const { ref, observed } = planned;
    const { client, policy, date } = this.#context;
    const pods = await listUnreadyPods(ref, observed, evidenceSource(this.#context));
    const settlesMs = Math.min(policy.timeoutMs, settlesInMs(planned, pods, date().getTime()));
    if (settlesMs > 0) {
      const rollout = await this.#watch.follow(goalOfCurrentPods(planned), observed, settlesMs);
      if (rollout?.state === 'ready') return undefined;
    }
    const now = await readTarget(client, ref, observed).catch(() => observed);
    return readinessOf(ref, now).state === 'ready' ? undefined : now;
  }

  /** Returns the rollout of a workload that was not ready before as what it is: as it was, which is no failure, or with what is worse. */
  async compare(ended: EndedRollout): Promise<EndedRollout | NotReadyAsBefore> {
    const { planned, before, end } = ended;
    if (before === undefined || !UNREADY_ENDS.has(end.state)) return ended;
    const { ref, observed, revisions } = planned;
    const diagnosing = during(this.#context, 'collecting evidence');
    const { client, log } = diagnosing;
    const { envoy } = await diagnoseInTime(rolloutGoalOf(planned), diagnosing);
    const now = await readTarget(client, ref, observed).catch((error: unknown) => {
      log.debug(`${describeWorkload(ref)} after its rollout: ${messageOf(error)}`);
    });
    if (now === undefined) return ended;
    const after = await readUnreadyState(ref, now, evidenceSource(diagnosing));
    const seen = { removal: revisions.length === 0, envoy: envoy !== undefined && envoy.foreign === undefined };
    const result = compareUnreadyStates(before, after, seen);
    return 'same' in result
      ? notReadyAsBefore(ended, result.same)
      : endedRollout(ended, { ...end, worse: result.worse });
  }

  #isVerified(planned: PlannedWorkload): (filter: string, id: string) => boolean {
    return (filter, id) => this.#context.isVerified(planned, filter, id);
  }

  async #wait(planned: PlannedWorkload): Promise<GateResult> {
    if (!this.holds(planned)) return { state: 'ready' };
    const through = this.#context.policy.promote === 'wait' ? ({ throughPromotion: true } as const) : {};
    const goal = { ...goalOfCurrentPods(planned), ...through };
    const rollout = await this.#watch.follow(goal, planned.observed, this.#context.policy.timeoutMs);
    if (rollout?.state === 'ready') return { state: 'ready' };
    if (rollout === undefined || rollout.state === 'cancelled') return { state: 'unknown' };
    const diagnosis = await diagnoseInTime(goal, during(this.#context, 'collecting evidence'));
    return { state: 'not-ready', problem: unreadyProblem(planned, rollout, diagnosis), diagnosis };
  }
}
