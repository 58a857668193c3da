/**
 * What shows that the filter runs, the strongest first: `listener`: each proxy has it in its listener, with its image; `stats`: no
 * proxy has rejected a listener, nor failed to pull an image; `ready`: the pods are ready under the revision's label.
 */
export const EVIDENCE_LEVELS = ['listener', 'stats', 'ready'] as const;
export type EvidenceLevel = (typeof EVIDENCE_LEVELS)[number];

/** The evidence that a workload's pods run what they should. */
export interface Verification {
  /** The weakest evidence of any of the pods. */
  readonly level: EvidenceLevel;
  /** Pods with that evidence, of those that are wanted. */
  readonly pods: number;
  readonly wanted: number;
  /** Whether each of the pods answered the probe as expected; omitted without a probe. */
  readonly probed?: true;
  /** Why there is no stronger evidence: a permission that is missing. */
  readonly weakness?: string;
  /** Which requests pass by the filter, as clauses. */
  readonly notes?: readonly string[];
}
