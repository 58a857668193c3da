import { mapLimited } from '../../base/concurrency.ts';
import type { Problem } from '../../base/problem.ts';
import { listWords, truncate } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import { describeWorkload, type WorkloadRef } from '../../targets/target.ts';
import { changesPods, type PlannedWorkload } from '../plan/plan.ts';
import type { SoakReport } from '../report/soak-report.ts';
import { ClusterWatch } from '../soak/cluster-watch.ts';
import type { Breach, BreachCause } from '../soak/crash-judge.ts';
import { cancelledVerification } from '../verify/verifier.ts';
import { mayBeVerifiedAgain } from './moving.ts';
import type { RolloutStates } from './rollout-states.ts';
import type { RolloutsContext } from './rollouts-context.ts';
import { beganBefore, perhapsExceeded, type Unjudged, unjudgedLimits } from './unjudged-limits.ts';
import type { RolloutVerification } from './verification.ts';
import { failedRollout, type WorkloadRollout } from './workload-rollout.ts';

/** Watches what was rolled out in one cluster, and verifies it again after its time. */
export class RolloutSoak {
  readonly #context: RolloutsContext;
  readonly #states: RolloutStates;
  readonly #verification: Pick<RolloutVerification, 'verifyAgain'>;
  readonly #parallel: number;
  readonly #judge: (planned: PlannedWorkload) => Promise<void>;
  /** Omitted where nothing is to be watched. */
  readonly #watch: ClusterWatch | undefined;
  readonly #failing = new Set<Promise<void>>();

  /**
   * `parallel`: how many workloads may be verified at once. `judge` judges a workload by its state and rolls it back where it has
   * failed; it never throws.
   */
  constructor(
    context: RolloutsContext,
    states: RolloutStates,
    verification: Pick<RolloutVerification, 'verifyAgain'>,
    parallel: number,
    judge: (planned: PlannedWorkload) => Promise<void>,
  ) {
    this.#context = context;
    this.#states = states;
    this.#verification = verification;
    this.#parallel = parallel;
    this.#judge = judge;
    this.#watch = context.policy.soakMs > 0 ? new ClusterWatch(context, context.policy) : undefined;
  }

  /** Looks at the pods of workloads that are about to be changed. */
  async begin(workloads: readonly PlannedWorkload[]): Promise<void> {
    await this.#watch?.begin(workloads.filter((planned) => changesPods(planned) && planned.revisions.length > 0));
  }

  /** Whether the old pods of any of some workloads, which are about to be changed, have counted requests. */
  hasOldRequests(workloads: readonly PlannedWorkload[]): boolean {
    return this.#watch?.hasOldRequests(workloads) ?? false;
  }

  /** Looks once more at the pods of workloads that are about to be changed. */
  async readAgain(workloads: readonly PlannedWorkload[]): Promise<void> {
    await this.#watch?.readAgain(workloads);
  }

