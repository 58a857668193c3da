import type { ApiPhase } from '../../cluster/patience.ts';

/** What a run may be doing, in words that follow "while". */
export type RunPhase =
  | 'reading inputs'
  | 'checking the filter'
  | 'reading the cluster'
  | 'pushing to the registry'
  | 'writing'
  | 'waiting for pods'
  | 'verifying the filter'
  | 'rolling back'
  | 'cleaning up'
  | 'publishing';

/** Something that a run has come to. */
export type ProgressEvent =
  | { readonly kind: 'command'; readonly command: string }
  | { readonly kind: 'phase'; readonly phase: RunPhase }
  /** A write is sent to the API server: `deployments shop/reviews`. */
  | { readonly kind: 'write'; readonly object: string };

/** How far a run has come: what can be said of it when it ends without a report. */
export interface Progress {
  /** Empty as long as it is not known. */
  readonly command: string;
  /** What the run did last; absent before the first phase. */
  readonly phase?: RunPhase;
  /** How many writes were sent to the API server. */
  readonly writes: number;
  /** What they were about, the first ones, each once. */
  readonly objects: readonly string[];
}

export const NO_PROGRESS: Progress = { command: '', writes: 0, objects: [] };

const MAX_OBJECTS = 20;
/** Phases that a rollback has within it. */
const OF_A_ROLLBACK: ReadonlySet<RunPhase> = new Set<RunPhase>(['waiting for pods', 'verifying the filter']);

/** The progress after an event; the same one where the event changes nothing. */
export function advance(progress: Progress, event: ProgressEvent): Progress {
  switch (event.kind) {
    case 'command':
      return { ...progress, command: event.command };
    case 'phase':
      // A rollback waits for pods and looks at them, too.
      return progress.phase === event.phase || (progress.phase === 'rolling back' && OF_A_ROLLBACK.has(event.phase))
        ? progress
        : { ...progress, phase: event.phase };
    case 'write': {
      const { objects, writes } = progress;
      const isNew = objects.length < MAX_OBJECTS && !objects.includes(event.object);
      return { ...progress, writes: writes + 1, objects: isNew ? [...objects, event.object] : objects };
    }
  }
}

/** The phase of the run that a phase of its conversation with the API server belongs to. */
export function runPhase(phase: ApiPhase): RunPhase {
  if (phase === 'inspecting what runs') return 'reading the cluster';
  return phase === 'collecting evidence' ? 'verifying the filter' : phase;
}

/** Follows a run: takes its events, and knows how far it has come. */
export interface ProgressFollower {
  readonly note: (event: ProgressEvent) => void;
  readonly progress: () => Progress;
}

/** Returns a follower that hands on what changes anything: each request tells its phase, mostly the one that it was. */
export function followProgress(handOn: (event: ProgressEvent) => void): ProgressFollower {
  let progress = NO_PROGRESS;
  return {
    note: (event) => {
      const before = progress;
      progress = advance(before, event);
      if (progress !== before) handOn(event);
    },
    progress: () => progress,
  };
}
