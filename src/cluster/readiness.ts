import type { Condition, Workload } from './objects.ts';

/**
 * Where a rollout stands. `failed` is final, `progressing` may still become `ready`; `waiting` stays as it is until somebody promotes
 * it, with ready pods under the current template or without any.
 */
export interface Readiness {
  readonly state: 'ready' | 'progressing' | 'waiting' | 'failed';
  /** What is missing, in words, or where it waits; empty when ready. */
  readonly message: string;
  /** Pods that are ready under the current template. */
  readonly ready: number;
  /** Pods that are wanted. */
  readonly wanted: number;
  /** Set when the API server rejects to make pods (a quota, a webhook); the message says why. */
  readonly podsRefused?: true;
  /** Set with `failed` when the rollout was aborted: the pods of before serve, and it stays so until somebody retries it. */
  readonly aborted?: true;
  /** Where to look for the cause of a failure, as a sentence, where that is not its pods. */
  readonly look?: string;
  /** Set while only that it is paused keeps its pods from being replaced: the command that resumes it, between backticks. */
  readonly resume?: string;
}

/** What a rule says of a workload; `undefined` if nothing is missing. */
export type ReadinessVerdict =
  | (Pick<Readiness, 'message' | 'podsRefused' | 'aborted' | 'look' | 'resume'> & {
      readonly state: Exclude<Readiness['state'], 'ready'>;
    })
  | undefined;

/** The pods of a workload, as its status counts them. */
export interface PodCounts {
  readonly wanted: number;
  readonly all?: number | undefined;
  readonly updated?: number | undefined;
  readonly ready?: number | undefined;
  /** Whether those that are not updated are old ones; else they are as wanted. */
  readonly hasOld: boolean;
}

/**
 * Returns whether every wanted pod of a workload runs its current template and is ready: by what holds for every kind, then by the
 * `rule` of its own. The rules are kstatus's (sigs.k8s.io/cli-utils, pkg/kstatus/status/core.go).
 */
export function judgeReadiness(
  workload: Workload,
  counts: Pick<Readiness, 'ready' | 'wanted'>,
  rule: (workload: Workload) => ReadinessVerdict,
): Readiness {
  const verdict = beforeKind(workload) ?? rule(workload);
  return verdict === undefined ? { ...counts, state: 'ready', message: '' } : { ...counts, ...verdict };
}

/** Whether a controller has not seen the last change of a workload yet. */
export function isUnseen(workload: Workload): boolean {
  const { generation = 0 } = workload.metadata;
  return generation > (observedGeneration(workload) ?? generation);
}

/** Returns the generation that a controller has seen; `undefined` if it has seen none, or calls it by something else than a number. */
function observedGeneration({ status }: Workload): number | undefined {
  const seen = Number(status?.observedGeneration ?? Number.NaN);
  return Number.isNaN(seen) ? undefined : seen;
}

function beforeKind(workload: Workload): ReadinessVerdict {
  const { metadata } = workload;
  if (metadata.deletionTimestamp !== undefined) return failed('the workload is being deleted');
  const seen = observedGeneration(workload);
  if (metadata.generation !== undefined && seen !== undefined && metadata.generation !== seen) {
    return progressing('the controller has not seen the change yet');
  }
  const stalled = conditionOf(workload, 'Stalled');
  if (stalled?.status === 'True') return failed(stalled.message ?? 'stalled');
  if (conditionOf(workload, 'Reconciling')?.status === 'True') return progressing('reconciling');
  return undefined;
}

/**
 * Returns the pods that are ready under the current template, of those that are wanted. A status does not tell which pods are ready,
 * so old pods that are still there count as ready ones: better too few than a rollout that looks done.
 */
export function countPods({ wanted, all = 0, updated = 0, ready = 0, hasOld }: PodCounts): {
  readonly ready: number;
  readonly wanted: number;
} {
  const old = hasOld ? Math.max(0, all - updated) : 0;
  return { wanted, ready: Math.min(Math.max(0, ready - old), wanted) };
}

/** Returns the condition of a type; `undefined` if the status has none. */
export function conditionOf(workload: Workload, type: string): Condition | undefined {
  return workload.status?.conditions?.find((condition) => condition.type === type);
}

/** Returns that a rollout has failed for good, why, and where to look for the cause if that is not its pods. */
export function failed(message: string, look?: string): ReadinessVerdict {
  return { state: 'failed', message, ...(look !== undefined && { look }) };
}

/** Returns that a rollout stays where it is until somebody promotes it, and where that is. */
export function waiting(message: string): ReadinessVerdict {
  return { state: 'waiting', message };
}

/** Returns that a rollout is under way, and what it waits for. */
export function progressing(message: string): ReadinessVerdict {
  return { state: 'progressing', message };
}
