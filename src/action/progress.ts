import type { Log } from '../base/log.ts';

/** Something that a run has come to. */
export type ProgressEvent =
  | { readonly kind: 'command'; readonly command: string }
  /** A part of the run begins, or goes on after one inside of it. */
  | { readonly kind: 'phase'; readonly phase: string }
  /** A write is sent to the API server: `deployments shop/reviews`. */
  | { readonly kind: 'write'; readonly object: string };

/** How far a run has come: what can be said of it when it ends without a report. */
export interface Progress {
  /** Empty as long as it is not known. */
  readonly command: string;
  /** What the run was doing, as the log heads it; empty before the first part. */
  readonly phase: string;
  /** How many writes were sent to the API server. */
  readonly writes: number;
  /** What they were about, the first ones, each once. */
  readonly objects: readonly string[];
}

export const NO_PROGRESS: Progress = { command: '', phase: '', writes: 0, objects: [] };

const MAX_OBJECTS = 20;

/** The progress after an event. */
export function advance(progress: Progress, event: ProgressEvent): Progress {
  switch (event.kind) {
    case 'command':
      return { ...progress, command: event.command };
    case 'phase':
      return { ...progress, phase: event.phase };
    case 'write': {
      const { objects, writes } = progress;
      const isNew = objects.length < MAX_OBJECTS && !objects.includes(event.object);
      return { ...progress, writes: writes + 1, objects: isNew ? [...objects, event.object] : objects };
    }
  }
}

/** A log whose headings are the phases of the run. */
export function notingPhases(log: Log, note: (event: ProgressEvent) => void): Log {
  let current = '';
  const enter = (phase: string): void => {
    current = phase;
    note({ kind: 'phase', phase });
  };
  return {
    ...log,
    group: async (title, phase) => {
      const outer = current;
      enter(title);
      try {
        return await log.group(title, phase);
      } finally {
        if (outer !== '') enter(outer);
      }
    },
  };
}
