import { formatDuration } from '../../base/text.ts';
import type { TrialEvent } from '../trial/protocol.ts';
import type { ProcessListener } from '../trial/run.ts';
import type { TrialStep } from '../trial/verdict.ts';
import type { FilterTest, TestResult } from './filter-test.ts';

/** For the process to come up and the module to be compiled, on a machine under load. */
const STARTUP_MS = 60_000;

/**
 * Tests that run in one process, from its start to its end: takes in what the process says, and ends it where a test does not come to
 * its end in time, or the process cannot go on. Only the first end counts.
 */
export class PendingTests implements ProcessListener {
  readonly #tests: readonly FilterTest[];
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #end = Promise.withResolvers<readonly TestResult[]>();
  readonly #results: TestResult[] = [];
  #unsupported: string[] = [];
  #log: string[] = [];
  #begun = false;
  #step: TrialStep | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Begins to wait for the process; `timeoutMs` are for each test. */
  constructor(tests: readonly FilterTest[], timeoutMs: number, signal: AbortSignal | undefined) {
    this.#tests = tests;
    this.#timeoutMs = timeoutMs;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#cancel, { once: true });
    this.#setTimer(STARTUP_MS);
  }

  /** Resolves with the results of the first tests, of at least one unless it was cancelled; never rejects. */
  get end(): Promise<readonly TestResult[]> {
    return this.#end.promise;
  }

  get step(): TrialStep | undefined {
    return this.#step;
  }

  /** Takes in what the process says. */
  hear(event: TrialEvent): void {
    switch (event.kind) {
      case 'begin':
        this.#begun = true;
        this.#log = [];
        this.#unsupported = [];
        this.#setTimer(this.#timeoutMs);
        return;
      case 'step':
        this.#step = event.step;
        return;
      case 'log':
        this.#log.push(event.line);
        return;
      case 'unsupported':
        this.#unsupported.push(event.about);
        return;
      case 'part':
        this.#begun = false;
        this.#results.push(event.result as TestResult);
        if (this.#results.length === this.#tests.length) this.#end.resolve(this.#results);
        return;
      case 'end':
        if (event.end.state === 'inconclusive') this.breakOff(event.end.why);
    }
  }

  /** The process cannot go on: that is the fault of the test that it runs, or of the module, if none has begun. */
  breakOff(why: string): void {
    const test = this.#tests[this.#results.length];
    if (test === undefined) return;
    const words = this.#step === undefined ? why : `${this.#step}: ${why}`;
    if (this.#begun) this.#stop(words);
    else {
      const rest = this.#tests.slice(this.#results.length);
      const result = { log: [], trace: [], state: 'inconclusive' as const, why: [words] };
      this.#end.resolve([...this.#results, ...rest.map(({ name }) => ({ name, ...result }))]);
    }
  }

  /** Lets go of the timer and the signal. */
  dispose(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#cancel);
  }

  readonly #cancel = (): void => this.#end.resolve(this.#results);

  /** Ends with the test that runs. What it asked for in vain may be why. */
  #stop(why: string): void {
    const test = this.#tests[this.#results.length];
    if (test === undefined) return;
    const seen = { name: test.name, log: this.#log, trace: [] };
    const result: TestResult =
      this.#unsupported.length === 0
        ? { ...seen, state: 'stopped', why }
        : { ...seen, state: 'inconclusive', why: [why, ...this.#unsupported] };
    this.#end.resolve([...this.#results, result]);
  }

  #setTimer(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#begun) this.#stop(`it did not return from ${this.#step} within ${formatDuration(milliseconds)}`);
      else this.breakOff('its process did not come up in time');
    }, milliseconds);
  }
}
