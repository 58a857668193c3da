/** How many of some requests have failed, or were slow. */
export interface Counted {
  readonly all: number;
  readonly hits: number;
}

/**
 * The chance that watching one workload calls a filter bad that is as good as the old one, for each thing that is judged. Each look
 * gets a part of it, so that looking often does not add to it.
 */
export const FALSE_ALARM = 1e-4;

/**
 * Returns what a look may spend of the chance of a false alarm, looks counted from 1: the parts 6/(π² n²) add up to one, however many
 * looks there are (a Bonferroni correction with unequal parts).
 */
export function alphaOf(look: number): number {
  return (FALSE_ALARM * 6) / (Math.PI * look) ** 2;
}

/** Pods are looked at for news every few seconds; a test is made only once there is so much more to judge, so that tests are few. */
const GROWTH = 1.2;

/** Returns whether there is enough more than at the last test to make another. */
export function isWorthTesting(all: number, tested: number): boolean {
  return all >= Math.max(tested * GROWTH, tested + 1);
}

/**
 * Returns the chance of at least so many hits in `now`, if both parts had the same rate: Fisher's exact test, one-sided
 * (https://en.wikipedia.org/wiki/Fisher%27s_exact_test). It asks for no least number of anything, so it suits small counts.
 */
export function fisherExact(now: Counted, before: Counted): number {
  const all = now.all + before.all;
  const hits = now.hits + before.hits;
  if (now.hits === 0 || now.all === 0 || before.all === 0) return 1;
  const ways = logChoose(all, now.all);
  return tail(now.hits, Math.min(hits, now.all), Math.max(0, now.all - (all - hits)), (k) => {
    return logChoose(hits, k) + logChoose(all - hits, now.all - k) - ways;
  });
}

/** Returns the chance of at least so many hits, if each had the chance `rate`: the exact binomial test, one-sided. */
export function binomialExact({ all, hits }: Counted, rate: number): number {
  if (hits === 0 || rate >= 1) return 1;
  if (rate <= 0) return 0;
  return tail(hits, all, 0, (k) => logChoose(all, k) + k * Math.log(rate) + (all - k) * Math.log1p(-rate));
}

/** What is too small to change a sum that is compared with `FALSE_ALARM`. */
const NEGLIGIBLE = 1e-14;

/** The sum of the chances from `from` to `to`, of a distribution that begins at `least`, by the shorter of both ends. */
function tail(from: number, to: number, least: number, logOf: (k: number) => number): number {
  if (from > to) return 0;
  if (from <= least) return 1;
  // Chances fall from the mode on to both sides; of the lower side all but the tail is summed up.
  if (logOf(from) > logOf(from - 1)) return Math.max(0, 1 - sumDown(from - 1, least, logOf));
  return Math.min(1, sumUp(from, to, logOf));
}

function sumUp(from: number, to: number, logOf: (k: number) => number): number {
  let sum = 0;
  for (let k = from; k <= to; k++) {
    const chance = Math.exp(logOf(k));
    sum += chance;
    if (chance <= sum * NEGLIGIBLE) break;
  }
  return sum;
}

function sumDown(from: number, to: number, logOf: (k: number) => number): number {
  let sum = 0;
  for (let k = from; k >= to; k--) {
    const chance = Math.exp(logOf(k));
    sum += chance;
    if (chance <= sum * NEGLIGIBLE) break;
  }
  return sum;
}

function logChoose(n: number, k: number): number {
  if (k < 0 || k > n) return Number.NEGATIVE_INFINITY;
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

const SMALL_FACTORIALS: readonly number[] = smallFactorials(32);

function smallFactorials(below: number): number[] {
  const known = [0];
  for (let n = 1; n < below; n++) known.push((known[n - 1] ?? 0) + Math.log(n));
  return known;
}

/** Stirling's series, whose error is below 1e-12 from 32 on (https://dlmf.nist.gov/5.11.1). */
function logFactorial(n: number): number {
  const known = SMALL_FACTORIALS[n];
  if (known !== undefined) return known;
  const x = n + 1;
  const inverse = 1 / x;
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square / 1260));
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series;
}
