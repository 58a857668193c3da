import { describe, expect, test } from '@jest/globals';
import { DEFAULT_SOAK_LIMITS, type SoakLimits } from '../../../../src/deploy/policy.ts';
import { TrafficJudge } from '../../../../src/deploy/soak/traffic-judge.ts';
import { addTraffic, type Traffic } from '../../../../src/mesh/proxy/traffic.ts';

/**
 * Soaks as they come: a number of requests a second, of which some fail and each takes a time, looked at every three seconds.
 */
interface Noise {
  /** Requests between two looks. */
  readonly perLook: number;
  /** The share that fails. */
  readonly failing: number;
  /** By how much that varies from look to look: 0 for not at all, 1 for up to twice and none. */
  readonly burst?: number;
  /** The median of what a request takes, in milliseconds. */
  readonly ms?: number;
}

const LOOKS = 100;
const BOUNDS = [0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, Number.POSITIVE_INFINITY];

/** A generator of its own, so that every run of the test is the same: sfc32 of PractRand, which passes its tests. */
function makeRandom(seed: number): () => number {
  let [a, b, c, counter] = [0, seed | 0, 0x9e3779b9 | 0, 1];
  const next = (): number => {
    const mixed = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + mixed) | 0;
    return (mixed >>> 0) / 4_294_967_296;
  };
  for (let warm = 0; warm < 15; warm++) next();
  return next;
}

class Stream {
  readonly #noise: Noise;
  readonly #random: () => number;
  #requests = 0;
  #errors = 0;
  readonly #slots = new Array<number>(BOUNDS.length).fill(0);

  constructor(noise: Noise, random: () => number) {
    this.#noise = noise;
    this.#random = random;
  }

