import { type Share, shareOf } from '../../base/share.ts';
import { readinessOf } from '../kinds/kinds.ts';
import { changesPods, type PlannedWorkload } from './plan.ts';

/**
 * The order in which workloads are touched: by their wave, and the canary of the first one alone before the rest. Workloads
 * that are as they should be go with the first wave; only those that roll count for the canary.
 */
export function planWaves(
  workloads: readonly PlannedWorkload[],
  canary: Share | undefined,
): readonly (readonly PlannedWorkload[])[] {
  const numbers = [...new Set(workloads.filter(hasRollout).map(({ wave }) => wave))].sort((a, b) => a - b);
  const settled = workloads.filter((planned) => !hasRollout(planned));
  const waves = numbers.map((number) => workloads.filter((planned) => hasRollout(planned) && planned.wave === number));
  const [first = [], ...later] = waves;
  const size = canary === undefined ? 0 : shareOf(canary, waves.flat().length);
  const split = size > 0 && size < first.length ? [first.slice(0, size), first.slice(size)] : [first];
  const [head = [], ...tail] = [...split, ...later];
  const all = [[...settled, ...head], ...tail];
  return all.filter((wave) => wave.length > 0);
}

/** Whether a workload's pods change, or are not ready yet. */
function hasRollout(planned: PlannedWorkload): boolean {
  return changesPods(planned) || readinessOf(planned.ref, planned.observed).state !== 'ready';
}
