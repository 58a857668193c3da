/** What a soak has come to for one workload. */
export const SOAK_VERDICTS = ['passed', 'breached', 'no-traffic', 'not-watched'] as const;
export type SoakVerdict = (typeof SOAK_VERDICTS)[number];

/** What was counted of the pods of one side. */
export interface SoakCounts {
  readonly requests: number;
  /** Answered with 5xx, or reset. */
  readonly failed: number;
  /** Omitted where the proxies keep no histogram, or it is empty. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** Of the proxy that has most; omitted where nobody serves it and nobody could look. */
  readonly memoryBytes?: number;
  /** In cores, of the proxy that has most. */
  readonly cpu?: number;
}

/** What the old pods counted last, before they were replaced or until now. */
export interface SoakRecent {
  readonly ms: number;
  readonly requests: number;
  readonly failed: number;
}

/** What the requests of the new pods were compared with. */
export const SOAK_COMPARISONS = ['old-pods', 'own-start', 'nothing'] as const;
export type SoakComparison = (typeof SOAK_COMPARISONS)[number];

/** What the new pods had come to at a time. */
export interface SoakPoint {
  /** Since the workload was first watched. */
  readonly seconds: number;
  readonly requests: number;
  readonly failed: number;
}

/** What was seen of the pods of a workload while they were watched. */
export interface SoakReport {
  readonly verdict: SoakVerdict;
  /** What is wrong, with both values; only of `breached`. */
  readonly breach?: string;
  /** Between the last look that had not shown it and the verdict; only of `breached`, and omitted where the first look showed it. */
  readonly noticedMs?: number;
  /** How many pods with the change were watched, of those that there were. */
  readonly pods: { readonly watched: number; readonly all: number };
  readonly comparedWith: SoakComparison;
  readonly new: SoakCounts;
  /** Omitted where there is nothing to compare with. */
  readonly old?: SoakCounts;
  /** Omitted where the old pods were not read twice. */
  readonly recent?: SoakRecent;
  /** What is worse than in all that the old pods counted, and was not held against the change as it began before. */
  readonly excused?: string;
  /** Whose counters tell of requests; omitted where the proxies keep none. */
  readonly counters?: 'istio' | 'envoy';
  /** How often a filter has trapped in a new pod, or its VM was started anew. */
  readonly crashes: number;
  /** How often the proxy of a new pod was started anew. */
  readonly restarts: number;
  /** Omitted where no probe was sent. */
  readonly probes?: { readonly sent: number; readonly failed: number };
  /** What could not be watched, each as words with what it takes. */
  readonly unseen: readonly string[];
  /** Of the requests of the new pods; omitted where none were counted. */
  readonly course?: readonly SoakPoint[];
}
