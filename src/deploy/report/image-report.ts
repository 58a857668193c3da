/**
 * What happened to a filter's way into a registry. `unchanged`: it was there already; `planned`: a plan pushes nothing;
 * `skipped`: something was wrong before.
 */
export type ImageState = 'pushed' | 'unchanged' | 'planned' | 'failed' | 'skipped';

/** An image that a run pushes, or would push. */
export interface ImageReport {
  readonly filter: string;
  /** `registry.example/filters/add-header@sha256:…`. */
  readonly pinned: string;
  /** Absent where it is pushed under its digest alone. */
  readonly tag?: string;
  readonly state: ImageState;
}
