import { count } from '../base/text.ts';
import type { Pod } from '../cluster/objects.ts';
import { describePod } from '../cluster/pods.ts';
import { workloadKey } from '../targets/target.ts';
import type { Pending, RolloutResult } from './rollout-watch.ts';

/** How many workloads one line names. */
const MOST_NAMED = 3;

/** One line of live progress: `7/12 ready · reviews: ContainerCreating · ratings: 1 of 2 pods updated · 3 more`. */
export function progressLine(
  pending: readonly Pending[],
  results: readonly RolloutResult[],
  pods: ReadonlyMap<string, readonly Pod[]>,
): string {
  const named = pending.slice(0, MOST_NAMED).map(({ followed: { ref }, readiness }) => {
    const reasons = (pods.get(workloadKey(ref)) ?? []).map(describePod);
    return `${ref.name}: ${reasons.find((reason) => reason !== '') ?? (readiness.message || 'rolling')}`;
  });
  const more = pending.length > MOST_NAMED ? [`${count(pending.length - MOST_NAMED, 'workload')} more`] : [];
  const ready = results.filter(({ state }) => state === 'ready').length;
  const failed = results.length - ready;
  const counts = [`${ready}/${results.length + pending.length} ready`, ...(failed > 0 ? [`${failed} failed`] : [])];
  return [...counts, ...named, ...more].join(' · ');
}
