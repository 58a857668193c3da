import { countOf, type Latencies, quantileOf, slowerThan, type Traffic } from '../../mesh/proxy/traffic.ts';
import type { ErrorRateLimit, LatencyLimit, SoakLimits } from '../policy.ts';
import { alphaOf, binomialExact, type Counted, fisherExact, isWorthTesting } from './statistics.ts';
import { formatShareOf } from './words.ts';

/** What requests show to be wrong, with both values. A clause about the new pods, without its end. */
export type TrafficBreach = string;

/** Requests of the new pods, and what they are compared with. */
export interface Compared {
  readonly now: Traffic;
  /** Omitted where there is nothing to compare with. */
  readonly before?: Traffic;
  /** What that is: `in the old pods`. */
  readonly beforeName: string;
}

/** A filter may make requests fail that many times less often without that a default limit calls it bad: half a percent of all. */
const TOLERATED = 0.005;
/** So few failures are chance, or the clients'. */
const LEAST_FAILURES = 3;
/** A median needs so many requests, a 99th percentile so many, on both sides. */
const QUANTILES = [
  { quantile: 0.5, name: 'p50', least: 50 },
  { quantile: 0.99, name: 'p99', least: 300 },
] as const;

/** Judges the requests of one workload, look by look: each test is made only when there is something new to judge. */
export class TrafficJudge {
  readonly #limits: SoakLimits;
  readonly #tests = new Map<string, { looks: number; all: number }>();

  constructor(limits: SoakLimits) {
    this.#limits = limits;
  }

  /**
   * Returns what is wrong with the requests of the new pods; `undefined` if nothing is, as far as anybody can tell yet. `recent `: only the
   * last of them are given, which has tests of its own.
   */
  judge(compared: Compared, part: '' | 'recent ' = ''): TrafficBreach | undefined {
    if (compared.now.requests < this.#limits.minRequests) return undefined;
    return this.#errors(compared, part) ?? this.#latency(compared, part);
  }

  #errors({ now, before, beforeName }: Compared, part: string): TrafficBreach | undefined {
    const { maxErrorRate } = this.#limits;
    const counted = failuresIn(now);
    const earlier = before === undefined ? undefined : failuresIn(before);
    if (counted.hits < LEAST_FAILURES || rateOf(counted) <= (earlier === undefined ? 0 : rateOf(earlier))) {
      if (maxErrorRate?.beyond !== 'zero') return undefined;
    }
    const chance = this.#test(`${part}errors`, counted.all, () => chanceOfErrors(counted, earlier, maxErrorRate));
    if (chance === undefined) return undefined;
    const than = earlier === undefined ? '' : `, ${shareWords(earlier)} ${beforeName}`;
    return `${now.source === 'istio' ? 'istio_requests_total' : 'envoy_http_downstream_rq'}: ${shareWords(counted)} failed (5xx or reset) in the new pods${than}${limitWords(maxErrorRate)}`;
  }

  #latency({ now, before, beforeName }: Compared, part: string): TrafficBreach | undefined {
    const { maxLatencyIncrease } = this.#limits;
    if (maxLatencyIncrease === undefined || now.latencies === undefined || before?.latencies === undefined) {
      return undefined;
    }
    for (const { quantile, name, least } of QUANTILES) {
      const [all, allBefore] = [countOf(now.latencies), countOf(before.latencies)];
      const was = quantileOf(before.latencies, quantile);
      const is = quantileOf(now.latencies, quantile);
      if (all < least || allBefore < least || was === undefined || is === undefined) continue;
      const limit = latencyLimit(was, maxLatencyIncrease);
      if (is <= limit) continue;
      const bound = boundAbove(now.latencies, limit);
      const slow = { all, hits: slowerThan(now.latencies, bound) };
      const slowBefore = { all: allBefore, hits: slowerThan(before.latencies, bound) };
      const chance = this.#test(`${part}${name}`, all, () =>
        Math.max(binomialExact(slow, 1 - quantile), fisherExact(slow, slowBefore)),
      );
      if (chance === undefined) continue;
      return `${name} of the requests is ${milliseconds(is)} in the new pods, ${milliseconds(was)} ${beforeName}, and may be ${milliseconds(limit)}`;
    }
    return undefined;
  }

  /** Returns the chance that a test gives, where it is small enough to be believed. */
  #test(name: string, all: number, chanceOf: () => number): number | undefined {
    const { looks, all: tested } = this.#tests.get(name) ?? { looks: 0, all: 0 };
    // The recent part begins anew from time to time.
    if (!isWorthTesting(all, all < tested ? 0 : tested)) return undefined;
    this.#tests.set(name, { looks: looks + 1, all });
    const chance = chanceOf();
    return chance < alphaOf(looks + 1) ? chance : undefined;
  }
}

/** The chance of so many failures if the limit were kept. */
function chanceOfErrors(now: Counted, before: Counted | undefined, limit: ErrorRateLimit | undefined): number {
  if (limit?.beyond === 'zero') return binomialExact(now, limit.share);
  // Nobody can tell what is usual there.
  if (before === undefined || before.all === 0) return 1;
  const tolerated = limit?.share ?? TOLERATED;
  const shifted = Math.min(before.all, Math.ceil(before.hits + tolerated * before.all));
  const moreThanTolerated = fisherExact(now, { all: before.all, hits: shifted });
  // By default any rise counts that is sure and not tiny; where somebody has set how much it may be, it must be sure to be more.
  return limit === undefined && rateOf(now) - rateOf(before) > TOLERATED ? fisherExact(now, before) : moreThanTolerated;
}

/** Returns the requests that have failed: by the server's or the filter's fault, or without an answer. */
export function failuresIn({ requests, errors, resets }: Traffic): Counted {
  return { all: requests, hits: Math.min(requests, errors + resets) };
}

function rateOf({ all, hits }: Counted): number {
  return all === 0 ? 0 : hits / all;
}

function shareWords({ all, hits }: Counted): string {
  return `${formatShareOf(hits, all)} of ${all} requests`;
}

function limitWords(limit: ErrorRateLimit | undefined): string {
  if (limit === undefined) return '';
  const share = formatShareOf(limit.share, 1);
  return limit.beyond === 'zero' ? `; "max-error-rate" is ${share}` : `; "max-error-rate" is +${share}`;
}

function latencyLimit(was: number, limit: LatencyLimit): number {
  return 'ms' in limit ? was + limit.ms : was * (1 + limit.share);
}

/** The bound of a bucket from which on a request is surely beyond a limit. */
function boundAbove(latencies: Latencies, limit: number): number {
  return [...latencies.keys()].find((bound) => bound >= limit) ?? Number.POSITIVE_INFINITY;
}

function milliseconds(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}
