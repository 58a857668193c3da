import type { TrialEnd, TrialEvent } from './protocol.ts';
import { withUnsupported } from './trial.ts';
import type { TrialStep } from './verdict.ts';

/** For the process to come up, on a machine under load. */
const STARTUP_MS = 30_000;

/** What a trial comes to that is cancelled. */
export const CANCELLED: TrialEnd = { state: 'inconclusive', why: 'the run was cancelled' };

/**
 * A trial from the start of its process to its end: takes in what the process says, and ends the trial where it is cancelled, or where
 * the process does not come up or the filter does not end in time. Only the first end counts.
 */
export class PendingTrial {
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #end = Promise.withResolvers<TrialEnd>();
  readonly #logs: string[] = [];
  readonly #unsupportedCalls: string[] = [];
  #step: TrialStep | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Begins to wait for the process; `timeoutMs` are for the filter alone. */
  constructor(timeoutMs: number, signal: AbortSignal | undefined) {
    this.#timeoutMs = timeoutMs;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#cancel, { once: true });
    this.#setTimer(STARTUP_MS);
  }

  /** Resolves with what the trial has come to, and never rejects. */
  get end(): Promise<TrialEnd> {
    return this.#end.promise;
  }

  /** What the filter has logged so far. */
  get logs(): string[] {
    return [...this.#logs];
  }

  /** The last step that the filter has begun; `undefined` before the first. */
  get step(): TrialStep | undefined {
    return this.#step;
  }

  /** Takes in what the process says. */
  hear(event: TrialEvent): void {
    switch (event.kind) {
      case 'log':
        this.#logs.push(event.line);
        return;
      case 'unsupported':
        this.#unsupportedCalls.push(event.about);
        return;
      case 'end':
        this.#end.resolve(event.end);
        return;
      case 'begin':
      case 'part':
        return;
      case 'step':
        if (this.#step === undefined) this.#setTimer(this.#timeoutMs);
        this.#step = event.step;
    }
  }

  /** Ends the trial, for a reason that says nothing of the filter: a clause. */
  breakOff(why: string): void {
    this.#end.resolve({ state: 'inconclusive', why, brokeOff: true });
  }

  /** Lets go of the timer and the signal. */
  dispose(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#cancel);
  }

  readonly #cancel = (): void => this.#end.resolve(CANCELLED);

  #setTimer(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#step === undefined) this.breakOff('its process did not come up in time');
      else this.#end.resolve(withUnsupported({ state: 'timeout', step: this.#step }, this.#unsupportedCalls));
    }, milliseconds);
  }
}
