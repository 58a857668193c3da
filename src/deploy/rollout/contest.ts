import { sameJson } from '../../base/json.ts';
import type { Workload } from '../../cluster/objects.ts';
import { describeRun } from '../../mesh/identity/run-order.ts';
import { revisionOn, stateOn } from '../../mesh/template/template.ts';
import { describeWorkload, workloadKey } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import { readTarget } from '../kinds/target-access.ts';
import { mayTakeOver, type Newer, nameNewer, type OtherRevision, otherRevisionOn } from '../observe/superseded.ts';
import { foreignChange } from '../plan/foreign-change.ts';
import type { PlannedWorkload } from '../plan/plan.ts';
import { type PlanningOptions, planWorkload } from '../plan/workload.ts';
import type { RolloutWatch } from '../wait/rollout-watch.ts';
import { lookAt } from './last-look.ts';
import type { StopCondition } from './stop-condition.ts';
import { rolloutGoalOf, succeeded, type WorkloadRollout } from './workload-rollout.ts';

interface ContestContext extends DeployContext {
  readonly planning: PlanningOptions;
  readonly stop: StopCondition;
}

/** Another run took a filter away, which leaves no record. */
interface Removal {
  /** The filter. */
  readonly removed: string;
}

/** What of another run was met on a workload: a revision, or that it took ours away. */
export type Met = OtherRevision | Removal;

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
    if ('removed' in met) return planning.yields !== true && planned.revisions.length > 0;
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
      'removed' in met
        ? 'another run has removed what this run brings; a removal yields to a deployment'
        : `${describeRun(met.run)} has deployed revision ${met.revision} of ${met.filter}; this run started later`;
    log.info(`${describeWorkload(ref)}: ${what}, so it takes the workload over.`);
    const current = await readTarget(client, ref, planned.observed);
    const next = planWorkload({ ...planned, observed: current }, planning);
    return { planned: next.ok ? { ...planned, patch: next.value.patch } : planned, current };
  }

  /**
   * Leaves a workload to a newer run, and starts nothing more anywhere: it would undo what is newer. Returns what runs there, by name.
   */
  async yieldTo({ ref }: PlannedWorkload, met: Met): Promise<Newer> {
    const { client, log, stop } = this.#context;
    stop.supersede();
    if ('removed' in met) {
      log.info(`${describeWorkload(ref)}: another run has removed ${met.removed}; it is left alone.`);
      return { filter: met.removed };
    }
    const newer = await nameNewer(met, ref.namespace, client);
    log.info(
      `${describeWorkload(ref)}: ${describeRun(newer.run)} has deployed revision ${newer.revision} of ${newer.filter}; it is left alone.`,
    );
    return newer;
  }

  /** Returns those of the workloads that are done that this run takes back from older ones, as the watch shows them. */
  overwritten(rollouts: readonly WorkloadRollout[], watch: RolloutWatch): Lost[] {
    return shownLost(rollouts, watch).filter(({ planned, met }) => !('removed' in met) && this.wins(planned, met));
  }

  /**
   * Returns those of the workloads that this run was done with, or has not come to, that newer runs have changed since. A removal of
   * what this run had brought to its end is one: it yields to every run that started later, so it started later itself. Nothing is
   * read where the watch has shown nothing of another run and none was met.
   */
  async ceded(rollouts: readonly WorkloadRollout[], watch: RolloutWatch): Promise<Lost[]> {
    const done = shownLost(rollouts, watch).map(({ planned }) => planned);
    if (done.length === 0 && !this.#context.stop.isSuperseded) return [];
    const missed = rollouts.flatMap(({ state, planned }) => (state === 'pending' ? [planned] : []));
    const now = await lookAt([...done, ...missed], this.#context);
    const find = (workloads: readonly PlannedWorkload[], meet: typeof metOn): Lost[] =>
      workloads.flatMap((planned) => {
        const current = now.get(workloadKey(planned.ref));
        const met = current && meet(planned, current);
        return met === undefined ? [] : [{ planned, met }];
      });
    return [...find(done, metOn), ...find(missed, metBefore)];
  }
}

/** Returns that another run took away what this one brings to a workload, of which nothing more is known. */
export function removalFrom({ revisions }: PlannedWorkload): Met {
  return { removed: revisions[0]?.revision.filter ?? '' };
}

/** The workloads that are done on which another run has written since, as the watch shows them. */
function shownLost(rollouts: readonly WorkloadRollout[], watch: RolloutWatch): Lost[] {
  return rollouts.filter(succeeded).flatMap(({ planned }) => {
    const latest = watch.shownSince(planned.ref);
    const met = latest && metOn(planned, latest);
    return met === undefined ? [] : [{ planned, met }];
  });
}

/** Returns what of another run is on a workload that this one had brought to what it wants; `undefined` if nothing is. */
function metOn(planned: PlannedWorkload, current: Workload): Met | undefined {
  const goal = rolloutGoalOf(planned);
  const foreign = foreignChange(goal, current);
  if (foreign === undefined || foreign.reverted) return undefined;
  const [first] = goal.podRevisions;
  const lost = goal.podRevisions.find(({ filter }) => revisionOn(current, filter) === undefined) ?? first;
  return otherRevisionOn(goal, current) ?? (lost && { removed: lost.filter });
}

/** The same of a workload that this run has not come to: what another run has made of it since it was observed. */
function metBefore(planned: PlannedWorkload, current: Workload): Met | undefined {
  const goal = rolloutGoalOf(planned);
  const [before, now] = [planned.observed, current].map(stateOn);
  const other = otherRevisionOn(goal, current);
  if (other !== undefined) return sameJson(before?.[other.filter], now?.[other.filter]) ? undefined : other;
  const isGone = (filter: string): boolean =>
    before?.[filter] !== undefined && now?.[filter] === undefined && revisionOn(current, filter) === undefined;
  const gone = goal.podRevisions.find(({ filter }) => isGone(filter));
  return gone && { removed: gone.filter };
}
