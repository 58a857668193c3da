import { makeLimiter, mapLimited, pause } from '../../base/concurrency.ts';
import { internalProblem } from '../../base/problem.ts';
import { shareOf } from '../../base/share.ts';
import { count, formatDuration, sentence } from '../../base/text.ts';
import { describeWorkload } from '../../targets/target.ts';
import { PARALLEL_WRITES, type WriteContext, writeWorkload } from '../apply/workload.ts';
import { type DeployContext, during } from '../context.ts';
import { readinessOf } from '../kinds/kinds.ts';
import { readTarget } from '../kinds/target.ts';
import { describeRun, type Newer } from '../observe/superseded.ts';
import { changesPods, type PlannedWorkload, restarts } from '../plan/plan.ts';
import { planWaves } from '../plan/waves.ts';
import type { PlanningOptions } from '../plan/workload.ts';
import type { RolloutPolicy } from '../policy.ts';
import { cancelledProof, type ProofResult, Prover } from '../verify/verifier.ts';
import { diagnoseInTime } from '../wait/diagnose.ts';
import { Heartbeat } from '../wait/heartbeat.ts';
import type { RolloutResult, RolloutWatch } from '../wait/rollout-watch.ts';
import { closePlugin } from './close-plugin.ts';
import { isReady, watchWithProgress, waveLine } from './progress.ts';
import { ReadyGate } from './ready-gate.ts';
import { mayGoBack, type RollbackContext, readNewer, rollBack } from './rollback.ts';
import { type Course, failureOf, followedOf, isSettled, lastSeen, newCourse, rolls } from './workload-rollout.ts';

export interface RollContext extends DeployContext {
  readonly policy: RolloutPolicy;
  readonly planning: PlanningOptions;
  readonly write: WriteContext;
  /** By which evidence an earlier run has proven all that is wanted of a workload; undefined when none has. */
  readonly provenBy: (planned: PlannedWorkload) => string | undefined;
  /** Whether a revision was ever verified on a workload. */
  readonly isVerified: (planned: PlannedWorkload, filter: string, id: string) => boolean;
  /** Called after a workload was patched, once its template is there for all to see. */
  readonly onPatched: (planned: PlannedWorkload) => Promise<void>;
}

/**
 * Brings workloads to what is planned, wave by wave: patch, wait, prove, and take back what fails. A wave starts only when
 * the one before is proven; once more workloads have failed than may, no further one is touched.
 */
export class Roller {
  readonly #context: RollContext;
  readonly #watch: RolloutWatch;
  readonly #gate: ReadyGate;
  readonly #prover: Prover;
  readonly #rollback: RollbackContext;
  readonly #limit = makeLimiter(PARALLEL_WRITES);
  readonly #courses: Course[];
  readonly #waves: readonly (readonly Course[])[];
  readonly #tolerated: number;
  /** What of the wave that is under way is changed or waited for. */
  #moving: readonly Course[] = [];
  #failures = 0;
  #superseded = false;

