import { workloadKey } from '../../targets/target.ts';
import type { PlannedWorkload } from '../plan/plan.ts';
import { pendingRollout, type WorkloadRollout } from './workload-rollout.ts';

/** Holds the current state of each workload's rollout, which begins as pending. */
export class RolloutStates {
  /** By `workloadKey`, in the order of the waves. */
  readonly #rollouts = new Map<string, WorkloadRollout>();

  constructor(waves: readonly (readonly PlannedWorkload[])[]) {
    for (const [index, wave] of waves.entries()) {
      for (const planned of wave) this.set(pendingRollout(planned, waves.length > 1 ? index + 1 : undefined));
    }
  }

  /** Takes the new state of a workload, and returns it. */
  set<T extends WorkloadRollout>(rollout: T): T {
    this.#rollouts.set(workloadKey(rollout.planned.ref), rollout);
    return rollout;
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
