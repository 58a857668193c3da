import type { Workload } from '../../cluster/objects.ts';
import { describeRun } from '../../mesh/identity/run-order.ts';
import { describeWorkload, workloadKey } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import { readTarget } from '../kinds/target-access.ts';
import { mayTakeOver, nameNewer, type OtherRevision, otherRevisionOn } from '../observe/superseded.ts';
import { foreignChange } from '../plan/foreign-change.ts';
import type { PlannedWorkload } from '../plan/plan.ts';
import { type PlanningOptions, planWorkload } from '../plan/workload.ts';
import type { RolloutWatch } from '../wait/rollout-watch.ts';
import type { StopCondition } from './stop-condition.ts';
import { rolloutGoalOf, succeeded, type WorkloadRollout } from './workload-rollout.ts';

interface ContestContext extends DeployContext {
  readonly planning: PlanningOptions;
  readonly stop: StopCondition;
}

/** What of another run was met on a workload: a revision, or that it took ours away, which leaves no record. */
export type Met = OtherRevision | 'removal';

/** A workload that was done, and what another run has made of it since. */
export interface Lost {
  readonly planned: PlannedWorkload;
  readonly met: Met;
}

/** How often a workload is taken back from other runs: whoever goes on writing after that does not heed the order of runs. */
const MAX_TAKEOVERS = 3;

/**
 * Two runs at once on the same workloads: the one that started later goes on with all of them, and the other stops where it meets it.
 * Both decide by what runs record, so they come to the same answer.
 */
export class Contest {
  readonly #context: ContestContext;
  /** By `workloadKey`. */
  readonly #takeovers = new Map<string, number>();

  constructor(context: ContestContext) {
    this.#context = context;
  }

  /** Whether this run takes a workload back from another one. */
  wins(planned: PlannedWorkload, met: Met): boolean {
    const { planning, stop } = this.#context;
    const taken = this.#takeovers.get(workloadKey(planned.ref)) ?? 0;
    if (stop.isMet || taken >= MAX_TAKEOVERS) return false;
    if (met === 'removal') return planning.yields !== true && planned.revisions.length > 0;
    return mayTakeOver(met, rolloutGoalOf(planned), planning);
  }

  /**
   * Returns how a workload is to be changed so that it has what this run wants, as it is now. What it goes back to if that fails stays
   * what it was before both runs. @throws ApiError
   */
  async takeOver(planned: PlannedWorkload, met: Met): Promise<{ planned: PlannedWorkload; current: Workload }> {
    const { client, log, planning } = this.#context;
    const { ref } = planned;
    const key = workloadKey(ref);
    this.#takeovers.set(key, (this.#takeovers.get(key) ?? 0) + 1);
    const what =
      met === 'removal'
        ? 'another run has removed what this run brings; a removal yields to a deployment'
        : `${describeRun(met.run)} has deployed revision ${met.revision} of ${met.filter}; this run started later`;
    log.info(`${describeWorkload(ref)}: ${what}, so it takes the workload over.`);
    const current = await readTarget(client, ref, planned.observed);
    const next = planWorkload({ ...planned, observed: current }, planning);
    return { planned: next.ok ? { ...planned, patch: next.value.patch } : planned, current };
  }

  /** Leaves a workload to a newer run, and starts nothing more anywhere: it would undo what is newer. Returns what runs there, by name. */
  async yieldTo({ ref }: PlannedWorkload, met: OtherRevision): Promise<OtherRevision> {
    const { client, log, stop } = this.#context;
    stop.supersede();
    const newer = await nameNewer(met, ref.namespace, client);
    log.info(
      `${describeWorkload(ref)}: ${describeRun(newer.run)} has deployed revision ${newer.revision} of ${newer.filter}; it is left alone.`,
    );
    return newer;
  }

  /** Returns those of the workloads that are done on which another, older run has written since, as the watch shows them. */
  overwritten(rollouts: readonly WorkloadRollout[], watch: RolloutWatch): Lost[] {
    return rollouts.filter(succeeded).flatMap(({ planned }) => {
      const goal = rolloutGoalOf(planned);
      const latest = watch.shownSince(planned.ref);
      const foreign = latest && foreignChange(goal, latest);
      if (latest === undefined || foreign === undefined || foreign.reverted) return [];
      const met = otherRevisionOn(goal, latest) ?? 'removal';
      return this.wins(planned, met) ? [{ planned, met }] : [];
    });
  }
}
