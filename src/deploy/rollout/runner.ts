import { makeLimiter, mapLimited, pause } from '../../base/concurrency.ts';
import { internalProblem } from '../../base/problem.ts';
import { shareOf } from '../../base/share.ts';
import { count, formatDuration } from '../../base/text.ts';
import { describeWorkload } from '../../targets/target.ts';
import { PARALLEL_WRITES, writeWorkload } from '../apply/workload.ts';
import { during } from '../context.ts';
import { readinessOf } from '../kinds/kinds.ts';
import { describeRun, type Newer, nameNewer } from '../observe/superseded.ts';
import { type PlannedWorkload, restarts } from '../plan/plan.ts';
import { planWaves } from '../plan/waves.ts';
import { cancelledVerification } from '../verify/verifier.ts';
import { diagnoseInTime } from '../wait/diagnose.ts';
import { Heartbeat } from '../wait/heartbeat.ts';
import type { RolloutWatch } from '../wait/rollout-watch.ts';
import { watchWithProgress, waveLine } from './progress.ts';
import { ReadyGate } from './ready-gate.ts';
import { canRollBack, type RollbackContext, readNewer, rollBack } from './rollback.ts';
import { RolloutStates } from './rollout-states.ts';
import { RolloutVerification, type VerificationContext } from './verification.ts';
import {
  diagnosedRollout,
  type EndedRollout,
  endedRollout,
  failedRollout,
  isReady,
  isRollingOut,
  isSettled,
  judgedRollout,
  latestWorkload,
  notReadyBefore,
  resultOf,
  rolledBack,
  rolloutGoalOf,
  supersededRollout,
  type VerifiedRollout,
  type WorkloadRollout,
  type WrittenRollout,
  writeOf,
  writtenRollout,
} from './workload-rollout.ts';

export interface RunnerContext extends VerificationContext {
  /** Whether a revision was ever verified on a workload. */
  readonly isVerified: (planned: PlannedWorkload, filter: string, id: string) => boolean;
  /** Called after a workload was patched, once its template is there for all to see. */
  readonly onPatched: (planned: PlannedWorkload) => Promise<void>;
}

/**
 * Brings workloads to what is planned, wave by wave: patch, wait, verify, and roll back what fails. A wave starts only when the
 * one before is verified; once more workloads have failed than may, no further one is touched.
 */
export class RolloutRunner {
  readonly #context: RunnerContext;
  readonly #watch: RolloutWatch;
  readonly #gate: ReadyGate;
  readonly #verification: RolloutVerification;
  readonly #rollback: RollbackContext;
  readonly #limit = makeLimiter(PARALLEL_WRITES);
  readonly #waves: readonly (readonly PlannedWorkload[])[];
  readonly #tolerated: number;
  readonly #states: RolloutStates;
  /** What of the wave that is under way is changed or waited for. */
  #moving: readonly PlannedWorkload[] = [];
  #failures = 0;
  #superseded = false;

  constructor(workloads: readonly PlannedWorkload[], context: RunnerContext) {
    this.#context = context;
    const { policy } = context;
    this.#waves = planWaves(workloads, policy.wait ? policy.canary : undefined);
    this.#states = new RolloutStates(this.#waves);
    this.#tolerated = shareOf(policy.maxFailures, workloads.length);
    const rollback = during(context, 'rolling back');
    this.#rollback = { ...rollback, heartbeat: new Heartbeat(rollback) };
    this.#verification = new RolloutVerification(context, this.#limit);
    this.#watch = watchWithProgress(context, () => this.#states.ofEach(this.#moving));
    this.#gate = new ReadyGate(this.#watch, context);
  }

