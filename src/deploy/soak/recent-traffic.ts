import { addTraffic, type Traffic, trafficSince } from '../../mesh/proxy/traffic.ts';

/** What was counted in a time, in milliseconds. */
export interface RecentTraffic {
  readonly traffic: Traffic;
  readonly ms: number;
}

/** What a pod failed longer ago says little of now: a backend may have begun to fail since. */
const RECENT_MS = 120_000;

interface Read {
  readonly at: number;
  readonly traffic: Traffic;
}

/** What a pod has counted in its last two minutes; once it is held, in those and since. */
export class LastMinutes {
  #reads: readonly Read[] = [];
  #isHeld = false;

  /** Takes what the pod has counted in all until now, which never falls. */
  add(at: number, traffic: Traffic): void {
    const reads = [...this.#reads, { at, traffic }];
    const [first] = reads;
    if (this.#isHeld && first !== undefined) {
      this.#reads = [first, { at, traffic }];
      return;
    }
    // The time goes back two minutes or to the read before, whatever is longer.
    const from = reads.findIndex((read) => read.at >= at - RECENT_MS);
    this.#reads = reads.slice(Math.min(from, Math.max(0, reads.length - 2)));
  }

  /** From now on, the time grows. */
  hold(): void {
    this.#isHeld = true;
  }

  /** `undefined` where the pod was not read twice. */
  get counted(): RecentTraffic | undefined {
    const [first, last] = [this.#reads[0], this.#reads.at(-1)];
    if (first === undefined || last === undefined || last.at === first.at) return undefined;
    return { traffic: trafficSince(last.traffic, first.traffic), ms: last.at - first.at };
  }
}

/** Returns what pods have counted together; the time is the longest of theirs. `undefined` where none has. */
export function addRecent(all: readonly (RecentTraffic | undefined)[]): RecentTraffic | undefined {
  return all.reduce((sum, one) => {
    if (one === undefined) return sum;
    return { traffic: addTraffic(sum?.traffic, one.traffic) ?? one.traffic, ms: Math.max(sum?.ms ?? 0, one.ms) };
  }, undefined);
}
