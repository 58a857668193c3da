/**
 * Whether a run may start anything more, over all of its clusters. Everybody who rolls workloads tells it what failed, and asks it
 * before each change.
 */
export class StopCondition {
  readonly #tolerated: number;
  readonly #signal: AbortSignal;
  readonly #abandoning: (() => void)[] = [];
  #failures = 0;
  #superseded = false;

  /** `tolerated`: how many workloads of the run may fail. Once the signal aborts, nothing more is started. */
  constructor(tolerated: number, signal: AbortSignal) {
    this.#tolerated = tolerated;
    this.#signal = signal;
  }

  /** Whether no further workload may be touched. */
  get isMet(): boolean {
    return this.#signal.aborted || this.#superseded || this.hasFailed;
  }

  /** Whether more workloads have failed than may. */
  get hasFailed(): boolean {
    return this.#failures > this.#tolerated;
  }

  /** Whether it ends because another run has brought something newer. */
  get isSuperseded(): boolean {
    return this.#superseded;
  }

  countFailures(workloads = 1): void {
    this.#failures += workloads;
  }

  /** Another run has brought something newer to one of the workloads: going on would undo what is newer. */
  supersede(): void {
    this.#superseded = true;
  }

  /** What `abandon` calls. */
  onAbandon(letGo: () => void): void {
    this.#abandoning.push(letGo);
  }

  /** Lets go of all that is waited for in any cluster: it will be rolled back, whatever it comes to. */
  abandon(): void {
    for (const letGo of this.#abandoning) letGo();
  }
}
