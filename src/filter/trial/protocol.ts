import type { TrialRequest } from '../host/request.ts';
import type { TrialOutcome, TrialStep, TrialVerdict } from './verdict.ts';

/** What the process is told first, as JSON; the module follows in a frame of its own. */
export interface TrialOrder {
  readonly request: Omit<TrialRequest, 'module'>;
  /** The process ends the trial when it takes more than this many bytes of memory. */
  readonly maxMemoryBytes: number;
}

/** What a trial came to, and the calls of host functions where it came to its end. */
export type TrialEnd = TrialOutcome & Pick<TrialVerdict, 'calls'>;

/** What the process says, and its second thread to the first one; the end comes last. */
export type TrialEvent =
  | { readonly kind: 'step'; readonly step: TrialStep }
  | { readonly kind: 'log'; readonly line: string }
  | { readonly kind: 'unsupported'; readonly about: string }
  | { readonly kind: 'end'; readonly end: TrialEnd };

/** Bytes of the largest thing that the process is told: far above what a proxy can be given as a module. */
export const MAX_ORDER_BYTES = 268_435_456;

/** Bytes of all that the process may say: its log, its calls and the headers are cut before that. */
export const MAX_SAID_BYTES = 33_554_432;
