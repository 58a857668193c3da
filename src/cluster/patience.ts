import { performance } from 'node:perf_hooks';
import { untilAborted } from '../base/concurrency.ts';
import { formatDuration } from '../base/text.ts';

/**
 * How many milliseconds a phase may lose to an API server that does not answer, and how many a wave may have lost altogether by its
 * end: 33 s with the last. What one phase leaves is there for the next, and none can take what is kept for those after it: however
 * the server behaves before, a rollback has 8 s of its own, and all of it where the server was well until then.
 */
const MAY_LOSE_MS = {
  /** Before anything is changed: evidence that a run can do without. */
  'inspecting what runs': { itself: 8_000, altogether: 10_000 },
  'reading the cluster': { itself: 16_000, altogether: 16_000 },
  writing: { itself: 16_000, altogether: 18_000 },
  'verifying the filter': { itself: 16_000, altogether: 20_000 },
  'collecting evidence': { itself: 5_000, altogether: 22_000 },
  'rolling back': { itself: 28_000, altogether: 30_000 },
  'cleaning up': { itself: 6_000, altogether: 33_000 },
} as const;

/** A phase in which the time counts. */
type Timed = keyof typeof MAY_LOSE_MS;

/** What a run is doing. While it waits for pods, their timeout counts alone. */
export type ApiPhase = Timed | 'waiting for pods';

/** Phases in which nothing is written. */
export const UNWRITTEN: ReadonlySet<ApiPhase> = new Set<ApiPhase>(['inspecting what runs', 'reading the cluster']);

/** A server that answers within this is slow, but honest: no time is lost. */
const HONEST_MS = 2_500;
/** Kept for asking once more, of a phase that waits. */
const KEPT_MS = 3_000;
/** Waiting for what the server shows truthfully takes no more than this from the phases that follow. */
const MAX_WAITED_MS = 15_000;

/** A phase is over because the API server has not answered for too long. */
export class StalledError extends Error {
  /** The request that hung longest. */
  readonly request: string;
  readonly phase: ApiPhase;

  constructor(phase: ApiPhase, { what, since, last }: Asking, others: number, now: number) {
    const more = others > 0 ? ` (and ${others} more)` : '';
    const came = last === undefined ? 'no answer' : `no useful answer (last: ${last})`;
    super(`${came} to ${what}${more} for ${formatDuration(now - since)} while ${phase}`);
    this.name = 'StalledError';
    this.phase = phase;
    this.request = what;
  }
}

/** What work under a budget is given. */
export interface Turn {
  /** Aborts, with a `StalledError`, when the patience of the phase is at its end. */
  readonly signal: AbortSignal | undefined;
  /** Notes what happened to an attempt, for the message. */
  readonly note: (outcome: string) => void;
}

/** The patience that is left for one phase. */
export interface Budget {
  readonly phase: ApiPhase;
  /** What may still be lost, in milliseconds; infinite while pods are waited for. */
  leftMs(): number;
  /** How long this phase may wait for what the server shows, such as pods that end, without that the run becomes longer than it may be. */
  mayWaitMs(): number;
  /** How long one list may take at most, where its pages come in time; `ms` unless too much is lost already. */
  mayList(ms: number): number;
  /** Notes a time for which something was waited for that the server showed, and that did not come. */
  waited(ms: number): void;
  /**
   * Does work that asks the server; time counts as lost from a moment after the last useful answer on. `isUseful` tells whether what
   * it comes to is an answer at all. Throws what `work` throws, and `StalledError`.
   */
  ask<T>(what: string, work: (turn: Turn) => Promise<T>, isUseful?: (result: T) => boolean): Promise<T>;
}

interface Asking {
  readonly phase: Timed;
  readonly what: string;
  readonly since: number;
  readonly abort: AbortController;
  last?: string;
}

/** Without an end, for what has one of its own. */
export const UNLIMITED: Budget = {
  phase: 'waiting for pods',
  leftMs: () => Number.POSITIVE_INFINITY,
  mayWaitMs: () => Number.POSITIVE_INFINITY,
  mayList: (ms) => ms,
  waited: () => undefined,
  ask: (_what, work) => work({ signal: undefined, note: () => undefined }),
};

/**
 * What a run loses to an API server, over all that it asks at the same time: the time in which a question is open and no useful
 * answer comes to any. So a server that answers slowly, but answers, can be asked for as long as it takes, and one that hangs, drips
 * or only sends errors ends the phase, whatever way it finds.
 */
