import type { Workload } from '../../cluster/objects.ts';
import type { AdoptedVolume } from '../../mesh/unmanaged/adopted-volumes.ts';
import type { AdoptedUnmanaged } from '../../mesh/unmanaged/unmanaged.ts';
import { type WorkloadRef, workloadKey } from '../../targets/target.ts';
import type { PlannedRevision } from './plan.ts';
import type { NotedBefore } from './rollback-target.ts';

/** A workload while its plan is made. */
export interface WorkloadDraft extends NotedBefore {
  readonly ref: WorkloadRef;
  readonly observed: Workload;
  readonly revisions: PlannedRevision[];
  readonly removals: string[];
  readonly adopted: AdoptedUnmanaged[];
  readonly volumes: AdoptedVolume[];
  readonly changes: string[];
  wave: number;
}

/** The workloads of a run while their plans are made, each once: several filters may share one. */
export class WorkloadDrafts {
  readonly #byKey = new Map<string, WorkloadDraft>();

  get all(): WorkloadDraft[] {
    return [...this.#byKey.values()];
  }

  /** Returns the draft of a workload; it goes with the earliest wave that was asked for. */
  of(ref: WorkloadRef, observed: Workload, wave: number): WorkloadDraft {
    const key = workloadKey(ref);
    const draft = this.#byKey.get(key) ?? newDraft(ref, observed, wave);
    this.#byKey.set(key, draft);
    draft.wave = Math.min(draft.wave, wave);
    return draft;
  }

  /** Whether a workload gets a revision of a filter. */
  gets(ref: WorkloadRef, filter: string): boolean {
    return this.#byKey.get(workloadKey(ref))?.revisions.some(({ revision }) => revision.filter === filter) ?? false;
  }
}

function newDraft(ref: WorkloadRef, observed: Workload, wave: number): WorkloadDraft {
  return {
    ref,
    observed,
    revisions: [],
    removals: [],
    adopted: [],
    volumes: [],
    rollbackTargets: new Map(),
    before: new Map(),
    changes: [],
    wave,
  };
}
