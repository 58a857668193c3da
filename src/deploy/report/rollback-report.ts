import type { Problem } from '../../base/problem.ts';

/** What happened to a workload's rollback. */
export interface Rollback {
  /** `rolled-back`: its pod template is; `failed`: see the problem; `skipped`: the run was cancelled before it wrote the template. */
  readonly state: 'rolled-back' | 'failed' | 'skipped';
  /** What its pod template has after it, by filter; null for none. */
  readonly to: Readonly<Record<string, string | null>>;
  readonly durationMs: number;
  /** Of a failed one: whether its pod template is as before, still what the run wrote, or nobody knows. */
  readonly template?: 'before' | 'new' | 'unknown';
  /**
   * Of one whose template is `before`: why it is not what the run found, although its filters are back. `other-filters-put-back`: what
   * the run put back of other filters stays, or no pod could start.
   */
  readonly differs?: 'changed-by-others' | 'earlier-revision' | 'other-filters-put-back';
  /** What kept its pods from being ready before the run already: nobody waited until they were. */
  readonly unready?: string;
  /** Where its rollout waits for promotion, of what it went back to: `paused at step 2 of 4 of its canary`. */
  readonly waiting?: string;
  /** Of `rolled-back`: the run was cancelled before its pods were seen to be ready. */
  readonly unconfirmed?: true;
  /** Why going back did not succeed, or what is left to do by hand. */
  readonly problem?: Problem;
  /** Set where its problem tells what was wrong with the workload, too: the API server did not answer before either. */
  readonly tellsFailure?: true;
}
