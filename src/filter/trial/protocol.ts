import type { TrialRequest } from '../host/request.ts';
import type { TrialOutcome, TrialStep, TrialVerdict } from './verdict.ts';

/** What the process is told first, as JSON; the module follows in a frame of its own. */
export interface TrialOrder {
  readonly request: Omit<TrialRequest, 'module'>;
  /** The process ends the trial when it takes more than this many bytes of memory. */
  readonly maxMemoryBytes: number;
  /** A second frame follows, with what the second thread is to do in place of a trial. */
  readonly more?: true;
}

/** What the second thread is started with. */
export interface WorkerTask {
  readonly request: TrialRequest;
  /** What it is to do in place of a trial, as it was told. */
  readonly more?: Uint8Array;
}

/** What a trial came to, and the calls of host functions where it came to its end. */
export type TrialEnd = TrialOutcome & Pick<TrialVerdict, 'calls'>;

/** What the process says, and its second thread to the first one; the end comes last. */
export type TrialEvent =
  | { readonly kind: 'step'; readonly step: TrialStep }
  | { readonly kind: 'log'; readonly line: string }
  | { readonly kind: 'unsupported'; readonly about: string }
  | { readonly kind: 'end'; readonly end: TrialEnd }
  /** Of what is done in place of a trial: a part begins, or has come to its end. */
  | { readonly kind: 'begin'; readonly part: number }
  | { readonly kind: 'part'; readonly part: number; readonly result: unknown };

/** Bytes of the largest thing that the process is told: far above what a proxy can be given as a module. */
export const MAX_ORDER_BYTES = 268_435_456;

/** Bytes of all that the process may say: its log, its calls and the headers are cut before that. */
export const MAX_SAID_BYTES = 33_554_432;
