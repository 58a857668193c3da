import { count, formatDuration } from '../base/text.ts';
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
  const named = pending.slice(0, MOST_NAMED).map(({ followed: { ref }, readiness, wayBack }) => {
    const reasons = (pods.get(workloadKey(ref)) ?? []).map(describePod);
    return `${ref.name}: ${wayBack ? 'rolling back, ' : ''}${reasons.find((reason) => reason !== '') ?? (readiness.message || 'rolling')}`;
  });
  const more = pending.length > MOST_NAMED ? [`${count(pending.length - MOST_NAMED, 'workload')} more`] : [];
  const ready = results.filter(({ state }) => state === 'ready').length;
  const superseded = results.filter(({ newer }) => newer !== undefined).length;
  const failed = results.length - ready - superseded;
  const total = results.length + pending.filter(({ wayBack }) => !wayBack).length;
  const counts = [
    `${ready}/${total} ready`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(superseded > 0 ? [`${superseded} superseded`] : []),
  ];
  return [...counts, ...named, ...more].join(' · ');
}

/** What became of a wave: `2/3 proven, the slowest ready after 12 s.`; of one workload, `Proven, ready after 12 s.` */
export function waveLine(word: 'ready' | 'proven', good: readonly RolloutResult[], total: number): string {
  const slowest = formatDuration(Math.max(0, ...good.map(({ durationMs }) => durationMs)));
  if (total > 1)
    return `${good.length}/${total} ${word}${good.length > 0 ? `, the slowest ready after ${slowest}` : ''}.`;
  if (good.length === 0) return `It is not ${word}.`;
  return word === 'ready' ? `Ready after ${slowest}.` : `Proven, ready after ${slowest}.`;
}
