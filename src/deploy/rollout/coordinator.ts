import { pause } from '../../base/concurrency.ts';
import type { Log } from '../../base/log.ts';
import { count, formatDuration } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import { describeWorkload } from '../../targets/target.ts';
import type { PlannedWorkload } from '../plan/plan.ts';
import type { Wave } from '../plan/waves.ts';
import type { RolloutPolicy } from '../policy.ts';
import { waveName } from '../report/wave-mark.ts';
import type { ClusterRollouts } from './cluster-rollouts.ts';
import { isMoving, wasRolled } from './moving.ts';
import { waveLine } from './progress.ts';
import type { RolloutSoak } from './soak.ts';
import { SoakLoop } from './soak-loop.ts';
import type { StopCondition } from './stop-condition.ts';
import { resultOf, type WorkloadRollout } from './workload-rollout.ts';

/** Old pods are read for a tenth of the soak before they are replaced, and for so long at most, in milliseconds. */
const READ_SHARE = 0.1;
const MAX_READ_MS = 15_000;

/** One cluster of a run, as its coordinator sees it. */
export interface ClusterOfRun {
  /** Writes what its workloads need; returns whether they may be rolled then. Called once, before its first wave, or never. */
  readonly prepare: () => Promise<boolean>;
  /** How many EnvoyFilters have settings that the run has pushed into running proxies. */
  readonly pushed: number;
  readonly putBackPushes: () => Promise<void>;
  /** Takes a warning for the run's report. */
  readonly warn: (warning: Warning) => void;
  readonly rollouts: Pick<
    ClusterRollouts,
    'states' | 'problems' | 'roll' | 'settle' | 'rollBackCandidates' | 'rollBack' | 'renewPatience' | 'close'
  > & {
    readonly soak: Pick<
      RolloutSoak,
      'begin' | 'hasOldRequests' | 'readAgain' | 'readReplaced' | 'look' | 'conclude' | 'close'
    >;
  };
}

export interface CoordinatorContext {
  readonly policy: RolloutPolicy;
  readonly stop: StopCondition;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Rolls the workloads of all clusters of a run, wave by wave. A wave starts only when the one before is verified in every cluster, and
 * a cluster is not written to before its first wave; once more workloads have failed than may, no further one is touched anywhere.
 */
export class RolloutCoordinator {
  readonly #clusters: readonly ClusterOfRun[];
  readonly #waves: readonly Wave[];
  readonly #context: CoordinatorContext;
  readonly #prepared = new Map<ClusterOfRun, boolean>();
  readonly #soakLoop: SoakLoop;

  /** `waves` have the clusters in the same order. */
  constructor(clusters: readonly ClusterOfRun[], waves: readonly Wave[], context: CoordinatorContext) {
    this.#clusters = clusters;
    this.#waves = waves;
    this.#context = context;
    this.#soakLoop = new SoakLoop(clusters.map(({ rollouts }) => rollouts.soak));
  }

