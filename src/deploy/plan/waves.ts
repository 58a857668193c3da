import { defined } from '../../base/defined.ts';
import { type Share, shareOf } from '../../base/share.ts';
import { readinessOf } from '../kinds/kinds.ts';
import type { WaveMark } from '../report/wave-mark.ts';
import { changesPods, type PlannedWorkload } from './plan.ts';

/** The workloads of one cluster, and what is added to the wave of each. */
export interface ClusterWorkloads {
  readonly workloads: readonly PlannedWorkload[];
  readonly addedWave: number;
}

/** A wave of a run: the workloads that it is about, a list for each cluster. */
export interface Wave extends WaveMark {
  readonly workloads: readonly (readonly PlannedWorkload[])[];
}

/** A wave of a run in one cluster. */
export interface ClusterWave extends WaveMark {
  /** What the cluster adds to the waves of its workloads. */
  readonly addedWave: number;
  readonly workloads: readonly PlannedWorkload[];
}

/** The wave of workloads that are no targets any more: after all that targets can have. */
export const PRUNE_WAVE = 1_000;

interface Entry {
  readonly cluster: number;
  readonly planned: PlannedWorkload;
  readonly wave: number;
  readonly rollsOut: boolean;
}

/**
 * The order in which workloads are touched, over all clusters: by their wave, and the canary of the first one alone before the rest.
 * Workloads that are as they should be go with the first wave of their cluster, so that nothing of a later cluster is touched earlier;
 * only those that roll count for the canary.
 */
export function planWaves(clusters: readonly ClusterWorkloads[], canary: Share | undefined): readonly Wave[] {
  const entries = clusters.flatMap(entriesOf);
  const numbers = [...new Set(entries.map(({ wave }) => wave))].sort((a, b) => a - b);
  const waves = numbers.map((number) => entries.filter(({ wave }) => wave === number));
  const size = canary === undefined ? 0 : shareOf(canary, entries.filter(({ rollsOut }) => rollsOut).length);
  const first = waves.findIndex((wave) => wave.some(({ rollsOut }) => rollsOut));
  return waves.flatMap((wave, index) => {
    const number = numbers[index] ?? 0;
    const isPrune = wave.every(({ planned }) => planned.wave === PRUNE_WAVE);
    const mark: WaveMark = { wave: number, ...(isPrune && { wavePart: 'prune' }) };
    const [canary, rest] = index === first ? splitCanary(wave, size) : [wave];
    const made = (entries: readonly Entry[], own: WaveMark): Wave => {
      return { ...own, workloads: clusters.map((_, at) => workloadsOf(entries, at)) };
    };
    if (canary === undefined || rest === undefined) return [made(wave, mark)];
    return [made(canary, { wave: number, wavePart: 'canary' }), made(rest, mark)];
  });
}

/** Returns the waves of a run in one cluster only. */
export function wavesIn(waves: readonly Wave[], clusters: readonly ClusterWorkloads[], cluster: number): ClusterWave[] {
  const addedWave = clusters[cluster]?.addedWave ?? 0;
  return waves.map(({ workloads, ...mark }) => ({ ...mark, addedWave, workloads: workloads[cluster] ?? [] }));
}

/** Returns which wave a report says that a workload goes with: the one of its target, also where it has nothing to do and goes earlier. */
export function markIn({ wave, wavePart, addedWave }: ClusterWave, planned: PlannedWorkload): WaveMark {
  const own = addedWave + planned.wave;
  if (planned.wave === PRUNE_WAVE) return { wave: own, wavePart: 'prune' };
  return { wave: own, ...(own === wave && hasRollout(planned) && defined({ wavePart })) };
}

function entriesOf({ workloads, addedWave }: ClusterWorkloads, cluster: number): Entry[] {
  const rolling = workloads.filter(hasRollout);
  const first = (rolling.length > 0 ? rolling : workloads).reduce((least, { wave }) => Math.min(least, wave), Infinity);
  return workloads.map((planned) => {
    const rollsOut = hasRollout(planned);
    return { cluster, planned, rollsOut, wave: addedWave + (rollsOut ? planned.wave : first) };
  });
}

function splitCanary(wave: readonly Entry[], size: number): (readonly Entry[])[] {
  const rolling = wave.filter(({ rollsOut }) => rollsOut);
  if (size === 0 || size >= rolling.length) return [wave];
  return [[...wave.filter(({ rollsOut }) => !rollsOut), ...rolling.slice(0, size)], rolling.slice(size)];
}

/** Those that do not roll first. */
function workloadsOf(wave: readonly Entry[], of: number): readonly PlannedWorkload[] {
  const own = wave.filter(({ cluster }) => cluster === of);
  return [...own.filter(({ rollsOut }) => !rollsOut), ...own.filter(({ rollsOut }) => rollsOut)].map(
    ({ planned }) => planned,
  );
}

/** Whether a workload's pods change, or are not ready yet. */
function hasRollout(planned: PlannedWorkload): boolean {
  return changesPods(planned) || readinessOf(planned.ref, planned.observed).state !== 'ready';
}
