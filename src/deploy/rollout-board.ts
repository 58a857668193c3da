import type { Workload } from '../cluster/objects.ts';
import { type Readiness, readinessOf } from '../cluster/readiness.ts';
import { revisionOn } from '../mesh/template.ts';
import { type WorkloadRef, workloadKey } from '../targets/target.ts';
import type { PlannedWorkload } from './plan.ts';

/** How a workload's rollout ended. */
export interface RolloutResult {
  /** `stuck`: its pods cannot get ready, whatever the time. */
  readonly state: 'ready' | 'failed' | 'stuck' | 'timeout' | 'superseded' | 'deleted' | 'cancelled';
  /** What was missing or happened; empty when ready. */
  readonly message: string;
  readonly ready: number;
  readonly wanted: number;
  /** From the start of the waiting to the verdict, in milliseconds. */
  readonly durationMs: number;
}

/** A workload whose rollout is not decided yet. */
export interface Pending {
  readonly planned: PlannedWorkload;
  readonly readiness: Readiness;
}

/** Keeps which rollouts are pending and which are decided, as the workloads' states come in. */
export class RolloutBoard {
  readonly #pending = new Map<string, Pending>();
  readonly #results = new Map<string, RolloutResult>();
  readonly #now: () => number;
  readonly #started: number;

  constructor(workloads: readonly PlannedWorkload[], now: () => number) {
    this.#now = now;
    this.#started = now();
    for (const planned of workloads) {
      this.#pending.set(workloadKey(planned.ref), {
        planned,
        readiness: readinessOf(planned.ref.kind, planned.observed),
      });
    }
  }

  get pending(): readonly Pending[] {
    return [...this.#pending.values()];
  }

  get results(): ReadonlyMap<string, RolloutResult> {
    return this.#results;
  }

  get allDecided(): boolean {
    return this.#pending.size === 0;
  }

  /** Takes in the state of a workload, or that it is gone. Workloads that nobody waits for are passed over. */
  see(ref: WorkloadRef, workload: Workload | undefined): void {
    const key = workloadKey(ref);
    const entry = this.#pending.get(key);
    if (entry === undefined) return;
    if (workload === undefined) {
      this.#decide(key, 'deleted', 'the workload was deleted');
      return;
    }
    const readiness = readinessOf(ref.kind, workload);
    this.#pending.set(key, { planned: entry.planned, readiness });
    const foreign = foreignRevision(entry.planned, workload);
    if (foreign !== undefined) this.#decide(key, 'superseded', foreign);
    else if (readiness.state !== 'progressing') this.#decide(key, readiness.state, readiness.message);
  }

  /** Takes in that a workload's pods cannot get ready. */
  giveUp(key: string, why: string): void {
    this.#decide(key, 'stuck', why);
  }

  /** Ends every rollout that is still pending. */
  end(state: 'timeout' | 'cancelled'): void {
    for (const [key, { readiness }] of [...this.#pending]) this.#decide(key, state, readiness.message);
  }

  #decide(key: string, state: RolloutResult['state'], message: string): void {
    const entry = this.#pending.get(key);
    if (entry === undefined) return;
    this.#pending.delete(key);
    const { ready, wanted } = entry.readiness;
    this.#results.set(key, { state, message, ready, wanted, durationMs: this.#now() - this.#started });
  }
}

/** Says what a pod template carries instead of our revision, if it is not there any more. */
function foreignRevision({ revisions }: PlannedWorkload, workload: Workload): string | undefined {
  for (const { filter, id } of revisions) {
    const now = revisionOn(workload, filter);
    if (now === undefined) return `the label of the filter "${filter}" was removed from its pod template`;
    if (now !== id) return `another run put revision ${now} of the filter "${filter}" there`;
  }
  return undefined;
}
