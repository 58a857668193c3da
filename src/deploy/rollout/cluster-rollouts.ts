import { makeLimiter, mapLimited } from '../../base/concurrency.ts';
import { internalProblem, type Problem } from '../../base/problem.ts';
import type { Workload } from '../../cluster/objects.ts';
import { describeWorkload } from '../../targets/target.ts';
import { PARALLEL_WRITES, writeWorkload } from '../apply/workload.ts';
import { during } from '../context.ts';
import type { Met } from '../observe/superseded.ts';
import { type PlannedWorkload, restarts } from '../plan/plan.ts';
import type { ClusterWave } from '../plan/waves.ts';
import { diagnoseInTime } from '../wait/diagnose.ts';
import { Heartbeat } from '../wait/heartbeat.ts';
import type { RolloutWatch } from '../wait/rollout-watch.ts';
import { Contest, type Lost, removalFrom } from './contest.ts';
import { diagnosedRollout, judgedRollout } from './judged-rollout.ts';
import { isMoving, isOurs, resultAsObserved, runsNoPods } from './moving.ts';
import { inWindow, parallelRollouts } from './parallel.ts';
import { watchWithProgress } from './progress.ts';
import { PromotionGate } from './promotion-gate.ts';
import type { UnreadyState } from './ready-before.ts';
import { ReadyGate } from './ready-gate.ts';
import { canRollBack, type RollbackContext, readOther, rollBack } from './rollback.ts';
import { RolloutStates } from './rollout-states.ts';
import type { RolloutsContext } from './rollouts-context.ts';
import { RolloutSoak } from './soak.ts';
import { RolloutVerification } from './verification.ts';
import {
  type EndedRollout,
  endedRollout,
  failedRollout,
  failureOf,
  isRollingOut,
  latestWorkload,
  notReadyBefore,
  pendingRollout,
  resultOf,
  rolledBack,
  rolloutGoalOf,
  supersededRollout,
  type WorkloadRollout,
  type WrittenRollout,
  writtenRollout,
} from './workload-rollout.ts';

/** Brings workloads of one cluster to what is planned: patch, wait, verify, and roll back what fails. When, the run says. */
export class ClusterRollouts {
  readonly soak: RolloutSoak;
  readonly #context: RolloutsContext;
  readonly #watch: RolloutWatch;
  readonly #gate: ReadyGate;
  readonly #verification: RolloutVerification;
  readonly #promotion: PromotionGate;
  readonly #contest: Contest;
  readonly #rollback: RollbackContext;
  readonly #limit = makeLimiter(PARALLEL_WRITES);
  readonly #states: RolloutStates;
  /** How many workloads may be rolling at once. */
  readonly #parallel: number;
  /** What of the wave that is under way is changed or waited for. */
  #moving: readonly PlannedWorkload[] = [];

