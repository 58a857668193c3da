import type { SoakLimits } from '../policy.ts';
import { alphaOf, binomialExact, isWorthTesting } from './statistics.ts';
import { formatShareOf } from './words.ts';

/** Each new pod has answered the probe before it is watched; so many failures are chance. */
const TOLERATED = 0.01;
const LEAST_FAILURES = 3;

/** Counts the probes that were sent to the pods of a workload while they are watched. */
export class ProbeTally {
  readonly #share: number;
  #sent = 0;
  #failed = 0;
  #looks = 0;
  #tested = 0;
  #first = '';

  constructor({ maxErrorRate }: SoakLimits) {
    this.#share = maxErrorRate === undefined ? TOLERATED : maxErrorRate.share;
  }

  get sent(): number {
    return this.#sent;
  }

  get failed(): number {
    return this.#failed;
  }

  /** Takes one answer: `wrong` is what was wrong with it, a clause whose subject is the pod. */
  add(pod: string, wrong?: string): void {
    this.#sent++;
    if (wrong === undefined) return;
    this.#failed++;
    this.#first ||= `pod ${pod} ${wrong}`;
  }

  /** Returns what is wrong, a clause; `undefined` while so many failures may be chance. */
  judge(): string | undefined {
    if (this.#failed < LEAST_FAILURES || !isWorthTesting(this.#sent, this.#tested)) return undefined;
    this.#tested = this.#sent;
    this.#looks++;
    const chance = binomialExact({ all: this.#sent, hits: this.#failed }, this.#share);
    if (chance >= alphaOf(this.#looks)) return undefined;
    return `the probe failed ${this.#failed} times of ${this.#sent} (${formatShareOf(this.#failed, this.#sent)}; each new pod had answered it before); first: ${this.#first}`;
  }
}
