import type { WorkloadRef } from '../../targets/target.ts';

/** One file that `render` wrote. */
export interface RenderedFile {
  /** From the workspace. */
  readonly path: string;
  readonly bytes: number;
  /** What it holds: `ConfigMap shop/add-header-0123456789`, `patch for Deployment shop/reviews`. */
  readonly content: string;
  /** Set where it was there and is not ours to write. */
  readonly kept?: boolean;
  /** Of a patch, the workload that it is for. */
  readonly patches?: PatchedWorkloads;
}

/** The workload that a patch is for; `selected` where Kustomize finds those that it is for by a selector. */
export type PatchedWorkloads = WorkloadRef | 'selected';

/** A revision that files have. */
export interface RenderedRevision {
  readonly filter: string;
  readonly revision: string;
}

/** What `render` wrote. */
export interface RenderedFiles {
  readonly state: 'written';
  readonly folder: string;
  readonly files: readonly RenderedFile[];
  /** By filter, each once. */
  readonly revisions: readonly RenderedRevision[];
  /** What an earlier run had written there and this one has not, from the workspace. */
  readonly removed: readonly string[];
}