  /**
   * Returns whether a workload may be changed; false where each was not ready before the run and did not become so. Waits only where
   * all have to be waited for, and for the first alone.
   */
  async anyReady(): Promise<boolean> {
    const changing = this.#waves.flat().filter(({ patch }) => patch !== undefined);
    if (changing.length === 0 || changing.some((planned) => !this.#gate.holds(planned))) return true;
    const passed = changing.map(async (planned) => {
      if (!(await this.#pass(planned))) throw new Error('not ready');
    });
    return Promise.any(passed).then(
      () => true,
      () => false,
    );
  }

  /** The current states of the workloads' rollouts. */
  get states(): Pick<RolloutStates, 'of' | 'all'> {
    return this.#states;
  }

  /** What is wrong apart from single workloads. */
  get problems(): RolloutWatch['problems'] {
    return this.#watch.problems;
  }

  async run(): Promise<void> {
    const { log, policy } = this.#context;
    try {
      for (const [index, wave] of this.#waves.entries()) {
        if (this.#stopped || this.problems.length > 0) break;
        if (index > 0) this.#context.client.patience.renew();
        const several = this.#waves.length > 1 ? `Wave ${index + 1} of ${this.#waves.length}: ` : '';
        this.#moving = wave.filter((planned) => planned.patch !== undefined || !isSettled(planned));
        const moving = this.#moving.length;
        const work = (): Promise<void> => this.#runWave(wave);
        await (moving === 0 ? work() : log.group(`${several}${count(moving, 'workload')}`, work));
        // A wave of which no workload could be changed has shown nothing for the next one.
        if (wave.every((planned) => this.#states.of(planned).state === 'not-ready-before')) break;
      }
      if (policy.onFailure === 'rollback-all' && this.#hasFailed && !this.#context.signal.aborted)
        await this.#rollBackAll();
    } finally {
      await this.close();
    }
  }

  /** Ends the watching; `run` does so by itself. */
  close(): Promise<void> {
    return this.#watch.close();
  }

  get #stopped(): boolean {
    return this.#context.signal.aborted || this.#superseded || this.#hasFailed;
  }

  /** Whether more workloads have failed than may. */
  get #hasFailed(): boolean {
    return this.#failures > this.#tolerated;
  }

  async #runWave(wave: readonly PlannedWorkload[]): Promise<void> {
    const { log, policy } = this.#context;
    await mapLimited(wave, policy.maxParallel ?? wave.length, (planned) =>
      this.#guard(planned, () => this.#runOne(planned)),
    );
    const rollouts = this.#states.ofEach(wave);
    const rolled = rollouts.filter(
      (one) => one.state !== 'superseded' && resultOf(one) !== undefined && writeOf(one).result.state === 'done',
    );
    if (rolled.length === 0) return;
    log.info(waveLine(this.#states.ofEach(this.#moving), policy));
    const ready = rolled.filter((one) => one.state === 'ended' || one.state === 'verified').filter(isReady);
    if (policy.soakMs > 0 && !this.#stopped) await this.#soak(ready);
  }

  /** Returns whether a workload may be changed, once it is ready. */
  async #pass(planned: PlannedWorkload): Promise<boolean> {
    const verdict = await this.#gate.pass(planned);
    if (verdict.state === 'not-ready') {
      this.#states.set(notReadyBefore(this.#states.of(planned), verdict.problem, verdict.diagnosis));
    }
    return verdict.state === 'ready';
  }

  async #runOne(planned: PlannedWorkload): Promise<void> {
    const { policy, planning, write: writing } = this.#context;
    // What cannot be followed cannot be verified, and nothing may go on before it is.
    if (this.#stopped || this.problems.length > 0) return;
    // A workload that was not ready before says nothing against the filter, so it stops nobody else.
    if (!(await this.#pass(planned)) || this.#stopped) return;
    const pending = this.#states.of(planned);
    if (pending.state !== 'pending') return;
    const before = await this.#gate.note(planned);
    const write = await this.#limit(() => writeWorkload(planned, planning, writing));
    const written = this.#states.set(writtenRollout(pending, write, before));
    if (write.result.state === 'failed') {
      const { newer } = write.result;
      if (newer !== undefined) return this.#supersede(planned, newer);
      this.#failures++;
      const back = policy.wait && policy.onFailure !== 'keep' && !this.#context.signal.aborted;
      return back ? this.#rollBackOne(planned) : undefined;
    }
    if (written.state !== 'written') return;
    if (write.result.state === 'done') await this.#context.onPatched(planned);
    if (!policy.wait) return;
    const ended = await this.#follow(written);
    if (ended === undefined) return;
    if (ended.rollout.newer !== undefined) return this.#supersede(planned, ended.rollout.newer);
    const compared = this.#states.set(await this.#gate.compare(ended));
    if (compared.state === 'ended' && compared.rollout.state === 'ready' && this.#verification.isNeeded(planned)) {
      this.#states.set(await this.#verification.verify(compared));
    }
    await this.#judge(planned);
  }

  /** Returns how the rollout of a workload ended, `undefined` where it could not be followed. */
  async #follow(written: WrittenRollout): Promise<EndedRollout | undefined> {
    const { planned, write } = written;
    if (isRollingOut(planned) || (write.result.state === 'done' && restarts(planned))) {
      const goal = rolloutGoalOf(planned);
      const result = await this.#watch.follow(goal, latestWorkload(written), this.#context.policy.timeoutMs);
      return result && this.#states.set(endedRollout(written, result));
    }
    const { state, message, ready, wanted } = readinessOf(planned.ref, planned.observed);
    const result = { state: state === 'ready' ? 'ready' : 'failed', message, ready, wanted, durationMs: 0 } as const;
    return this.#states.set(endedRollout(written, result));
  }

  /** Looks again at what has been verified, after it has run for a while. */
  async #soak(rollouts: readonly (EndedRollout | VerifiedRollout)[]): Promise<void> {
    const { log, policy, signal } = this.#context;
    log.info(`Watching for ${formatDuration(policy.soakMs)} before verifying again.`);
    await pause(policy.soakMs, signal);
    if (signal.aborted) {
      for (const one of rollouts) this.#states.set(failedRollout(one, cancelledVerification(one.planned.ref)));
      return;
    }
    await mapLimited(rollouts, policy.maxParallel ?? rollouts.length, async (one) => {
      this.#states.set(await this.#verification.verifyAgain(one));
      await this.#guard(one.planned, () => this.#judge(one.planned));
    });
  }

  /** Counts a failure, collects its evidence, and only then rolls the workload back. */
  async #judge(planned: PlannedWorkload): Promise<void> {
    const { policy, signal } = this.#context;
    const judged = this.#states.set(judgedRollout(this.#states.of(planned), policy.timeoutMs));
    if (judged.state !== 'failed') return;
    const evidence = during(this.#context, 'collecting evidence');
    const newer = await readNewer(planned, evidence);
    if (newer !== undefined) return this.#supersede(planned, newer);
    this.#failures++;
    const state = resultOf(judged)?.state;
    if (state === 'superseded' || state === 'deleted' || state === 'cancelled' || signal.aborted) return;
    if (policy.onFailure === 'rollback-all' && this.#hasFailed) this.#watch.abandonPending();
    this.#states.set(
      diagnosedRollout(judged, await diagnoseInTime(rolloutGoalOf(planned), evidence), policy.timeoutMs),
    );
    if (policy.onFailure !== 'keep') await this.#rollBackOne(planned);
  }

  /** An error that nobody expected is a failure of the workload that it came with, which goes back as others do. */
  async #guard(planned: PlannedWorkload, work: () => Promise<void>): Promise<void> {
    const { policy, signal, log } = this.#context;
    try {
      await work();
    } catch (error) {
      log.debug(`${describeWorkload(planned.ref)}: ${String(error)}`);
      this.#failures++;
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
    const back = await rollBack(rollout, this.#watch, this.#rollback);
    if (back === undefined) return;
    if ('newer' in back) await this.#supersede(planned, back.newer);
    else this.#states.set(rolledBack(rollout, back));
  }

  /** Another run has the workload now, so this one starts nothing more anywhere: it would undo what is newer. */
  async #supersede(planned: PlannedWorkload, found: Newer): Promise<void> {
    this.#superseded = true;
    const newer = await nameNewer(found, planned.ref.namespace, this.#context.client);
    this.#context.log.info(
      `${describeWorkload(planned.ref)}: ${describeRun(newer.run)} has deployed revision ${newer.revision} of ${newer.filter}; it is left alone.`,
    );
    this.#states.set(supersededRollout(this.#states.of(planned), newer));
  }

  #canRollBack(rollout: WorkloadRollout): boolean {
    return canRollBack(rollout, this.#context.verifiedBefore(rollout.planned) !== undefined);
  }

  /** Rolls back every workload that this run, or a killed one before it, has changed. */
  async #rollBackAll(): Promise<void> {
    const changed = this.#states.all().filter((one) => {
      const state = resultOf(one)?.state;
      return one.state !== 'superseded' && state !== 'superseded' && state !== 'deleted' && this.#canRollBack(one);
    });
    if (changed.every(({ state }) => state === 'rolled-back')) return;
    await this.#context.log.group(`Roll back ${count(changed.length, 'workload')}`, async () => {
      await mapLimited(changed, PARALLEL_WRITES, ({ planned }) => this.#rollBackOne(planned));
    });
  }
}
