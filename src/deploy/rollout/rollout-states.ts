import { defined } from '../../base/defined.ts';
import { workloadKey } from '../../targets/target.ts';
import type { PlannedWorkload } from '../plan/plan.ts';
import { type ClusterWave, markIn } from '../plan/waves.ts';
import { timesAfter } from './times-after.ts';
import { pendingRollout, type WorkloadRollout } from './workload-rollout.ts';

/** Holds the current state of each workload's rollout, which begins as pending. */
export class RolloutStates {
  /** By `workloadKey`, in the order of the waves. */
  readonly #rollouts = new Map<string, WorkloadRollout>();

  readonly #now: () => number;

  /** `now`: milliseconds since the run's start. */
  constructor(waves: readonly ClusterWave[], now: () => number) {
    this.#now = now;
    for (const wave of waves) {
      for (const planned of wave.workloads) {
        this.set(pendingRollout(planned, waves.length > 1 ? markIn(wave, planned) : undefined));
      }
    }
  }

  /** Takes the new state of a workload, and returns it with the times of its rollout. */
  set<T extends WorkloadRollout>(rollout: T): T {
    const key = workloadKey(rollout.planned.ref);
    const earlier = this.#rollouts.get(key)?.times;
    // What was done is known, whatever becomes of its time.
    this.#rollouts.set(key, rollout);
    const times = timesAfter(earlier, rollout, this.#now());
    const timed = { ...rollout, ...defined({ times }) };
    this.#rollouts.set(key, timed);
    return timed;
  }

  /** Returns the current state of a workload. */
  of(planned: PlannedWorkload): WorkloadRollout {
    return this.#rollouts.get(workloadKey(planned.ref)) ?? pendingRollout(planned);
  }

  /** Returns the current states of some workloads, in their order. */
  ofEach(workloads: readonly PlannedWorkload[]): WorkloadRollout[] {
    return workloads.map((planned) => this.of(planned));
  }

  /** Returns the current states of all workloads, in the order of the waves. */
  all(): WorkloadRollout[] {
    return [...this.#rollouts.values()];
  }
}
