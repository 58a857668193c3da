import type { Workload } from '../../cluster/objects.ts';
import { type EarlierProgress, earlierProgress, progressBefore } from '../../cluster/progress.ts';
import type { Readiness } from '../../cluster/readiness.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import { readinessOf, targetKind } from '../kinds/kinds.ts';

/** A workload that is waited for, as it was seen last. */
export class SeenWorkload {
  readonly #ref: WorkloadRef;
  #earlier: EarlierProgress | undefined;
  #latest: Workload;
  #readiness: Readiness;

  /** `from`: as the change left it that is waited for, or as it was found. */
  constructor(ref: WorkloadRef, from: Workload) {
    this.#ref = ref;
    // What a controller says that has not seen the change is of before. Nothing here asks a clock: that of the cluster may differ.
    this.#earlier = targetKind(ref).isUnseen(from) ? progressBefore(from) : undefined;
    this.#latest = from;
    this.#readiness = readinessOf(ref, from, this.#earlier);
  }

  get latest(): Workload {
    return this.#latest;
  }

  get readiness(): Readiness {
    return this.#readiness;
  }

  /** Whether all wanted pods are ready, for a controller that has seen the change. */
  get hasReadyPods(): boolean {
    const { ready, wanted } = this.#readiness;
    return wanted > 0 && ready >= wanted && !targetKind(this.#ref).isUnseen(this.#latest);
  }

  /** Takes in a state of the workload, and returns it with all that its kind knows of it. */
  see(shown: Workload): Workload {
    this.#latest = targetKind(this.#ref).binding.refresh(shown, this.#latest);
    this.#earlier = earlierProgress(this.#latest, this.#earlier);
    this.#readiness = readinessOf(this.#ref, this.#latest, this.#earlier);
    return this.#latest;
  }
}