export class Patience {
  readonly #now: () => number;
  readonly #open = new Set<Asking>();
  readonly #ends = new Map<Timed, StalledError>();
  #lost = 0;
  readonly #lostIn = new Map<Timed, number>();
  /** The time with an open question since the last useful answer, up to `#at`. */
  #silence = 0;
  #at = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** The budget of a phase. */
  during(phase: ApiPhase): Budget {
    if (phase === 'waiting for pods') return UNLIMITED;
    const leftMs = (): number => {
      this.#tick();
      return Math.max(0, this.#left(phase));
    };
    return {
      phase,
      leftMs,
      mayWaitMs: () => {
        this.#tick();
        return Math.max(0, MAY_LOSE_MS[phase].altogether - this.#lost - KEPT_MS);
      },
      // Before the first write nothing is kept from anybody.
      mayList: (ms) => (UNWRITTEN.has(phase) ? ms : Math.min(ms, leftMs())),
      waited: (ms) => this.waited(ms),
      ask: (what, work, isUseful = () => true) => this.#ask(phase, what, work, isUseful),
    };
  }

  /** Begins anew, as each wave does. */
  renew(): void {
    this.#tick();
    this.#lost = 0;
    this.#lostIn.clear();
    this.#silence = 0;
    this.#ends.clear();
    this.#arm();
  }

  /** Notes a time for which something was waited for that the server showed, and that did not come. */
  waited(ms: number): void {
    this.#tick();
    this.#lost = Math.max(this.#lost, Math.min(ms, MAX_WAITED_MS));
    this.#arm();
  }

  async #ask<T>(
    phase: Timed,
    what: string,
    work: (turn: Turn) => Promise<T>,
    isUseful: (result: T) => boolean,
  ): Promise<T> {
    const over = this.#ends.get(phase);
    if (over !== undefined) throw over;
    const asking: Asking = { phase, what, since: this.#now(), abort: new AbortController() };
    this.#tick();
    this.#open.add(asking);
    this.#arm();
    try {
      const { signal } = asking.abort;
      const note = (outcome: string): void => {
        asking.last = outcome;
      };
      const result = await untilAborted(work({ signal, note }), signal);
      if (isUseful(result)) this.#answered();
      return result;
    } finally {
      this.#tick();
      this.#open.delete(asking);
      this.#arm();
    }
  }

  #answered(): void {
    this.#tick();
    this.#silence = 0;
  }

  /** What a phase may still lose, as of the last tick. */
  #left(phase: Timed): number {
    const { itself, altogether } = MAY_LOSE_MS[phase];
    return Math.min(altogether - this.#lost, itself - (this.#lostIn.get(phase) ?? 0));
  }

  /** Counts what was lost since the last tick. */
  #tick(): void {
    const now = this.#now();
    const passed = now - this.#at;
    this.#at = now;
    if (this.#open.size === 0) return;
    const before = Math.max(0, this.#silence - HONEST_MS);
    this.#silence += passed;
    const lost = Math.max(0, this.#silence - HONEST_MS) - before;
    this.#lost += lost;
    for (const phase of this.#openPhases()) this.#lostIn.set(phase, (this.#lostIn.get(phase) ?? 0) + lost);
  }

  #openPhases(): Set<Timed> {
    return new Set([...this.#open].map(({ phase }) => phase));
  }

  /** Ends the phases whose patience is over, and sets the clock for the next one. */
  #arm(): void {
    clearTimeout(this.#timer);
    this.#tick();
    const grace = Math.max(0, HONEST_MS - this.#silence);
    let next = Number.POSITIVE_INFINITY;
    for (const phase of this.#openPhases()) {
      const left = this.#left(phase);
      if (left <= 0) this.#end(phase);
      else next = Math.min(next, left + grace);
    }
    if (next !== Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.#arm(), Math.ceil(next));
  }

  #end(phase: Timed): void {
    const asking = [...this.#open].filter((one) => one.phase === phase).sort((a, b) => a.since - b.since);
    const [longest] = asking;
    if (longest === undefined) return;
    const error = this.#ends.get(phase) ?? new StalledError(phase, longest, asking.length - 1, this.#now());
    this.#ends.set(phase, error);
    for (const { abort } of asking) abort.abort(error);
  }
}
