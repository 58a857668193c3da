import { formatDuration } from '../../base/text.ts';
import { countOf, type Latencies, quantileOf, slowerThan, type Traffic } from '../../mesh/proxy/traffic.ts';
import type { ErrorRateLimit, LatencyLimit, SoakLimits } from '../policy.ts';
import { judgeRecent, LEAST_FAILURES, type RecentVerdict } from './recent-judge.ts';
import type { RecentTraffic } from './recent-traffic.ts';
import { alphaOf, binomialExact, type Counted, fisherExact, isWorthTesting } from './statistics.ts';
import { formatShareOf } from './words.ts';

/** What is worse in the requests of the new pods than in all that the old ones counted. */
export interface TrafficFinding {
  /** Whether it is worse than their last minutes, too, as far as anybody can tell. */
  readonly isBreach: boolean;
  /** All values. A clause about the new pods, without its end. */
  readonly text: string;
}

/** Requests of the new pods, and what they are compared with. */
export interface Compared {
  readonly now: Traffic;
  /** Omitted where there is nothing to compare with. */
  readonly before?: Traffic;
  /** What that is: `in the old pods`. */
  readonly beforeName: string;
  /** What the old pods counted last, in one or several times: what began before the change is none of the filter's. */
  readonly recent?: readonly RecentTraffic[];
}

/** A filter may make requests fail that many times less often without that a default limit calls it bad: half a percent of all. */
const TOLERATED = 0.005;
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
   * Returns what is worse in the requests of the new pods; `undefined` if nothing is, as far as anybody can tell yet. `recent `: only the
   * last of them are given, which has tests of its own.
   */
  judge(compared: Compared, part: '' | 'recent ' = ''): TrafficFinding | undefined {
    if (compared.now.requests < this.#limits.minRequests) return undefined;
    const errors = this.#errors(compared, part);
    if (errors?.isBreach) return errors;
    return this.#latency(compared, part) ?? errors;
  }

  #errors({ now, before, beforeName, recent = [] }: Compared, part: string): TrafficFinding | undefined {
    const { maxErrorRate } = this.#limits;
    const counted = failuresIn(now);
    const earlier = before === undefined ? undefined : failuresIn(before);
    if (counted.hits < LEAST_FAILURES || rateOf(counted) <= (earlier === undefined ? 0 : rateOf(earlier))) {
      if (maxErrorRate?.beyond !== 'zero') return undefined;
    }
    const chanceAgainst = (other: Counted | undefined): number => chanceOfErrors(counted, other, maxErrorRate);
    const test = this.#test(`${part}errors`, counted.all, () => chanceAgainst(earlier));
    if (test === undefined) return undefined;
    // A fixed limit counts, whatever anybody had before.
    const compared = earlier === undefined || maxErrorRate?.beyond === 'zero' ? [] : recent;
    const told = mostTelling(
      compared.map((one) => {
        const last = failuresIn(one.traffic);
        const isWorse = rateOf(counted) > rateOf(last) && chanceAgainst(last) < alphaOf(test);
        const verdict = judgeRecent(counted, earlier ?? last, last, isWorse);
        return { verdict, words: recentWords(verdict, shareWords(last), one) };
      }),
    );
    const than = earlier === undefined ? '' : `, ${shareWords(earlier)} ${beforeName}`;
    const counter = now.source === 'istio' ? 'istio_requests_total' : 'envoy_http_downstream_rq';
    const text = `${counter}: ${shareWords(counted)} failed (5xx or reset) in the new pods${than}${told.words}${limitWords(maxErrorRate)}`;
    return { isBreach: told.verdict !== 'as-recently', text };
  }

  #latency({ now, before, beforeName, recent = [] }: Compared, part: string): TrafficFinding | undefined {
    const { maxLatencyIncrease } = this.#limits;
    if (maxLatencyIncrease === undefined || now.latencies === undefined || before?.latencies === undefined) {
      return undefined;
    }
    for (const one of QUANTILES) {
      const slower = slowerBy(now.latencies, before.latencies, one, maxLatencyIncrease);
      if (slower === undefined) continue;
      const test = this.#test(`${part}${one.name}`, slower.now.all, () => slower.chance);
      if (test === undefined) continue;
      const told = mostTelling(
        recent.flatMap((last) => {
          if (now.latencies === undefined || last.traffic.latencies === undefined) return [];
          const { latencies } = last.traffic;
          const than = slowerBy(now.latencies, latencies, one, maxLatencyIncrease);
          const isWorse = than !== undefined && than.chance < alphaOf(test);
          const slow = { all: countOf(latencies), hits: slowerThan(latencies, slower.bound) };
          const verdict = judgeRecent(slower.now, slower.before, slow, isWorse);
          const was = milliseconds(quantileOf(latencies, one.quantile) ?? 0);
          return [{ verdict, words: recentWords(verdict, `${was} of ${slow.all} requests`, last) }];
        }),
      );
      const { is, was, limit } = slower;
      const text = `${one.name} of the requests is ${milliseconds(is)} in the new pods, ${milliseconds(was)} ${beforeName}${told.words}, and may be ${milliseconds(limit)}`;
      return { isBreach: told.verdict !== 'as-recently', text };
    }
    return undefined;
  }

  /** Returns the number of a test, from 1, where the chance that it gives is small enough to be believed. */
  #test(name: string, all: number, chanceOf: () => number): number | undefined {
    const { looks, all: tested } = this.#tests.get(name) ?? { looks: 0, all: 0 };
    // The recent part begins anew from time to time.
    if (!isWorthTesting(all, all < tested ? 0 : tested)) return undefined;
    this.#tests.set(name, { looks: looks + 1, all });
    return chanceOf() < alphaOf(looks + 1) ? looks + 1 : undefined;
  }
}

/** What a time of the old pods says, with the words for it. */
interface Told {
  readonly verdict: RecentVerdict | undefined;
  readonly words: string;
}

/** What began before the change in any of the times is none of the filter's; else the longest of them, the first, is told. */
function mostTelling(all: readonly Told[]): Told {
  return all.find(({ verdict }) => verdict === 'as-recently') ?? all[0] ?? { verdict: undefined, words: '' };
}

function recentWords(verdict: RecentVerdict, counted: string, { traffic, ms }: RecentTraffic): string {
  const last = `in their last ${formatDuration(ms)}`;
  if (verdict === 'too-few') return `, ${last} too few requests to tell (${traffic.requests})`;
  return `, ${verdict === 'as-recently' ? 'but ' : ''}${counted} ${last}`;
}

/** That requests are slower than a limit allows, by one quantile; the chance of it if they were not. */
interface Slower {
  readonly now: Counted;
  readonly before: Counted;
  readonly bound: number;
  readonly is: number;
  readonly was: number;
  readonly limit: number;
  readonly chance: number;
}

function slowerBy(
  now: Latencies,
  before: Latencies,
  { quantile, least }: (typeof QUANTILES)[number],
  increase: LatencyLimit,
): Slower | undefined {
  const [all, allBefore] = [countOf(now), countOf(before)];
  const was = quantileOf(before, quantile);
  const is = quantileOf(now, quantile);
  if (all < least || allBefore < least || was === undefined || is === undefined) return undefined;
  const limit = latencyLimit(was, increase);
  if (is <= limit) return undefined;
  const bound = boundAbove(now, limit);
  const slow = { all, hits: slowerThan(now, bound) };
  const slowBefore = { all: allBefore, hits: slowerThan(before, bound) };
  const chance = Math.max(binomialExact(slow, 1 - quantile), fisherExact(slow, slowBefore));
  return { now: slow, before: slowBefore, bound, is, was, limit, chance };
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