  constructor(workloads: readonly PlannedWorkload[], context: RollContext) {
    this.#context = context;
    const { policy } = context;
    const waves = planWaves(workloads, policy.wait ? policy.canary : undefined);
    this.#waves = waves.map((wave, index) =>
      wave.map((planned) => newCourse(planned, waves.length > 1 ? index + 1 : undefined)),
    );
    this.#courses = this.#waves.flat();
    this.#tolerated = shareOf(policy.maxFailures, workloads.length);
    const rollback = during(context, 'rolling back');
    this.#rollback = { ...rollback, heartbeat: new Heartbeat(rollback) };
    this.#prover = new Prover(during(context, 'verifying the filter'), policy);
    this.#watch = watchWithProgress(context, () => this.#moving);
    this.#gate = new ReadyGate(this.#watch, context);
  }

  /** Whether a workload may be changed; false where each was not ready before the run and did not become so. */
  anyReady(): Promise<boolean> {
    return this.#gate.anyPasses(this.#courses.filter(({ planned }) => planned.patch !== undefined));
  }

  get courses(): readonly Course[] {
    return this.#courses;
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
        this.#moving = wave.filter(({ planned }) => planned.patch !== undefined || !isSettled(planned));
        const moving = this.#moving.length;
        const work = (): Promise<void> => this.#runWave(wave);
        await (moving === 0 ? work() : log.group(`${several}${count(moving, 'workload')}`, work));
        // A wave of which no workload could be changed has shown nothing for the next one.
        if (wave.every(({ unready }) => unready !== undefined)) break;
      }
      if (policy.onFailure === 'rollback-all' && this.#hasFailed && !this.#context.signal.aborted)
        await this.#allBack();
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

  async #runWave(wave: readonly Course[]): Promise<void> {
    const { log, policy } = this.#context;
    await mapLimited(wave, policy.maxParallel ?? wave.length, (course) =>
      this.#guard(course, () => this.#runOne(course)),
    );
    const rolled = wave.filter(
      ({ rollout, write, newer }) => rollout !== undefined && newer === undefined && write.result.state === 'done',
    );
    if (rolled.length === 0) return;
    log.info(waveLine(this.#moving, policy));
    if (policy.soakMs > 0 && !this.#stopped) await this.#soak(rolled.filter((one) => isReady(one, policy.timeoutMs)));
  }

  async #runOne(course: Course): Promise<void> {
    const { planned } = course;
    const { policy, planning, write } = this.#context;
    // What cannot be followed cannot be proven, and nothing may go on before it is.
    if (this.#stopped || this.problems.length > 0) return;
    // A workload that was not ready before says nothing against the filter, so it stops nobody else.
    if (!(await this.#gate.pass(course)) || this.#stopped) return;
    await this.#gate.note(course);
    course.write = await this.#limit(() => writeWorkload(planned, planning, write));
    const { state } = course.write.result;
    if (state === 'skipped') return;
    if (course.write.result.state === 'failed') {
      const { newer } = course.write.result;
      if (newer !== undefined) return this.#supersede(course, newer);
      this.#failures++;
      const back = policy.wait && policy.onFailure !== 'keep' && !this.#context.signal.aborted;
      return back ? this.#back(course) : undefined;
    }
    if (state === 'done') await this.#context.onPatched(planned);
    if (!policy.wait) return;
    if (rolls(planned) || (state === 'done' && restarts(planned))) {
      const rollout = await this.#watch.follow(followedOf(planned), lastSeen(course), policy.timeoutMs);
      if (rollout === undefined) return;
      course.rollout = rollout;
      if (rollout.newer !== undefined) return this.#supersede(course, rollout.newer);
    } else {
      const { state: standing, message, ready, wanted } = readinessOf(planned.ref, planned.observed);
      course.rollout = { state: standing === 'ready' ? 'ready' : 'failed', message, ready, wanted, durationMs: 0 };
    }
    await this.#gate.compare(course);
    if (course.rollout.state === 'ready' && this.#needsProof(planned)) {
      course.proof = await this.#prove(course, course.rollout);
    }
    await this.#judge(course);
  }

  /** Of a Gateway, whose pods are changed as they are, the time that counts is that until they are proven. */
  async #prove(course: Course, rollout: RolloutResult): Promise<ProofResult> {
    const { now } = this.#context;
    const started = now();
    const prove = (): Promise<ProofResult> =>
      this.#prover.prove({ ...course.planned, observed: lastSeen(course) }, rollout.wanted);
    const open = await prove();
    const closed = open.problem === undefined && (await this.#limit(() => closePlugin(course, this.#context)));
    const shown = closed === true ? await prove() : closed === false ? open : { ...open, problem: closed };
    const gone = await this.#prover.proveGone(
      { ...course.planned, observed: lastSeen(course) },
      course.planned.removals,
    );
    const result = { ...gone, ...shown };
    this.#warn(course, result);
    if (result.pods !== undefined) course.rollout = { ...rollout, ...result.pods, durationMs: now() - started };
    return result;
  }

  #warn({ planned }: Course, { problem, warnings = [] }: ProofResult): void {
    if (problem !== undefined) return;
    for (const text of warnings)
      this.#context.write.warnings.add(sentence(`${describeWorkload(planned.ref)}: ${text}`));
  }

  /** Pods that an earlier run has proven are not looked at again; a probe is asked each time. */
  #needsProof(planned: PlannedWorkload): boolean {
    const { policy, provenBy } = this.#context;
    if (changesPods(planned) || policy.probe !== undefined) return true;
    const level = provenBy(planned);
    return policy.verify === 'required' ? level !== 'listener' : level === undefined;
  }

  /** Looks again at what has been proven, after it has run for a while. */
  async #soak(courses: readonly Course[]): Promise<void> {
    const { client, log, policy, signal } = during(this.#context, 'verifying the filter');
    log.info(`Watching for ${formatDuration(policy.soakMs)} before verifying again.`);
    await pause(policy.soakMs, signal);
    if (signal.aborted) {
      for (const course of courses) course.proof = { ...course.proof, problem: cancelledProof(course.planned.ref) };
      return;
    }
    await mapLimited(courses, policy.maxParallel ?? courses.length, async (course) => {
      const { ref } = course.planned;
      const { durationMs = 0 } = course.rollout ?? {};
      try {
        const now = await readTarget(client, ref, course.planned.observed);
        const { state, message, ready, wanted } = readinessOf(ref, now);
        if (state === 'ready') course.proof = await this.#prover.prove({ ...course.planned, observed: now }, wanted);
        else course.rollout = { state: 'failed', message: `no longer ready: ${message}`, ready, wanted, durationMs };
      } catch (error) {
        log.debug(`${describeWorkload(ref)} after its soak: ${String(error)}`);
        const message = 'it could not be inspected again';
        course.rollout = { state: 'failed', message, ready: 0, wanted: 0, durationMs };
      }
      await this.#guard(course, () => this.#judge(course));
    });
  }

  /** Counts a failure, collects its evidence, and only then takes the workload back. */
  async #judge(course: Course): Promise<void> {
    const { policy, signal } = this.#context;
    if (failureOf(course, policy.timeoutMs) === undefined) return;
    const evidence = during(this.#context, 'collecting evidence');
    const newer = await readNewer(course, evidence);
    if (newer !== undefined) return this.#supersede(course, newer);
    this.#failures++;
    const state = course.rollout?.state;
    if (state === 'superseded' || state === 'deleted' || state === 'cancelled' || signal.aborted) return;
    if (policy.onFailure === 'rollback-all' && this.#hasFailed) this.#watch.letGo();
    course.diagnosis = await diagnoseInTime(followedOf(course.planned), evidence);
    if (policy.onFailure !== 'keep') await this.#back(course);
  }

  /** An error that nobody expected is a failure of the workload that it came with, which goes back as others do. */
  async #guard(course: Course, work: () => Promise<void>): Promise<void> {
    const { policy, signal, log } = this.#context;
    try {
      await work();
    } catch (error) {
      log.debug(`${describeWorkload(course.planned.ref)}: ${String(error)}`);
      course.broken = internalProblem(error);
      this.#failures++;
      if (policy.onFailure !== 'keep' && !signal.aborted) await this.#back(course);
    }
  }

  async #back(course: Course): Promise<void> {
    if (course.rollback !== undefined || !this.#mayGoBack(course)) return;
    const back = await rollBack(course, this.#watch, this.#rollback);
    if (back === undefined) return;
    if ('newer' in back) this.#supersede(course, back.newer);
    else course.rollback = back;
  }

  /** Another run has the workload now, so this one starts nothing more anywhere: it would undo what is newer. */
  #supersede(course: Course, newer: Newer): void {
    const { ref } = course.planned;
    this.#context.log.info(
      `${describeWorkload(ref)}: ${describeRun(newer.run)} has deployed revision ${newer.revision} of ${newer.filter}; it is left alone.`,
    );
    course.newer = newer;
    if (course.write.result.state === 'failed') course.write = { result: { state: 'skipped' } };
    delete course.proof;
    this.#superseded = true;
  }

  #mayGoBack(course: Course): boolean {
    return mayGoBack(course, this.#context.provenBy(course.planned) !== undefined);
  }

  /** Takes back every workload that this run, or a killed one before it, has changed. */
  async #allBack(): Promise<void> {
    const changed = this.#courses.filter((course) => {
      const state = course.rollout?.state;
      return course.newer === undefined && state !== 'superseded' && state !== 'deleted' && this.#mayGoBack(course);
    });
    if (changed.every(({ rollback }) => rollback !== undefined)) return;
    await this.#context.log.group(`Roll back ${count(changed.length, 'workload')}`, async () => {
      await mapLimited(changed, PARALLEL_WRITES, (course) => this.#back(course));
    });
  }
}