  next(): Traffic {
    const { perLook, failing, burst = 0, ms = 8 } = this.#noise;
    const now = failing * (1 + burst * (2 * this.#random() - 1));
    // As many as a Poisson process of that rate would have, near enough.
    const count = Math.max(
      0,
      Math.round(perLook + Math.sqrt(perLook) * (this.#random() + this.#random() + this.#random() - 1.5) * 2),
    );
    for (let i = 0; i < count; i++) {
      this.#requests++;
      if (this.#random() < now) this.#errors++;
      // Log-normal, as times are: the sum of some uniform numbers is near to a normal one.
      const normal = [1, 2, 3, 4, 5, 6].reduce((sum) => sum + this.#random(), -3) * 1.4;
      const took = ms * Math.exp(normal * 0.6);
      const slot = BOUNDS.findIndex((bound) => took <= bound);
      this.#slots[slot] = (this.#slots[slot] ?? 0) + 1;
    }
    let sum = 0;
    const latencies = new Map<number, number>();
    for (const [index, bound] of BOUNDS.entries()) {
      sum += this.#slots[index] ?? 0;
      latencies.set(bound, sum);
    }
    return { source: 'istio', requests: this.#requests, errors: this.#errors, resets: 0, latencies };
  }
}

/** What the old pods did in their last looks. */
interface Lately {
  readonly noise: Noise;
  readonly looks: number;
}

/** Soaks once; returns at which look the filter was called bad, `undefined` for never. */
function soak(
  old: Noise,
  now: Noise,
  limits: SoakLimits,
  seed: number,
  looks = LOOKS,
  lately?: Lately,
): number | undefined {
  const random = makeRandom(seed);
  const before = new Stream(old, random);
  let earlier = before.next();
  for (let look = 0; look < 20; look++) earlier = before.next();
  let recent: Traffic | undefined;
  if (lately !== undefined) {
    const last = new Stream(lately.noise, random);
    for (let look = 0; look < lately.looks; look++) recent = last.next();
    earlier = addTraffic(earlier, recent) ?? earlier;
  }
  const judge = new TrafficJudge(limits);
  const stream = new Stream(now, random);
  for (let look = 1; look <= looks; look++) {
    const found = judge.judge({
      now: stream.next(),
      before: earlier,
      beforeName: 'in the old pods',
      ...(recent !== undefined && { recent: [{ traffic: recent, ms: 30_000 }] }),
    });
    if (found?.isBreach) return look;
  }
  return undefined;
}

function alarms(
  old: Noise,
  now: Noise,
  limits: SoakLimits,
  runs: number,
  looks = LOOKS,
  lately?: Lately,
): (number | undefined)[] {
  return Array.from({ length: runs }, (_, run) => soak(old, now, limits, 1_000 * run + 17, looks, lately));
}

const STRICT: SoakLimits = { ...DEFAULT_SOAK_LIMITS, maxLatencyIncrease: { share: 0.2 } };

describe('a filter as good as the old one', () => {
  test.each<[string, Noise, SoakLimits, number]>([
    ['without failures', { perLook: 20, failing: 0 }, DEFAULT_SOAK_LIMITS, 400],
    ['a few requests, 1% of which fail', { perLook: 3, failing: 0.01 }, DEFAULT_SOAK_LIMITS, 400],
    ['1% of the requests fail', { perLook: 60, failing: 0.01 }, STRICT, 300],
    ['5% of the requests fail', { perLook: 40, failing: 0.05 }, STRICT, 300],
    ['failures that come in bursts', { perLook: 60, failing: 0.01, burst: 1 }, STRICT, 300],
    [
      'failures in bursts, one more percent allowed',
      { perLook: 60, failing: 0.02, burst: 1 },
      { ...STRICT, maxErrorRate: { share: 0.01, beyond: 'old-pods' } },
      300,
    ],
    [
      'as many fail as may',
      { perLook: 60, failing: 0.01 },
      { ...STRICT, maxErrorRate: { share: 0.01, beyond: 'zero' } },
      300,
    ],
  ])('is never called bad: %s', (_case, noise, limits, runs) => {
    const found = alarms(noise, noise, limits, runs).filter((look) => look !== undefined);
    expect(found).toEqual([]);
  });
});

describe('a bad filter is noticed', () => {
  test.each<[string, Noise, Noise, SoakLimits, number]>([
    [
      '2% fail where none did, 200 requests a look',
      { perLook: 200, failing: 0 },
      { perLook: 200, failing: 0.02 },
      DEFAULT_SOAK_LIMITS,
      6,
    ],
    ['3% fail where 1% did', { perLook: 200, failing: 0.01 }, { perLook: 200, failing: 0.03 }, DEFAULT_SOAK_LIMITS, 20],
    ['half of few requests', { perLook: 5, failing: 0 }, { perLook: 5, failing: 0.5 }, DEFAULT_SOAK_LIMITS, 8],
    [
      '300 ms more',
      { perLook: 100, failing: 0, ms: 8 },
      { perLook: 100, failing: 0, ms: 308 },
      { ...DEFAULT_SOAK_LIMITS, maxLatencyIncrease: { ms: 100 } },
      3,
    ],
    [
      'twice the limit',
      { perLook: 100, failing: 0 },
      { perLook: 100, failing: 0.02 },
      { ...DEFAULT_SOAK_LIMITS, maxErrorRate: { share: 0.01, beyond: 'zero' } },
      60,
    ],
  ])('%s', (_case, old, now, limits, most) => {
    const found = alarms(old, now, limits, 100, most);
    expect(found.filter((look) => look === undefined)).toEqual([]);
  });
});

describe('what began before the change', () => {
  const good: Noise = { perLook: 60, failing: 0.001 };
  const failing: Noise = { perLook: 60, failing: 0.05 };
  const quick: Noise = { perLook: 60, failing: 0, ms: 8 };
  const slow: Noise = { perLook: 60, failing: 0, ms: 308 };
  const latency: SoakLimits = { ...DEFAULT_SOAK_LIMITS, maxLatencyIncrease: { ms: 100 } };

  test.each<[string, Noise, Noise, SoakLimits, number]>([
    ['5% fail, for half a minute of 20 requests a second', good, failing, DEFAULT_SOAK_LIMITS, 10],
    ['5% fail, in bursts', good, { ...failing, burst: 1 }, DEFAULT_SOAK_LIMITS, 20],
    [
      '5% fail, and one more percent may',
      good,
      failing,
      { ...DEFAULT_SOAK_LIMITS, maxErrorRate: { share: 0.01, beyond: 'old-pods' } },
      10,
    ],
    ['300 ms more', quick, slow, latency, 10],
  ])('is not held against a good filter: %s', (_case, old, now, limits, looks) => {
    const found = alarms(old, now, limits, 200, LOOKS, { noise: now, looks }).filter((look) => look !== undefined);
    expect(found).toEqual([]);
  });

  test.each<[string, Noise, Noise, Noise, SoakLimits, number]>([
    ['5% fail since the change', good, good, failing, DEFAULT_SOAK_LIMITS, 20],
    [
      '5% fail since the change, and few requests before it',
      good,
      { ...good, perLook: 3 },
      failing,
      DEFAULT_SOAK_LIMITS,
      20,
    ],
    [
      '5% fail since before the change, 15% since it',
      good,
      failing,
      { ...failing, failing: 0.15 },
      DEFAULT_SOAK_LIMITS,
      40,
    ],
    ['300 ms more since the change', quick, quick, slow, latency, 5],
    ['300 ms more since before the change, 600 since it', quick, slow, { ...slow, ms: 608 }, latency, 20],
  ])('does not hide a bad filter: %s', (_case, old, last, now, limits, most) => {
    const found = alarms(old, now, limits, 100, most, { noise: last, looks: 10 });
    expect(found.filter((look) => look === undefined)).toEqual([]);
  });
});

test('so many requests are asked for before anything is said of them', () => {
  const judge = new TrafficJudge({ ...DEFAULT_SOAK_LIMITS, minRequests: 10 });
  const before: Traffic = { source: 'istio', requests: 5_000, errors: 0, resets: 0 };
  const now = (requests: number): Traffic => ({ source: 'istio', requests, errors: requests, resets: 0 });
  expect(judge.judge({ now: now(9), before, beforeName: 'in the old pods' })).toBeUndefined();
  expect(judge.judge({ now: now(10), before, beforeName: 'in the old pods' })?.text).toBe(
    'istio_requests_total: 100% of 10 requests failed (5xx or reset) in the new pods, 0% of 5000 requests in the old pods',
  );
});
