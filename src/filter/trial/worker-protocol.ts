import type { TrialOutcome, TrialRequest, TrialStep } from './verdict.ts';

/** What tells a worker that it is one: the program that starts it is the same file as the main one. */
export const TRIAL_ROLE = 'trial';

/** What the worker is given. */
export interface TrialWorkerData {
  readonly role: typeof TRIAL_ROLE;
  readonly request: TrialRequest;
}

/** What the worker says; the outcome comes last. */
export type TrialEvent =
  | { readonly kind: 'step'; readonly step: TrialStep }
  | { readonly kind: 'log'; readonly line: string }
  | { readonly kind: 'doubt'; readonly about: string }
  | { readonly kind: 'outcome'; readonly outcome: TrialOutcome; readonly calls: readonly string[] };
