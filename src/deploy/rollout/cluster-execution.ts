import { defined } from '../../base/defined.ts';
import { append } from '../../base/lists.ts';
import { internalProblem, type Problem } from '../../base/problem.ts';
import { type Warning, WarningList } from '../../base/warning.ts';
import { callProblem } from '../../cluster/errors.ts';
import { revisionName } from '../../mesh/identity/revision.ts';
import type { RunMark } from '../../mesh/identity/run-order.ts';
import type { ConfigMap } from '../../mesh/objects/config-map.ts';
import type { FilterResource } from '../../mesh/objects/filter-resource.ts';
import { collectGarbage, nameOf } from '../apply/collect-garbage.ts';
import { deleteAdopted } from '../apply/delete-adopted.ts';
import { makeEnsurer } from '../apply/ensure-objects.ts';
import { anyFailed, type WrittenObjects, writeObjects } from '../apply/objects.ts';
import type { WriteContext } from '../apply/workload.ts';
import { type DeployContext, during } from '../context.ts';
import type { RunningProxies } from '../observe/running-proxies.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import {
  type Garbage,
  objectKey,
  type Plan,
  type PlannedObject,
  type PlannedWorkload,
  podRevisionsOf,
} from '../plan/plan.ts';
import { verifiedLevel } from '../plan/rollback-target.ts';
import type { ClusterWave } from '../plan/waves.ts';
import type { RolloutPolicy } from '../policy.ts';
import { NOTHING_COLLECTED } from '../report/conclude.ts';
import type { ChangeReport, Collected, Left } from '../report/report.ts';
import type { ScoutReport } from '../report/scout-report.ts';
import { deleteLeftovers } from '../scout/leftover-scouts.ts';
import { sendScouts } from '../scout/scouting.ts';
import { ClusterRollouts } from './cluster-rollouts.ts';
import { leftovers } from './leftovers.ts';
import { isThere, type PushResult, pushSettings, putBackSettings } from './push-settings.ts';
import { recordVerification } from './record-verified.ts';
import type { StopCondition } from './stop-condition.ts';
import { concludeTarget } from './target-report.ts';
import { succeeded } from './workload-rollout.ts';

/** The plan of one cluster, and what it is carried out with. */
export interface ClusterPlan {
  readonly plan: Plan;
  readonly snapshot: ClusterSnapshot;
  readonly context: DeployContext;
  /** What runs there; omitted where nothing is brought, so that nothing has to be tried. */
  readonly proxies?: RunningProxies;
  /** Added to the waves of its workloads. */
  readonly addedWave: number;
}

/** What carrying plans out needs to know of the run. */
export type RunOptions = Pick<RunMark, 'run' | 'started'>;

/** What was done in one cluster. */
export type ExecutedPlan = Pick<ChangeReport, 'targets' | 'problems' | 'warnings' | 'collected'> & {
  /** Omitted where no scout was to be sent. */
  readonly scouts?: ScoutReport;
};

/**
 * Does what a plan says in one cluster: shared objects and settings of running proxies before its workloads roll, what is superseded
 * after that. No workload is touched unless every shared object is there, so no pod can start without its file.
 */
export class ClusterExecution {
  readonly rollouts: ClusterRollouts;
  readonly #planned: ClusterPlan;
  readonly #policy: RolloutPolicy;
  readonly #run: string;
  readonly #started: string | undefined;
  /** Tells a run from an earlier attempt at it. */
  readonly #attemptOfRun: string;
  /** For writes. */
  readonly #context: DeployContext;
  readonly #write: WriteContext;
  readonly #broken: Problem[] = [];
  #scouts: ScoutReport | undefined;
  #objects: WrittenObjects;
  #pushes: ReadonlyMap<string, PushResult> = new Map();

