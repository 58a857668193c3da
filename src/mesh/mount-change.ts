import type { Placement } from './revision.ts';

/** What is to change about the mounts of a pod template. */
export interface MountChange {
  /** One that is not mounted takes the mount of an earlier revision away. */
  readonly place: readonly Placement[];
  /** Filters whose mounts are to go. */
  readonly remove: readonly string[];
  /** Volumes of others whose entries are to go, because our mount takes their place. */
  readonly drop?: readonly string[];
}