  /** `waves`: those of the run, with the workloads of this cluster. */
  constructor(waves: readonly ClusterWave[], context: RolloutsContext) {
    this.#context = context;
    this.#states = new RolloutStates(waves, context.now);
    const moving = waves.flatMap(({ workloads }) => workloads.filter(isMoving));
    const { maxParallel } = context.policy;
    this.#parallel = parallelRollouts(maxParallel, inWindow(maxParallel, moving, runsNoPods).windowed.length);
    const rollback = during(context, 'rolling back');
    this.#rollback = { ...rollback, heartbeat: new Heartbeat(rollback) };
    this.#verification = new RolloutVerification(context, this.#limit);
    this.#watch = watchWithProgress(context, () => this.#states.ofEach(this.#moving));
    this.#gate = new ReadyGate(this.#watch, context);
    this.#promotion = new PromotionGate(this.#watch, context);
    this.#contest = new Contest(context);
    const judge = (planned: PlannedWorkload): Promise<void> => this.#guard(planned, () => this.#judge(planned));
    this.soak = new RolloutSoak(context, this.#states, this.#verification, this.#parallel, judge);
    context.stop.onAbandon(() => this.#watch.abandonPending());
  }

  /**
   * Returns whether a workload may be changed; false where each was not ready before the run and did not become so. Waits only where
   * all have to be waited for, and for the first alone.
   */
  async anyReady(): Promise<boolean> {
    const all = this.#states.all().map(({ planned }) => planned);
    return this.#gate.anyPasses(all, (planned) => this.#pass(planned));
  }

  /** The current states of the workloads' rollouts. */
  get states(): Pick<RolloutStates, 'of' | 'ofEach' | 'all'> {
    return this.#states;
  }

  /** What older runs have put on workloads meanwhile, and this one has removed. */
  get removedOfOthers(): Contest['removed'] {
    return this.#contest.removed;
  }

  /** What is wrong apart from single workloads. */
  get problems(): readonly Problem[] {
    return [...this.#watch.problems, ...this.#promotion.problems];
  }

  /** Rolls the workloads of a wave, as many at once as may. */
  async roll(workloads: readonly PlannedWorkload[]): Promise<void> {
    this.#moving = workloads.filter(isMoving);
    const still = workloads.filter((planned) => !isMoving(planned));
    const runOne = (planned: PlannedWorkload): Promise<void> => this.#guard(planned, () => this.#runOne(planned));
    const { free, windowed } = inWindow(this.#context.policy.maxParallel, this.#moving, runsNoPods);
    // What stays as it is is only looked at, which the number of connections limits, as it does the writes of the others.
    await Promise.all([
      mapLimited(still, still.length, runOne),
      mapLimited(free, free.length, runOne),
      mapLimited(windowed, this.#parallel, runOne),
    ]);
    if (!this.#context.stop.isMet) await this.settle();
  }

  /**
   * Returns the workloads that `rollBack` is for: those that this run, or a killed one before it, has changed. None where the API server
   * has stopped to show them and nothing is known to be wrong with one.
   */
  rollBackCandidates(): readonly WorkloadRollout[] {
    const all = this.#states.all();
    if (this.#isLost && all.every((one) => failureOf(one).problem === undefined)) return [];
    return all.filter((one) => isOurs(one) && this.#canRollBack(one));
  }

  /** Rolls workloads back that are not yet. */
  async rollBack(rollouts: readonly WorkloadRollout[]): Promise<void> {
    await mapLimited(rollouts, PARALLEL_WRITES, ({ planned }) => this.#rollBackOne(planned));
  }

  /** Takes a new wave's time for the API server's answers. */
  renewPatience(): void {
    this.#context.client.patience.renew();
  }

  /** Takes back what older runs have changed since, and leaves to newer ones what they have: also of what this run did not come to. */
  async settle(): Promise<void> {
    if (this.#context.signal.aborted) return;
    const lost = this.#contest.overwritten(this.#states.all(), this.#watch);
    const meet = ({ planned, met }: Lost): Promise<void> => this.#guard(planned, () => this.#meet(planned, met));
    await mapLimited(lost, this.#parallel, meet);
    const ceded = await this.#contest.ceded(this.#states.all(), this.#watch);
    await mapLimited(ceded, PARALLEL_WRITES, ({ planned, met }) =>
      this.#guard(planned, () => this.#supersede(planned, met)),
    );
  }

  /** Ends the watching. */
  close(): Promise<void> {
    return this.#watch.close();
  }

  /** Whether workloads cannot be followed any more. */
  get #isLost(): boolean {
    return this.#watch.problems.length > 0;
  }

  /** Returns whether a workload may be changed, once it is ready. */
  async #pass(planned: PlannedWorkload): Promise<boolean> {
    const passed = await this.#gate.pass(planned);
    if (passed.state === 'not-ready') {
      this.#states.set(notReadyBefore(this.#states.of(planned), passed.problem, passed.diagnosis));
    }
    return passed.state === 'ready';
  }

  async #runOne(planned: PlannedWorkload): Promise<void> {
    const { stop } = this.#context;
    if (stop.isMet) return;
    // What cannot be followed cannot be verified, and nothing may go on before it is.
    if (this.#isLost) return stop.countFailures();
    // A workload that was not ready before says nothing against the filter, so it stops nobody else.
    if (!(await this.#pass(planned)) || stop.isMet) return;
    if (this.#states.of(planned).state !== 'pending') return;
    const before = await this.#gate.note(planned);
    await this.#change(planned, before);
  }

  /** Writes what is planned of a workload, which is like `current`, follows it and judges how it ends. */
  async #change(planned: PlannedWorkload, before?: UnreadyState, current = planned.observed): Promise<void> {
    const { policy, planning, stop, write: writing } = this.#context;
    const { wave, state } = this.#states.of(planned);
    const write = await this.#limit(async () => {
      // It may have waited for its turn while others failed.
      const isCalledOff = state === 'pending' && stop.isMet;
      return isCalledOff ? undefined : writeWorkload({ ...planned, observed: current }, planning, writing);
    });
    if (write === undefined) return;
    const written = this.#states.set(writtenRollout(pendingRollout(planned, wave), write, before));
    if (write.result.state === 'failed') {
      const { met } = write.result;
      if (met !== undefined) return this.#meet(planned, met);
      stop.countFailures();
      const back = policy.wait && policy.onFailure !== 'keep' && !this.#context.signal.aborted;
      return back ? this.#rollBackOne(planned) : undefined;
    }
    if (written.state !== 'written') return;
    if (write.result.state === 'done') await this.#context.onPatched(planned);
    if (!policy.wait) return;
    const ended = await this.#follow(written);
    if (ended === undefined) return this.#isLost ? stop.countFailures() : undefined;
    await this.#conclude(ended);
  }

  /** Verifies what a rollout has come to and judges it; one that waits for promotion is first waited for where the run is to do so. */
  async #conclude(ended: EndedRollout): Promise<void> {
    const { planned } = ended;
    const met = ended.end.byRun === true ? (ended.end.other ?? removalFrom(planned)) : undefined;
    if (met !== undefined) return this.#meet(planned, met);
    const compared = this.#states.set(await this.#gate.compare(ended));
    if (compared.state === 'ended' && ['ready', 'waiting'].includes(compared.end.state)) {
      const verified = await this.#verification.verify(compared);
      this.#states.set(verified.state === 'failed' ? ((await this.#promotion.lost(compared)) ?? verified) : verified);
    }
    const seen = this.#states.of(planned);
    if (seen.state !== 'waiting') return this.#judge(planned);
    const promoted = this.#states.set(await this.#promotion.pass(seen));
    if (promoted.state === 'ended') await this.#conclude(promoted);
  }

  /** Returns how the rollout of a workload ended, `undefined` where it could not be followed. */
  async #follow(written: WrittenRollout): Promise<EndedRollout | undefined> {
    const { planned, write } = written;
    if (isRollingOut(planned) || (write.result.state === 'done' && restarts(planned))) {
      const goal = rolloutGoalOf(planned);
      const onPodsReady = (shown: Workload): void => this.#verification.lookAhead(planned, shown);
      const { timeoutMs } = this.#context.policy;
      const result = await this.#watch.follow(goal, latestWorkload(written), timeoutMs, { onPodsReady });
      return result && this.#states.set(endedRollout(written, result));
    }
    return this.#states.set(endedRollout(written, resultAsObserved(planned)));
  }

  /** Counts a failure, collects its evidence, and only then rolls the workload back. */
  async #judge(planned: PlannedWorkload): Promise<void> {
    const { policy, signal, stop } = this.#context;
    const judged = this.#states.set(judgedRollout(this.#states.of(planned), policy.timeoutMs));
    if (judged.state !== 'failed') return;
    const diagnosing = during(this.#context, 'collecting evidence');
    const other = await readOther(planned, diagnosing);
    if (other !== undefined) return this.#meet(planned, other);
    stop.countFailures();
    const state = resultOf(judged)?.state;
    if (state === 'superseded' || state === 'deleted' || state === 'cancelled' || signal.aborted) return;
    if (policy.onFailure === 'rollback-all' && stop.hasFailed) stop.abandon();
    const diagnosis = await diagnoseInTime(rolloutGoalOf(planned), diagnosing);
    const goesBack = policy.onFailure !== 'keep' && this.#canRollBack(judged);
    this.#states.set(diagnosedRollout(judged, diagnosis, policy.timeoutMs, goesBack));
    if (goesBack) await this.#rollBackOne(planned);
  }

  /** An error that nobody expected is a failure of the workload that it came with, which goes back as others do. */
  async #guard(planned: PlannedWorkload, work: () => Promise<void>): Promise<void> {
    const { policy, signal, log, stop } = this.#context;
    try {
      await work();
    } catch (error) {
      log.debug(`${describeWorkload(planned.ref)}: ${String(error)}`);
      stop.countFailures();
      const rollout = this.#states.of(planned);
      if (rollout.state === 'superseded') return;
      const failed = failedRollout(rollout, internalProblem(error));
      if (rollout.state === 'rolled-back') this.#states.set(rolledBack(failed, rollout.rollback));
      else this.#states.set(failed);
      if (policy.onFailure !== 'keep' && !signal.aborted) await this.#rollBackOne(planned);
    }
  }

  async #rollBackOne(planned: PlannedWorkload): Promise<void> {
    const rollout = this.#states.of(planned);
    if (rollout.state === 'rolled-back' || !this.#canRollBack(rollout)) return;
    const back = await rollBack(rollout, this.#watch, this.#rollback, this.#states.all());
    if (back === undefined) return;
    if ('met' in back) await this.#supersede(planned, back.met);
    else this.#states.set(rolledBack(rollout, back));
  }

  /** Another run has changed a workload: the older of the two leaves it to the newer one. */
  async #meet(planned: PlannedWorkload, met: Met): Promise<void> {
    const loses =
      !this.#contest.wins(planned, met) ||
      ('removed' in met && (await this.#contest.isRemovalNewer(this.#states.all())));
    if (loses) return this.#supersede(planned, met);
    const taken = await this.#contest.takeOver(planned, met);
    await this.#change(taken.planned, undefined, taken.current);
  }

  async #supersede(planned: PlannedWorkload, found: Met): Promise<void> {
    this.#states.set(supersededRollout(this.#states.of(planned), await this.#contest.yieldTo(planned, found)));
  }

  #canRollBack(rollout: WorkloadRollout): boolean {
    return canRollBack(rollout, this.#context.verifiedBefore(rollout.planned) !== undefined);
  }
}