  /** `waves`: those of the run, with the workloads of this cluster. */
  constructor(
    planned: ClusterPlan,
    waves: readonly ClusterWave[],
    policy: RolloutPolicy,
    { run, started }: RunOptions,
    stop: StopCondition,
  ) {
    const { plan, snapshot } = planned;
    const context = during(planned.context, 'writing');
    const { client, log, signal, date } = context;
    this.#planned = planned;
    this.#policy = policy;
    this.#run = run;
    this.#started = started;
    this.#attemptOfRun = `${run} ${started}`;
    this.#context = context;
    this.#write = { client, signal, warnings: new WarningList(plan.warnings), onWritten: (line) => log.info(line) };
    this.#objects = nothingWritten(plan);
    this.rollouts = new ClusterRollouts(waves, {
      ...context,
      policy,
      planning: { run, started, wait: policy.wait, now: date() },
      write: this.#write,
      verifiedBefore: (one) => (isRewritten(one, plan) ? undefined : weakestRecord(one, snapshot)),
      listedAt: snapshot.listedAt,
      isVerified: ({ ref }, filter, id) => verifiedLevel(ref, { filter, id }, snapshot) !== undefined,
      onPatched: makeEnsurer(plan, this.#write),
      stop,
    });
  }

  /**
   * Writes the shared objects and pushes settings. Returns whether workloads may be rolled then; where none was ready before, nothing
   * is written, but there is still to be said why, and what is unchanged may be looked at. Never throws.
   */
  async prepare(): Promise<boolean> {
    const { plan } = this.#planned;
    const { log } = this.#context;
    try {
      if (!(await this.rollouts.anyReady())) return true;
      const writeShared = (): Promise<WrittenObjects> => writeObjects(plan, this.#write);
      const writes = [...plan.configMaps, ...plan.filterResources].some((object) => object.write);
      this.#objects = await (writes ? log.group('Shared objects', writeShared) : writeShared());
      if (anyFailed(this.#objects.configMaps) || anyFailed(this.#objects.filterResources)) return false;
      if (!(await this.#sendScouts())) return false;
      this.#pushes = await pushSettings(plan, { ...this.#context, policy: this.#policy, write: this.#write });
      return !this.#pushFailed;
    } catch (error) {
      this.#broken.push(callProblem(error, 'writing what the workloads need'));
      return false;
    }
  }

  /** Tries in scouts what the plan brings. Returns whether nothing speaks against it. */
  async #sendScouts(): Promise<boolean> {
    const { plan, snapshot, proxies } = this.#planned;
    const context = during(this.#planned.context, 'verifying the filter');
    await deleteLeftovers(plan, snapshot, { ...context, run: this.#run, started: this.#started });
    if (proxies === undefined) return true;
    const { problems, warnings, report } = await sendScouts(plan, {
      ...context,
      policy: this.#policy,
      proxies,
      run: this.#attemptOfRun,
      madeBy: this.#run,
      isVerified: (ref, podRevision) => verifiedLevel(ref, podRevision, snapshot) !== undefined,
    });
    for (const warning of warnings) this.warn(warning);
    append(this.#broken, problems);
    this.#scouts = report;
    return problems.length === 0;
  }

  /** Takes a warning for the report of this cluster. */
  warn(warning: Warning): void {
    this.#write.warnings.add(warning);
  }

  /** How many EnvoyFilters have settings that this run has pushed. */
  get pushed(): number {
    return [...this.#pushes.values()].filter(isThere).length;
  }

  /** Puts back what was pushed. Never throws. */
  async putBackPushes(): Promise<void> {
    const { plan } = this.#planned;
    const context = { ...this.#context, policy: this.#policy, write: this.#write };
    const work = (): Promise<ReadonlyMap<string, PushResult>> => putBackSettings(plan, this.#pushes, context);
    this.#pushes = await this.#attempt(work, this.#pushes);
  }

  /**
   * Records what was verified, deletes what nobody uses any more, and returns what became of everything; what ours has superseded goes
   * only if the run came to its end as it should. Never throws.
   */
  async finish(isIntact: boolean): Promise<ExecutedPlan> {
    const { plan, snapshot } = this.#planned;
    const { states, problems: lost } = this.rollouts;
    const cleaning = during(this.#planned.context, 'cleaning up');
    const rollouts = states.all();
    const recorded = this.#attempt(() => recordVerification(rollouts, this.#pushes, snapshot, cleaning), undefined);
    const ended = rollouts.every(succeeded) && lost.length === 0 && !this.#pushFailed;
    const good = ended && isIntact && this.#broken.length === 0;
    // After a run that failed, what is cleaned up may be the ConfigMap that the record is written on; what is superseded never is.
    if (!good) await recorded;
    const write = { ...this.#write, client: cleaning.client };
    // Without waiting, old pods still run what ours takes the place of.
    const take = (): Promise<string[]> => deleteAdopted(plan, snapshot, cleaning, write);
    const taken = good && this.#policy.wait ? await this.#attempt(take, []) : [];
    const collected = await this.#attempt(() => this.#cleanUp(good, cleaning), NOTHING_COLLECTED);
    await recorded;
    const record = { plan, objects: this.#objects, pushes: this.#pushes };
    return {
      targets: plan.workloads.map((one) => ({
        ...concludeTarget(states.of(one), record),
        ...defined({ soak: this.rollouts.soak.reportOf(one) }),
      })),
      problems: [...objectProblems(this.#objects), ...lost, ...this.#broken],
      warnings: this.#write.warnings.all,
      collected: { ...collected, deleted: [...taken, ...collected.deleted] },
      ...defined({ scouts: this.#scouts }),
    };
  }

  get #pushFailed(): boolean {
    return [...this.#pushes.values()].some(({ problems }) => problems.size > 0);
  }

  /** What was written is told, whatever goes wrong after it. */
  async #attempt<T>(work: () => Promise<T>, instead: T): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#broken.push(internalProblem(error));
      return instead;
    }
  }

  /** Deletes what is superseded, or what a run that did not come to its end as it should leaves behind. */
  async #cleanUp(good: boolean, context: DeployContext): Promise<Collected> {
    const { plan, snapshot } = this.#planned;
    if (good) return this.#collect([...plan.garbage, ...this.#garbageOfOthers(plan.garbage)], context);
    const { made, replaced, found } = leftovers(plan, this.rollouts.states.all(), this.#objects, snapshot);
    const done = await this.#collect([...made, ...found], context);
    const collected = { ...done, left: [...done.left, ...replaced.map(leftReplaced)] };
    const deletedFound = found.some((one) => collected.deleted.includes(nameOf(one)));
    return deletedFound ? { ...collected, foundBefore: true } : collected;
  }

  /** The objects of revisions that a removal has taken from older runs, which were not there when it was planned. */
  #garbageOfOthers(planned: readonly Garbage[]): Garbage[] {
    const { pluginKind } = this.#planned.snapshot;
    const known = new Set(planned.map(nameOf));
    const taken = new Map(this.rollouts.removedOfOthers.map((one) => [objectKey(one.namespace, one), one]));
    return [...taken.values()]
      .flatMap(({ namespace, filter, id, isMounted }): Garbage[] => {
        const of = { namespace, name: revisionName({ filter, id }), filter, revision: id };
        return [
          { ...of, kind: isMounted ? 'EnvoyFilter' : pluginKind },
          { ...of, kind: 'ConfigMap' },
        ];
      })
      .filter((garbage) => !known.has(nameOf(garbage)));
  }

  #collect(garbage: readonly Garbage[], context: DeployContext): Promise<Collected> {
    if (garbage.length === 0) return Promise.resolve(NOTHING_COLLECTED);
    if (!this.#policy.wait) {
      const why = 'the run did not wait until the pods that use it were gone; a later run that waits deletes it';
      return Promise.resolve({
        deleted: [],
        left: garbage.map((one) => ({ object: nameOf(one), why, untried: true })),
      });
    }
    return collectGarbage(garbage, this.#run, context);
  }
}

/** An object that this run has made, and that a newer one may have recorded as what it goes back to. */
function leftReplaced(object: Garbage): Left {
  const why = 'a newer run has replaced this revision; a later run deletes the object once nothing uses it';
  return { object: nameOf(object), why, replaced: true };
}

/** What happens to the shared objects where no workload may be changed. */
function nothingWritten({ configMaps, filterResources }: Plan): WrittenObjects {
  const states = (objects: readonly PlannedObject<ConfigMap | FilterResource>[]): WrittenObjects['configMaps'] =>
    new Map(
      objects.map(({ namespace, podRevision, write }) => [
        objectKey(namespace, podRevision),
        { state: write ? 'skipped' : 'unchanged' },
      ]),
    );
  return { configMaps: states(configMaps), filterResources: states(filterResources) };
}

/** Whether running pods get a filter resource anew that others had edited or deleted: what was verified is to be seen again. */
function isRewritten(planned: PlannedWorkload, { filterResources }: Plan): boolean {
  const rewritten = filterResources.filter(({ write, pushedOver }) => write && pushedOver === undefined);
  const keys = new Set(rewritten.map(({ namespace, podRevision }) => objectKey(namespace, podRevision)));
  return podRevisionsOf(planned).some((podRevision) => keys.has(objectKey(planned.ref.namespace, podRevision)));
}

/** The weakest of the records that an earlier run has left of the wanted revisions; `undefined` if one is missing. */
function weakestRecord(planned: PlannedWorkload, snapshot: ClusterSnapshot): string | undefined {
  const levels = podRevisionsOf(planned).map((podRevision) => verifiedLevel(planned.ref, podRevision, snapshot));
  if (levels.length === 0 || levels.includes(undefined)) return undefined;
  return levels.find((level) => level !== 'listener') ?? 'listener';
}

function objectProblems({ configMaps, filterResources }: WrittenObjects): Problem[] {
  return [...configMaps.values(), ...filterResources.values()].flatMap((result) =>
    result.state === 'failed' ? [result.problem] : [],
  );
}
