import { sameJson } from '../../base/json.ts';
import type { Workload } from '../../cluster/objects.ts';
import { describeRun } from '../../mesh/identity/run-order.ts';
import { mountedAt } from '../../mesh/template/sidecar-mounts.ts';
import { revisionOn, stateOn } from '../../mesh/template/template.ts';
import { describeWorkload, workloadKey } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import { readTarget } from '../kinds/target-access.ts';
import { type Met, mayTakeOver, type Newer, nameNewer, otherRevisionOn } from '../observe/superseded.ts';
import { otherRunOn } from '../plan/foreign-change.ts';
import type { PlannedWorkload } from '../plan/plan.ts';
import { type PlanningOptions, planWorkload } from '../plan/workload.ts';
import type { RolloutWatch } from '../wait/rollout-watch.ts';
import { lookAt } from './last-look.ts';
import type { StopCondition } from './stop-condition.ts';
import { rolloutGoalOf, succeeded, type WorkloadRollout, writeOf } from './workload-rollout.ts';

interface ContestContext extends DeployContext {
  readonly planning: PlanningOptions;
  readonly stop: StopCondition;
}

/** A workload that was done, and what another run has made of it since. */
export interface Lost {
  readonly planned: PlannedWorkload;
  readonly met: Met;
}

/** A revision that another run has put on a workload of a namespace, from which this one takes it away. */
export interface TakenRevision {
  readonly namespace: string;
  readonly filter: string;
  readonly id: string;
  /** Whether it is mounted, and no image. */
  readonly isMounted: boolean;
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
  readonly #removed: TakenRevision[] = [];

  constructor(context: ContestContext) {
    this.#context = context;
  }

  /** What older runs have put on workloads since this run has observed them, and it has removed. */
  get removed(): readonly TakenRevision[] {
    return this.#removed;
  }

  /** Whether this run takes a workload back from another one, as far as what is met there tells. */
  wins(planned: PlannedWorkload, met: Met): boolean {
    const { planning, stop } = this.#context;
    const taken = this.#takeovers.get(workloadKey(planned.ref)) ?? 0;
    if (stop.isMet || taken >= MAX_TAKEOVERS) return false;
    if ('removed' in met) return !met.tookOurs;
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
        ? 'what ran there was removed, by another run or by hand, and nothing shows that this is newer than this run'
        : `${describeRun(met.run)} has deployed revision ${met.revision} of ${met.filter}; this run started later`;
    log.info(`${describeWorkload(ref)}: ${what}, so this run takes the workload over.`);
    const current = await readTarget(client, ref, planned.observed);
    if (!('removed' in met) && planned.removals.includes(met.filter)) {
      const isMounted = mountedAt(current.spec?.template ?? {}, met.filter) !== undefined;
      this.#removed.push({ namespace: ref.namespace, filter: met.filter, id: met.revision, isMounted });
    }
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
      log.info(`${describeWorkload(ref)}: ${met.removed} was removed, by another run or by hand; it is left alone.`);
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
   * Returns those of the workloads that this run was done with, or has not come to, that newer runs have changed since. Nothing is
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

  /**
   * Whether a removal, met where this run has put nothing yet, is a newer run's: then it has taken away what this run had put on
   * another workload, or some run that started later has brought something else there.
   */
  async isRemovalNewer(rollouts: readonly WorkloadRollout[]): Promise<boolean> {
    const written = rollouts
      .filter((rollout) => writeOf(rollout).result.state === 'done')
      .map(({ planned }) => planned);
    if (written.length === 0) return false;
    const now = await lookAt(written, this.#context);
    return written.some((planned) => {
      const current = now.get(workloadKey(planned.ref));
      const met = current && metOn(planned, current);
      return met !== undefined && !this.wins(planned, met);
    });
  }
}

/** Returns that another run took away what this one had put on a workload. */
export function removalFrom({ revisions }: PlannedWorkload): Met {
  return { removed: revisions[0]?.revision.filter ?? '', tookOurs: true };
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
  return otherRunOn(rolloutGoalOf(planned), current);
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
  return gone && { removed: gone.filter, tookOurs: false };
}