  /** Rolls every wave, or as far as it comes; what became of each workload, the states of its cluster tell. */
  async run(): Promise<void> {
    const { policy, signal, stop } = this.#context;
    try {
      for (const [index, wave] of this.#waves.entries()) {
        if (stop.isMet || this.#noneLeft) break;
        await this.#prepare(wave);
        if (stop.isMet || this.#noneLeft) break;
        if (index > 0) for (const { rollouts } of this.#clusters) rollouts.renewPatience();
        await this.#runWave(
          wave,
          this.#waves.length > 1 ? `Wave ${waveName(wave)}, ${index + 1} of ${this.#waves.length}: ` : '',
        );
        // A wave of which no workload could be changed has shown nothing for the next one.
        if (this.#statesOf(wave).every(({ state }) => state === 'not-ready-before')) break;
        // Nor has one with a workload that somebody has to promote first.
        if (this.#statesOf(wave).some(({ state }) => state === 'waiting')) break;
        if (!stop.isMet) this.#warnOfNoPods(wave, index);
      }
      await this.#soakLoop.close();
      await Promise.all(
        this.#clusters.map((cluster) => (this.#prepared.get(cluster) === true ? cluster.rollouts.settle() : undefined)),
      );
      if (policy.onFailure === 'rollback-all' && stop.hasFailed && !signal.aborted) await this.#rollBackAll();
    } finally {
      await this.#soakLoop.close();
      await Promise.all(this.#clusters.map(({ rollouts }) => rollouts.close()));
    }
  }

  /** Whether there is no cluster whose workloads can be rolled and followed. */
  get #noneLeft(): boolean {
    return this.#clusters.every(
      (cluster) => cluster.rollouts.problems.length > 0 || this.#prepared.get(cluster) === false,
    );
  }

  /** Prepares the clusters whose first wave this is. One that cannot be counts with all of its workloads as failed. */
  async #prepare(wave: Wave): Promise<void> {
    const first = this.#clusters.filter(
      (cluster, index) => !this.#prepared.has(cluster) && (wave.workloads[index]?.length ?? 0) > 0,
    );
    await Promise.all(
      first.map(async (cluster) => {
        const prepared = await cluster.prepare();
        this.#prepared.set(cluster, prepared);
        if (!prepared) this.#context.stop.countFailures(cluster.rollouts.states.all().length);
      }),
    );
  }

  async #runWave(wave: Wave, title: string): Promise<void> {
    const { log, policy, stop } = this.#context;
    const moving = wave.workloads.flat().filter(isMoving).length;
    const work = async (): Promise<void> => {
      if (policy.soakMs > 0) await this.#beginSoak(wave);
      await this.#inEach(wave, ({ rollouts }, workloads) => rollouts.roll(workloads));
      if (!this.#statesOf(wave).some(wasRolled)) return;
      log.info(
        waveLine(this.#statesOf({ ...wave, workloads: wave.workloads.map((those) => those.filter(isMoving)) }), policy),
      );
      if (policy.soakMs > 0 && !stop.isMet) await this.#soak(wave);
    };
    await (moving === 0 ? work() : log.group(`${title}${count(moving, 'workload')}`, work));
  }

  /** A wave without a single pod cannot protect those after it, whatever it came to. */
  #warnOfNoPods(wave: Wave, index: number): void {
    const rolled = this.#statesOf(wave).filter(wasRolled);
    const [first, ...others] = rolled;
    const isLast = !this.#waves
      .slice(index + 1)
      .flatMap(({ workloads }) => workloads.flat())
      .some(isMoving);
    if (first === undefined || isLast || rolled.some((rollout) => resultOf(rollout)?.wanted !== 0)) return;
    const more = others.length === 0 ? '' : ` and ${count(others.length, 'more workload')}`;
    const text = `Wave ${waveName(wave)} verified nothing before the next wave: ${describeWorkload(first.planned.ref)}${more} ${others.length === 0 ? 'has' : 'have'} no pods. Choose workloads with pods for the canary or the first waves.`;
    this.#context.log.info(text);
    const at = wave.workloads.findIndex((workloads) => workloads.includes(first.planned));
    this.#clusters[at]?.warn({ topic: 'Wave without pods', text });
  }

  /**
   * Reads the pods of a wave before they are replaced, twice, so that what they fail just now can be told from what they failed in all
   * their time; and on until they are replaced.
   */
  async #beginSoak(wave: Wave): Promise<void> {
    const { log, policy, signal } = this.#context;
    let hasRequests = false;
    await this.#inEach(wave, async ({ rollouts: { soak } }, workloads) => {
      await soak.begin(workloads);
      hasRequests ||= soak.hasOldRequests(workloads);
    });
    this.#soakLoop.start();
    if (!hasRequests) return;
    const ms = Math.min(MAX_READ_MS, policy.soakMs * READ_SHARE);
    log.info(`Reading for ${formatDuration(ms)} what the pods count before the change.`);
    await pause(ms, signal);
    await this.#inEach(wave, ({ rollouts }, workloads) => rollouts.soak.readAgain(workloads));
  }

  /** Watches a wave, and all before it: what gets worse is rolled back at once. The others are verified again at the end. */
  async #soak(wave: Wave): Promise<void> {
    const { log, policy, signal, stop } = this.#context;
    log.info(`Watching for ${formatDuration(policy.soakMs)} before verifying again.`);
    await this.#soakLoop.watch(policy.soakMs, signal);
    if (policy.onFailure === 'rollback-all' && stop.hasFailed) return;
    await this.#inEach(wave, async (cluster, workloads) => {
      for (const warning of await cluster.rollouts.soak.conclude(workloads)) cluster.warn(warning);
    });
  }

  /** Does work for the workloads of a wave in each cluster that is prepared, all clusters at once. */
  async #inEach(
    wave: Wave,
    work: (cluster: ClusterOfRun, workloads: readonly PlannedWorkload[]) => Promise<void>,
  ): Promise<void> {
    await Promise.all(
      this.#clusters.map(async (cluster, index) => {
        const workloads = wave.workloads[index] ?? [];
        if (workloads.length > 0 && this.#prepared.get(cluster) === true) await work(cluster, workloads);
      }),
    );
  }

  #statesOf(wave: Wave): WorkloadRollout[] {
    return this.#clusters.flatMap(({ rollouts }, index) => rollouts.states.ofEach(wave.workloads[index] ?? []));
  }

  async #rollBackAll(): Promise<void> {
    // Where preparing failed, nothing was rolled; what the run has not come to may be changed by a killed one before it.
    const parts = this.#clusters
      .filter((cluster) => this.#prepared.get(cluster) !== false)
      .map((cluster) => ({ cluster, candidates: cluster.rollouts.rollBackCandidates() }));
    const all = parts.flatMap(({ candidates }) => candidates);
    if (all.some(({ state }) => state !== 'rolled-back')) {
      await this.#context.log.group(`Roll back ${count(all.length, 'workload')}`, async () => {
        await Promise.all(parts.map(({ cluster, candidates }) => cluster.rollouts.rollBack(candidates)));
      });
    }
    // Pods that came back with the templates are looked at with the settings of before.
    await Promise.all(this.#clusters.filter(({ pushed }) => pushed > 0).map((cluster) => cluster.putBackPushes()));
  }
}
