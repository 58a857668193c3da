import { messageOf } from '../../base/problem.ts';
import type { Workload } from '../../cluster/objects.ts';
import { describeWorkload } from '../../targets/target.ts';
import { type DeployContext, during } from '../context.ts';
import { readTarget } from '../kinds/target.ts';
import type { PlannedWorkload } from '../plan/plan.ts';
import type { RolloutPolicy } from '../policy.ts';
import { diagnoseInTime } from '../wait/diagnose.ts';
import { evidenceSource } from '../wait/evidence.ts';
import { followedAsIs, type RolloutResult, type RolloutWatch } from '../wait/rollout-watch.ts';
import { compareConditions, mustBeReadyBefore, readCondition, unreadyProblem, wasUnready } from './ready-before.ts';
import { type Course, followedOf } from './workload-rollout.ts';

interface GateContext extends DeployContext {
  readonly policy: RolloutPolicy;
  /** Whether a revision was ever verified on a workload. */
  readonly isVerified: (planned: PlannedWorkload, filter: string, id: string) => boolean;
}

/** How long a rollout under way may take to show what keeps its pods from being ready, where they are changed all the same. */
const SETTLING_MS = 30_000;
/** How a rollout ends whose pods are there and not ready. */
const UNREADY_ENDS: ReadonlySet<RolloutResult['state']> = new Set(['failed', 'stuck', 'timeout']);

/**
 * Lets workloads pass to their change once they are ready. One that is in the middle of a rollout of somebody else's is waited
 * for; one that does not become ready has a course that says why, and is not touched.
 */
export class ReadyGate {
  readonly #watch: RolloutWatch;
  readonly #context: GateContext;
  readonly #passes = new Map<Course, Promise<boolean>>();

  constructor(watch: RolloutWatch, context: GateContext) {
    this.#watch = watch;
    this.#context = context;
  }

  /** Whether a workload may be changed. Waits for each once, however often it is asked. */
  pass(course: Course): Promise<boolean> {
    const known = this.#passes.get(course) ?? this.#wait(course);
    this.#passes.set(course, known);
    return known;
  }

  /** Whether any of them may be; waits only where all have to be waited for, and for the first alone. */
  async anyPasses(courses: readonly Course[]): Promise<boolean> {
    if (courses.length === 0 || courses.some(({ planned }) => !this.#holds(planned))) return true;
    const passed = courses.map(async (course) => {
      if (!(await this.pass(course))) throw new Error('not ready');
    });
    return Promise.any(passed).then(
      () => true,
      () => false,
    );
  }

  /** Notes in what condition a workload is that is changed although it is not ready, for what becomes of it to be compared. */
  async note(course: Course): Promise<void> {
    const { planned } = course;
    const { policy } = this.#context;
    if (!policy.wait || !wasUnready(planned)) return;
    const held = mustBeReadyBefore(planned, { wait: true, unready: 'fail' }, this.#isVerified(planned));
    const deploys = planned.revisions.length > 0;
    if (deploys && (policy.unready !== 'deploy' || !held)) return;
    const found = deploys ? await this.#settled(planned) : planned.observed;
    if (found !== undefined) course.before = await readCondition(planned.ref, found, evidenceSource(this.#context));
  }

  /** A workload that is not ready, once its rollout under way has shown why; undefined where it becomes ready. */
  async #settled(planned: PlannedWorkload): Promise<Workload | undefined> {
    const { ref, observed } = planned;
    const { client, policy } = this.#context;
    const mostMs = Math.min(policy.timeoutMs, SETTLING_MS);
    const rollout = await this.#watch.follow(followedAsIs(planned), observed, mostMs);
    if (rollout?.state === 'ready') return undefined;
    return readTarget(client, ref, observed).catch(() => observed);
  }

  /** Of a workload that was not ready before: whether it is as it was, which is no failure, or what is worse. */
  async compare(course: Course): Promise<void> {
    const { planned, before, rollout } = course;
    if (before === undefined || rollout === undefined || !UNREADY_ENDS.has(rollout.state)) return;
    const { ref, observed, revisions } = planned;
    const evidence = during(this.#context, 'collecting evidence');
    const { client, log } = evidence;
    const { envoy } = await diagnoseInTime(followedOf(planned), evidence);
    const now = await readTarget(client, ref, observed).catch((error: unknown) => {
      log.debug(`${describeWorkload(ref)} after its rollout: ${messageOf(error)}`);
    });
    if (now === undefined) return;
    const after = await readCondition(ref, now, evidenceSource(evidence));
    const seen = { removal: revisions.length === 0, envoy: envoy !== undefined && envoy.foreign === undefined };
    const result = compareConditions(before, after, seen);
    if ('same' in result) course.asBefore = result.same;
    else course.rollout = { ...rollout, worse: result.worse };
  }

  #isVerified(planned: PlannedWorkload): (filter: string, id: string) => boolean {
    return (filter, id) => this.#context.isVerified(planned, filter, id);
  }

  #holds(planned: PlannedWorkload): boolean {
    return mustBeReadyBefore(planned, this.#context.policy, this.#isVerified(planned));
  }

  async #wait(course: Course): Promise<boolean> {
    const { planned } = course;
    if (!this.#holds(planned)) return true;
    const followed = followedAsIs(planned);
    const rollout = await this.#watch.follow(followed, planned.observed, this.#context.policy.timeoutMs);
    if (rollout?.state === 'ready') return true;
    // What cannot be followed, and a cancelled run, say so for themselves.
    if (rollout === undefined || rollout.state === 'cancelled') return false;
    course.diagnosis = await diagnoseInTime(followed, during(this.#context, 'collecting evidence'));
    course.unready = unreadyProblem(planned, rollout, course.diagnosis);
    return false;
  }
}
