import { defined } from '../../base/defined.ts';

/**
 * What a wave is besides its number: the canary, which goes before the rest of the first wave, or `prune`, the workloads that are no
 * targets any more, which come last and which no file gives a wave.
 */
export const WAVE_PARTS = ['canary', 'prune'] as const;
export type WavePart = (typeof WAVE_PARTS)[number];

/** Which wave a workload goes with. */
export interface WaveMark {
  /** As its target has it, with what its cluster adds; from 1. */
  readonly wave: number;
  readonly wavePart?: WavePart;
}

/** Returns the wave of what may have none, of a run that has only one. */
export function waveOf({ wave, wavePart }: Partial<WaveMark>): WaveMark | undefined {
  return wave === undefined ? undefined : { wave, ...defined({ wavePart }) };
}

/** Returns what people call a wave: `10`, `1 (canary)`, `last`. */
export function waveName({ wave, wavePart }: WaveMark): string {
  if (wavePart === 'prune') return 'last';
  return wavePart === 'canary' ? `${wave} (canary)` : String(wave);
}

/** Puts waves into the order in which they roll out, for `sort`. */
export function compareWaves(a: WaveMark, b: WaveMark): number {
  return a.wave - b.wave || Number(a.wavePart !== 'canary') - Number(b.wavePart !== 'canary');
}

/** Returns how many waves some workloads go with. */
export function countWaves(marks: readonly WaveMark[]): number {
  return new Set(marks.map(waveName)).size;
}
