import type { Counted } from './statistics.ts';

/**
 * What the last minutes of the old pods say of a rise over all that they counted before: the new pods are worse than those as well, it
 * began before the change, or there is too little to tell.
 */
export type RecentVerdict = 'worse' | 'as-recently' | 'too-few';

/** So few failures are chance, or the clients'. */
export const LEAST_FAILURES = 3;
/** With fewer requests before their last minutes, nobody knows what was usual then. */
const LEAST_LONG_AGO = 50;
/** That one explanation is a hundred times as likely as the other is enough to say so. */
const SURE = Math.log(100);

/**
 * Returns what the `recent` requests of the old pods say, where `now` is surely worse than `before`, all of theirs. `isWorse`:
 * the new pods are surely worse than the recent ones, too. Else it counts what those are more like, the new pods or what was long before:
 * the likelihood ratio of both rates.
 */
export function judgeRecent(now: Counted, before: Counted, recent: Counted, isWorse: boolean): RecentVerdict {
  if (isWorse) return 'worse';
  const longAgo = { all: before.all - recent.all, hits: Math.max(0, before.hits - recent.hits) };
  const usual = rateOf(longAgo.all < LEAST_LONG_AGO ? before : longAgo);
  const likeness = logLikelihood(recent, rateOf(now)) - logLikelihood(recent, usual);
  if (likeness >= 0 && recent.hits >= LEAST_FAILURES) return 'as-recently';
  return likeness <= -SURE ? 'worse' : 'too-few';
}

/** With half a failure more, as nothing that has not happened yet is impossible. */
function rateOf({ all, hits }: Counted): number {
  return (hits + 0.5) / (all + 1);
}

function logLikelihood({ all, hits }: Counted, rate: number): number {
  return hits * Math.log(rate) + (all - hits) * Math.log1p(-rate);
}
