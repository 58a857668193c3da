import { type Share, shareOf } from '../../base/share.ts';

/** As much as a Deployment's own `maxSurge` and `maxUnavailable` are, where nobody sets them. */
const DEFAULT_SHARE: Share = { percent: 25 };
/** Fewer would only take longer: so many workloads are small beside any cluster with a mesh. */
const DEFAULT_MINIMUM = 5;

/** How a cluster's workloads are rolled: those of `windowed` some at a time, and `free` at once. */
export interface Parallel<T> {
  readonly free: readonly T[];
  readonly windowed: readonly T[];
}

/**
 * Returns which of some workloads may be changed without waiting for others: those that run no pods need no room. Where somebody has
 * set `max-parallel`, all count.
 */
export function inWindow<T>(
  maxParallel: Share | undefined,
  workloads: readonly T[],
  runsNoPods: (one: T) => boolean,
): Parallel<T> {
  if (maxParallel !== undefined) return { free: [], windowed: workloads };
  const { free = [], windowed = [] } = Object.groupBy(workloads, (one) => (runsNoPods(one) ? 'free' : 'windowed'));
  return { free, windowed };
}

/**
 * Returns how many of the `changing` workloads of one cluster may be rolling at once. Each needs room for new pods beside its old ones,
 * which a PodDisruptionBudget does not limit, and it is the cluster that has it or not. A share of them takes about as long for 500 as
 * for 50: some four rounds.
 */
export function parallelRollouts(maxParallel: Share | undefined, changing: number): number {
  if (maxParallel !== undefined) return Math.max(1, shareOf(maxParallel, changing));
  return Math.max(DEFAULT_MINIMUM, shareOf(DEFAULT_SHARE, changing));
}