  /** Looks at the old pods of workloads that are being rolled out. */
  async readReplaced(): Promise<void> {
    await this.#watch?.readReplaced((planned) => {
      const { state } = this.#states.of(planned);
      return state === 'pending' || state === 'written';
    });
  }

  /** Looks once at what was rolled out, and begins to roll back what has got worse. Returns whether anything is left to be watched. */
  async look(): Promise<boolean> {
    await this.readReplaced();
    const breaches = (await this.#watch?.look((planned) => this.#isWatched(planned))) ?? [];
    for (const { planned, breach } of breaches) this.#fail(planned, breachProblem(planned.ref, breach));
    return this.#states.all().some(mayBeVerifiedAgain);
  }

  /** Waits until all that has failed is rolled back. */
  async settled(): Promise<void> {
    while (this.#failing.size > 0) await Promise.all(this.#failing);
  }

  /**
   * Ends the soak of workloads: those without traffic fail where there must have been some, and the others are verified again. Returns
   * warnings of limits that were judged by nothing, or that were perhaps exceeded.
   */
  async conclude(workloads: readonly PlannedWorkload[]): Promise<readonly Warning[]> {
    const { soakLimits } = this.#context.policy;
    const watched = workloads.filter((planned) => this.#isWatched(planned));
    const saying = (
      of: (planned: PlannedWorkload) => string | undefined,
    ): (Unjudged & { planned: PlannedWorkload })[] =>
      watched.flatMap((planned) => {
        const few = of(planned);
        return few === undefined ? [] : [{ planned, ref: planned.ref, few }];
      });
    const quiet = saying((planned) => this.#watch?.tooFewRequests(planned));
    const unsure = saying((planned) => this.#watch?.perhapsExceeded(planned));
    const mustFail = soakLimits?.requires === 'traffic';
    if (mustFail) for (const { planned, ref, few } of quiet) this.#fail(planned, noTraffic(ref, few));
    await this.settled();
    await this.#verifyAgain(workloads);
    return [
      ...(mustFail ? [] : unjudgedLimits(soakLimits, quiet)),
      ...perhapsExceeded(soakLimits, unsure),
      ...beganBefore(saying((planned) => this.#watch?.excused(planned))),
    ];
  }

  /** What was seen of a workload; `undefined` where it was not watched. */
  reportOf(planned: PlannedWorkload): SoakReport | undefined {
    return this.#watch?.reportOf(planned);
  }

  async close(): Promise<void> {
    await this.#watch?.close();
    await this.settled();
  }

  #isWatched(planned: PlannedWorkload): boolean {
    return mayBeVerifiedAgain(this.#states.of(planned));
  }

  #fail(planned: PlannedWorkload, problem: Problem): void {
    const rollout = this.#states.of(planned);
    if (!mayBeVerifiedAgain(rollout) || this.#context.signal.aborted) return;
    this.#context.log.info(`${describeWorkload(planned.ref)}: ${problem.message}`);
    this.#states.set(failedRollout(rollout, problem));
    const failing = this.#judge(planned).finally(() => this.#failing.delete(failing));
    this.#failing.add(failing);
  }

  async #verifyAgain(workloads: readonly PlannedWorkload[]): Promise<void> {
    const { signal } = this.#context;
    const states = this.#states;
    const rollouts = states.ofEach(workloads).filter(mayBeVerifiedAgain);
    if (signal.aborted) {
      for (const one of rollouts) states.set(failedRollout(one, cancelledVerification(one.planned.ref)));
      return;
    }
    await mapLimited(rollouts, this.#parallel, async (one) => {
      const verified = await this.#verification.verifyAgain(one);
      // What the watch has found meanwhile counts more.
      if (!isSame(states.of(one.planned), one)) return;
      states.set(verified);
      await this.#judge(one.planned);
    });
  }
}

function isSame(now: WorkloadRollout, before: WorkloadRollout): boolean {
  return now.state === before.state;
}

const MAX_SAID = 300;

const REPRODUCE =
  'Reproduce it with a test of the filter (the input "tests") or in one pod, correct the filter, and deploy it again.';
/** What to do, by what got worse: a limit is named only where it decides. */
const REMEDIES: Readonly<Record<BreachCause, string>> = {
  crash: REPRODUCE,
  restart: REPRODUCE,
  unready: REPRODUCE,
  memory: REPRODUCE,
  requests: `${REPRODUCE} If it is none of the filter's, use other limits ("max-error-rate", "max-latency-increase").`,
  probe: `${REPRODUCE} If it is none of the filter's, correct the "probe", or allow more failures ("max-error-rate").`,
};

/** What is wrong with a workload whose pods got worse as they were watched. */
function breachProblem(ref: WorkloadRef, { cause, text, clause, said }: Breach): Problem {
  const words = said.map((line) => `"${truncate(line, MAX_SAID)}"`);
  const own = words.length === 0 ? '' : ` Its filters logged: ${listWords(words, 'and')}.`;
  return {
    kind: 'verification',
    subject: describeWorkload(ref),
    form: 'clause',
    message: `${text}.${own}`,
    clause,
    remedy: REMEDIES[cause],
  };
}

function noTraffic(ref: WorkloadRef, few: string): Problem {
  return {
    kind: 'verification',
    subject: describeWorkload(ref),
    form: 'clause',
    message: `${few}, and "soak-requires" is traffic.`,
    clause: 'no traffic was seen during the soak',
    remedy:
      'Use a longer "soak", send requests meanwhile ("traffic: probe"), or let its proxies count requests (docs/soak.md), then re-run the job.',
  };
}
