import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A request of a time line, in milliseconds from the start of the process. */
export interface DrawnRequest {
  readonly kind: 'read' | 'write' | 'watch';
  readonly beganMs: number;
  readonly endedMs: number;
}

/** A run, as its requests came to the server. */
export interface Timeline {
  readonly workloads: number;
  readonly commit: string;
  /** How long the process lived. */
  readonly wallMs: number;
  readonly requests: readonly DrawnRequest[];
}

/** Returns the folder in which they are kept, a file each. */
export function timelinesFolder(): string {
  return join(import.meta.dirname, '..', 'timelines');
}

/** Returns those that are kept, by their names. */
export function readTimelines(): ReadonlyMap<string, Timeline> {
  const folder = timelinesFolder();
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  return new Map(
    // "before" is drawn over "after".
    names
      .sort()
      .reverse()
      .map((name) => [name.slice(0, -5), JSON.parse(readFileSync(join(folder, name), 'utf8')) as Timeline]),
  );
}
