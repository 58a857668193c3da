import type { Readiness } from '../../cluster/readiness.ts';
import type { OtherRevision } from '../observe/superseded.ts';

/** How a workload's rollout ended. */
export interface RolloutResult {
  /**
   * `stuck`: its pods cannot become ready, whatever the time; `waiting`: somebody has to promote it; `unseen`: the API server did not
   * show it until the time was over.
   */
  readonly state:
    | 'ready'
    | 'waiting'
    | 'failed'
    | 'stuck'
    | 'timeout'
    | 'unseen'
    | 'superseded'
    | 'deleted'
    | 'cancelled';
  /** What was missing or happened, or where it waits; of `unseen`, when it was seen last. Empty when ready. */
  readonly message: string;
  /** Of one that was not ready before the run either: what is worse than it was. */
  readonly worse?: string;
  /** Of `unseen`: why the API server does not show it. */
  readonly trouble?: string;
  /** What to do about it, where that is known here. */
  readonly remedy?: string;
  /** That somebody has to resume it first, whatever else its pods lack. */
  readonly resume?: string;
  readonly ready: number;
  readonly wanted: number;
  /** Of `stuck`: set where the message says no more than that Envoy rejects a filter of the run. */
  readonly rejectsFilter?: true;
  /** Of `stuck`: set where pods are ready, but without a filter that could not be pulled; the message says no more than that. */
  readonly lacksFilter?: true;
  /** From the start of the following to the verdict, in milliseconds. */
  readonly durationMs: number;
  /** Of `superseded`: whether a run of this action has changed the workload, and not somebody else. */
  readonly byRun?: boolean;
  /** What that run has put there; omitted where it has taken something away. */
  readonly other?: OtherRevision;
}

/** Why the pods of a workload cannot become ready, or run without its filter. */
export type StuckVerdict = Pick<RolloutResult, 'message' | 'rejectsFilter' | 'lacksFilter'>;

/** Returns what to do about a failure that has its cause elsewhere than in its pods. */
export function remedyOf({ look, resume }: Readiness): Pick<RolloutResult, 'remedy' | 'resume'> {
  if (resume !== undefined) return { resume: `Resume it: ${resume}. Then re-run the job.` };
  return look === undefined ? {} : { remedy: `${look} Fix the cause and re-run the job.` };
}
